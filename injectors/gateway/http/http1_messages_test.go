package http

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// requestsIn passes on what it takes for requests, and returns the bytes of each.
func requestsIn(src io.Reader) (messages []string, heads []head, err error) {
	var out bytes.Buffer
	s := messageStream{Stream: stream.New(src, &out, nil), strict: true}
	for {
		h := head{strict: true}
		if err := s.readHead(&h); err != nil {
			return messages, heads, err
		}
		out.Reset()
		s.Keep(h.size)
		if err := s.body(&h, endless); err != nil {
			return messages, heads, err
		}
		if err := s.Settle(); err != nil {
			return messages, heads, err
		}
		messages, heads = append(messages, out.String()), append(heads, h)
	}
}

// FuzzRequests: whatever is passed on as one request is one request to net/http,
// too, to the last byte, and how the bytes arrive makes no difference.
func FuzzRequests(f *testing.F) {
	for _, seed := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"\r\nPOST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: A\r\n\r\n5;a=\"b\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\nHost: x\r\n\r\n0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\nConnection: close, Upgrade\r\nUpgrade: y\r\nExpect: 100-continue\r\n\r\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		messages, heads, err := requestsIn(bytes.NewReader(data))
		again, _, errAgain := requestsIn(iotest.OneByteReader(bytes.NewReader(data)))
		if strings.Join(messages, "|") != strings.Join(again, "|") || (refusal(err) == nil) != (refusal(errAgain) == nil) {
			t.Fatalf("byte by byte: %q and %v, otherwise %q and %v", again, errAgain, messages, err)
		}
		for i, m := range messages {
			in := bufio.NewReader(strings.NewReader(m))
			req, err := http.ReadRequest(in)
			if err != nil {
				continue // net/http refuses more, such as methods and targets of its own mind
			}
			length, err := io.Copy(io.Discard, req.Body)
			if err != nil {
				continue
			}
			if rest, _ := io.ReadAll(in); len(rest) > 0 {
				t.Fatalf("net/http sees %q behind the request in %q", rest, m)
			}
			if heads[i].length > 0 && length != heads[i].length {
				t.Fatalf("net/http reads %d bytes of body in %q", length, m)
			}
			if got := string((http1Request{&heads[i], []byte(m)}).method()); got != req.Method {
				t.Fatalf("the method is %q, to net/http %q", got, req.Method)
			}
		}
	})
}

// FuzzAnswers: what is read as an answer with a length is as long to net/http, and
// nothing of what comes is lost or changed.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.0 200\nContent-Length: 2\n\nhi",
		"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nhi\r\n0\r\n\r\n",
		"HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		s := messageStream{Stream: stream.New(bytes.NewReader(data), &out, nil)}
		var h head
		err := s.readHead(&h)
		if err == nil {
			s.Keep(h.size)
			c := conn{down: s}
			err = c.answerBody(exchange{}, &h, endless)
		}
		if flushed := s.Flush(); err == nil && flushed == nil && !isBodiless(h.status) {
			compareAnswer(t, data[:out.Len()], &h)
		}
		_ = s.pass(endless) // io.EOF
		if !bytes.Equal(out.Bytes(), data) && !errors.Is(err, stream.ErrTooLarge) {
			t.Fatalf("%q became %q", data, out.Bytes())
		}
	})
}

func compareAnswer(t *testing.T, message []byte, h *head) {
	in := bufio.NewReader(bytes.NewReader(message))
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != h.status {
		return
	}
	n, err := io.Copy(io.Discard, res.Body)
	if err != nil {
		return
	}
	if rest, _ := io.ReadAll(in); len(rest) > 0 || h.length >= 0 && res.ContentLength >= 0 && n != h.length {
		t.Fatalf("net/http reads %d bytes, and has %q left, of %q", n, rest, message)
	}
}

func FuzzBaggage(f *testing.F) {
	f.Add("a=b;p=1,c = d%20e", "a", "b")
	f.Fuzz(func(t *testing.T, header, key, value string) {
		hasBaggage([]byte(header), key, []string{value}) // must not crash
		if !isToken(key) || strings.ContainsAny(value, "%,; \t=") {
			return
		}
		if !hasBaggage([]byte(strings.ReplaceAll(header, "%", "")+","+key+"="+value), key, []string{value}) {
			t.Errorf("%s=%s is not found behind %q", key, value, header)
		}
	})
}
