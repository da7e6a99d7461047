package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
)

// Documents on HTTP/1.1: requests for them are written anew without what could
// keep the document away, and their answers are kept until they are whole.

// lines calls each for every header of a head: its name, its value and the line
// with its end. Lines that are folded belong to the one before.
func lines(raw []byte, each func(name, value string, line []byte)) {
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
			each(string(name), strings.TrimSpace(string(value)), line)
		}
	}
}

// wants reads what has to be known of a request for a document, and writes it as
// it goes to the dependency.
func (c *conn) wants(h *head, raw []byte) (*wanted, []byte) {
	w := &wanted{target: string(raw[h.method+1 : h.target]), client: hostOf(c.client.RemoteAddr())}
	var out bytes.Buffer
	out.Write(raw[:h.first])
	lines(raw, func(name, value string, line []byte) {
		switch {
		case strings.EqualFold(name, "If-None-Match"):
			w.has = join(w.has, value)
		case strings.EqualFold(name, "User-Agent"):
			w.agent = value
		case strings.EqualFold(name, "Accept-Encoding"):
			fmt.Fprintf(&out, "%s: %s\r\n", name, codings(value))
			return
		}
		if !hides(name) {
			out.Write(line)
		}
	})
	out.WriteString("\r\n")
	return w, out.Bytes()
}

func join(list, more string) string {
	if list == "" {
		return more
	}
	return list + ", " + more
}

// A keeper keeps what is written until it is too much: then all goes to the client
// as it came.
type keeper struct {
	to    io.Writer
	head  []byte // goes first
	kept  []byte
	limit int64
	spilt bool
}

func (k *keeper) Write(p []byte) (int, error) {
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
func (k *keeper) spill() error {
	if k.spilt {
		return nil
	}
	k.spilt = true
	_, err := k.to.Write(append(k.head, k.kept...))
	k.kept = nil
	return err
}

// document passes an answer on with what faults make of the document in it.
func (c *conn) document(x exchange, h *head, acts effect) error {
	c.begun = true
	raw := bytes.Clone(c.down.ahead()[:h.size])
	s := servedBy(h, raw)
	limit := acts.widest()
	why := s.unfit(h.length, limit)
	switch {
	case x.toHEAD:
		acts.passAll("it was asked for without its body")
		c.down.skip(h.size)
		return c.toClient(written(h, raw, nil, x, ""))
	case why == "" && (h.encoded && !h.chunked || bodiless(h.status)):
		why = "its transfer coding is not known"
	}
	if why != "" {
		acts.passAll(why)
		c.down.accept(h.size)
		return c.rest(x, h)
	}
	// Chunks may be as short as one byte, with six around each.
	k := &keeper{to: c.client, head: raw, limit: 8*limit + bulkSize}
	if !h.chunked {
		k.limit = limit
	}
	c.down.skip(h.size)
	c.down.dst = k
	err := c.answerBody(x, h, endless)
	if failed := c.down.settle(); failed != nil {
		err = failed
	}
	c.down.dst = c.client
	if k.spilt || err != nil && !errors.Is(err, io.EOF) {
		acts.passAll(reasonOf(k.spilt))
		return errors.Join(k.spill(), c.wrongBody(err))
	}
	if s.body = k.kept; h.chunked {
		s.body, _ = io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(k.kept))) // stream.chunks has found it right
	}
	out := s.harm(acts, x.document)
	if out == nil {
		return errors.Join(k.spill(), err)
	}
	return errors.Join(c.toClient(written(h, raw, out, x, s.etag)), err)
}

func reasonOf(spilt bool) string {
	if spilt {
		return tooLong
	}
	return "its answer broke off"
}

// rest passes the body of an answer on as it is.
func (c *conn) rest(x exchange, h *head) error {
	if err := c.answerBody(x, h, endless); err != nil {
		return c.wrongBody(err)
	}
	return c.down.settle()
}

// wrongBody is what to do about a body that cannot be read to its end.
func (c *conn) wrongBody(err error) error {
	if _, ok := errors.AsType[malformed](err); ok || errors.Is(err, errTooLarge) {
		return c.goRaw()
	}
	return err
}

func (c *conn) toClient(p []byte) error {
	_, err := c.client.Write(p)
	return err
}

func servedBy(h *head, raw []byte) *served {
	s := &served{status: h.status}
	lines(raw, func(name, value string, _ []byte) {
		switch {
		case strings.EqualFold(name, "Content-Type"):
			s.kind = value
		case strings.EqualFold(name, "Content-Encoding"):
			s.encoding = join(s.encoding, value)
		case strings.EqualFold(name, "ETag"):
			s.etag = value
		}
	})
	return s
}

// written is an answer with another document in it. Without an outcome, it is the
// head alone, and says nothing of the real document.
func written(h *head, raw []byte, out *outcome, x exchange, etag string) []byte {
	var b bytes.Buffer
	if out != nil && out.known {
		fmt.Fprintf(&b, "HTTP/1.%c 304 %s\r\n", h.minor+'0', http.StatusText(http.StatusNotModified))
	} else {
		b.Write(raw[:h.first])
	}
	lines(raw, func(name, _ string, line []byte) {
		if !tells(name) && !(out != nil && out.known && strings.HasPrefix(http.CanonicalHeaderKey(name), "Content-")) {
			b.Write(line)
		}
	})
	if out != nil && etag != "" {
		fmt.Fprintf(&b, "ETag: %s\r\n", out.etag)
	}
	if out == nil || out.known {
		b.WriteString("\r\n")
		return b.Bytes()
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", len(out.body))
	b.Write(out.body)
	return b.Bytes()
}
