package http

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// Documents on HTTP/1.1: requests for them are written anew without what could
// keep the document away, and their answers are kept until they are whole.

// forEachHeader calls visit for every header of a head: its name, its value and the line
// with its end. Lines that are folded belong to the one before.
func forEachHeader(raw []byte, visit func(name, value string, line []byte)) {
	_, rest, _ := bytes.Cut(raw, []byte("\n"))
	for len(rest) > 0 {
		n := bytes.IndexByte(rest, '\n') + 1
		for n > 0 && n < len(rest) && (rest[n] == ' ' || rest[n] == '\t') {
			n += bytes.IndexByte(rest[n:], '\n') + 1
		}
		if n == 0 {
			n = len(rest)
		}
		line := rest[:n]
		rest = rest[n:]
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok {
			visit(string(name), strings.TrimSpace(string(value)), line)
		}
	}
}

// askForDocument reads what has to be known of a request for a document, and writes the
// request as it goes to the dependency.
func (c *conn) askForDocument(h *head, raw []byte) (*documentRequest, []byte) {
	asked := &documentRequest{target: string(raw[h.method+1 : h.target]), client: hostOf(c.client.RemoteAddr())}
	var out bytes.Buffer
	out.Write(raw[:h.firstLine])
	forEachHeader(raw, func(name, value string, line []byte) {
		switch {
		case strings.EqualFold(name, "If-None-Match"):
			asked.cached = join(asked.cached, value)
		case strings.EqualFold(name, "User-Agent"):
			asked.agent = value
		case strings.EqualFold(name, "Accept-Encoding"):
			fmt.Fprintf(&out, "%s: %s\r\n", name, acceptedCodings(value))
			return
		}
		if !isConditional(name) {
			out.Write(line)
		}
	})
	out.WriteString("\r\n")
	return asked, out.Bytes()
}

func join(list, more string) string {
	if list == "" {
		return more
	}
	return list + ", " + more
}

// A documentBuffer keeps what is written until it is too much: then all goes to the
// client as it came.
type documentBuffer struct {
	to    io.Writer
	head  []byte // goes first
	kept  []byte
	limit int64
	spilt bool
}

func (k *documentBuffer) Write(p []byte) (int, error) {
	if !k.spilt && int64(len(k.kept)+len(p)) <= k.limit {
		k.kept = append(k.kept, p...)
		return len(p), nil
	}
	if err := k.spill(); err != nil {
		return 0, err
	}
	return k.to.Write(p)
}

// spill gives up keeping.
func (k *documentBuffer) spill() error {
	if k.spilt {
		return nil
	}
	k.spilt = true
	_, err := k.to.Write(append(k.head, k.kept...))
	k.kept = nil
	return err
}

// passDocument passes an answer on with what faults make of the document in it.
func (c *conn) passDocument(x exchange, h *head, list hits) error {
	c.begun = true
	raw := bytes.Clone(c.down.Ahead()[:h.size])
	a := readDocumentAnswer(h, raw)
	limit := list.maxDocument()
	why := a.problem(h.length, limit)
	switch {
	case x.toHEAD:
		list.skipAll("it was asked for without its body")
		c.down.Drop(h.size)
		return c.writeClient(writeAnswer(h, raw, nil, ""))
	case why == "" && (h.encoded && !h.chunked || isBodiless(h.status)):
		why = "its transfer coding is not known"
	}
	if why != "" {
		list.skipAll(why)
		c.down.Keep(h.size)
		return c.passBody(x, h)
	}
	// Chunks may be as short as one byte, with six around each.
	k := &documentBuffer{to: c.client, head: raw, limit: 8*limit + stream.BulkSize}
	if !h.chunked {
		k.limit = limit
	}
	c.down.Drop(h.size)
	if err := c.down.Redirect(k); err != nil {
		return err
	}
	err := c.answerBody(x, h, endless)
	if failed := c.down.Settle(); failed != nil {
		err = failed
	}
	if failed := c.down.Redirect(c.client); failed != nil {
		err = failed
	}
	if k.spilt || err != nil && !errors.Is(err, io.EOF) {
		list.skipAll(reasonOf(k.spilt))
		return errors.Join(k.spill(), c.passUnframed(err))
	}
	if a.body = k.kept; h.chunked {
		a.body, _ = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(k.kept))) // answerBody has found it right
	}
	bad := a.mutate(list, x.document)
	if bad == nil {
		return errors.Join(k.spill(), err)
	}
	return errors.Join(c.writeClient(writeAnswer(h, raw, bad, a.etag)), err)
}

func reasonOf(spilt bool) string {
	if spilt {
		return tooLong
	}
	return "its answer broke off"
}

// passBody passes the body of an answer on as it is.
func (c *conn) passBody(x exchange, h *head) error {
	if err := c.answerBody(x, h, endless); err != nil {
		return c.passUnframed(err)
	}
	return c.down.Settle()
}

// passUnframed passes everything on as bytes from now on if err says that the end of a
// body cannot be found. Other errors it returns.
func (c *conn) passUnframed(err error) error {
	if isMalformed(err) {
		return c.goRaw()
	}
	return err
}

func (c *conn) writeClient(p []byte) error {
	_, err := c.client.Write(p)
	return err
}

func readDocumentAnswer(h *head, raw []byte) *documentAnswer {
	a := &documentAnswer{status: h.status}
	forEachHeader(raw, func(name, value string, _ []byte) {
		switch {
		case strings.EqualFold(name, "Content-Type"):
			a.contentType = value
		case strings.EqualFold(name, "Content-Encoding"):
			a.encoding = join(a.encoding, value)
		case strings.EqualFold(name, "ETag"):
			a.etag = value
		}
	})
	return a
}

// writeAnswer writes an answer with another document in it. Without one, it is the head
// alone, and says nothing of the real document.
func writeAnswer(h *head, raw []byte, bad *badDocument, etag string) []byte {
	var b bytes.Buffer
	if bad != nil && bad.known {
		fmt.Fprintf(&b, "HTTP/1.%c 304 %s\r\n", h.minor+'0', http.StatusText(http.StatusNotModified))
	} else {
		b.Write(raw[:h.firstLine])
	}
	forEachHeader(raw, func(name, _ string, line []byte) {
		isAboutBody := strings.HasPrefix(http.CanonicalHeaderKey(name), "Content-") && bad != nil && bad.known
		if !describesDocument(name) && !isAboutBody {
			b.Write(line)
		}
	})
	if bad != nil && etag != "" {
		fmt.Fprintf(&b, "ETag: %s\r\n", bad.etag)
	}
	if bad == nil || bad.known {
		b.WriteString("\r\n")
		return b.Bytes()
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(bad.body))
	b.Write(bad.body)
	return b.Bytes()
}
