package httpclient

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

// Whatever bytes a system sends, an answer is complete or there is an error.
func FuzzExchange(f *testing.F) {
	for _, s := range []string{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.0 204\r\n\r\n", "HTTP/1.0 204\r\n\r\xde", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\nbody"} {
		f.Add([]byte(s))
	}
	c, err := New(Options{Base: "http://127.0.0.1:1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		line := newConn(answered{bytes.NewReader(wire)})
		var resp Response
		reusable, err := c.exchange(line, c.site.Entry(), &Request{Method: "GET"}, &resp)
		if err != nil && reusable {
			t.Errorf("reusable after %v", err)
		}
		if err == nil && len(resp.Body) > maxBody {
			t.Errorf("a body of %d bytes", len(resp.Body))
		}
		resp.Header("Set-Cookie")
	})
}

// answered is a connection whose answer is there already.
type answered struct{ io.Reader }

func (answered) Write(p []byte) (int, error)      { return len(p), nil }
func (answered) Close() error                     { return nil }
func (answered) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (answered) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (answered) SetDeadline(time.Time) error      { return nil }
func (answered) SetReadDeadline(time.Time) error  { return nil }
func (answered) SetWriteDeadline(time.Time) error { return nil }
