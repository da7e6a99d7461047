package journey

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// serve runs handle for every connection of a listener of its own until the
// test ends, and gives the listener's URL.
func serve(t testing.TB, handle func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		open = map[*net.TCPConn]bool{}
	)
	wg.Go(func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			c := raw.(*net.TCPConn)
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				handle(c)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

// request reads one request without a body from a connection.
func request(in *bufio.Reader) (*http.Request, error) { return http.ReadRequest(in) }

// reply answers every request on a connection with these bytes.
func reply(answer string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		for in := bufio.NewReader(c); ; {
			if _, err := request(in); err != nil {
				return
			}
			if _, err := c.Write([]byte(answer)); err != nil {
				return
			}
		}
	}
}

func newClient(t testing.TB, o ClientOptions) *Client {
	t.Helper()
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if n := c.conns.Load(); n != 0 {
			t.Errorf("%d connections left open", n)
		}
	})
	return c
}

// get sends one GET within five seconds.
func get(t testing.TB, c *Client, target string) (*Response, error) {
	t.Helper()
	resp := &Response{}
	err := c.Send(t.Context(), &Request{Method: "GET", Target: target, Deadline: time.Now().Add(5 * time.Second)}, resp)
	return resp, err
}

// A sender is a Sender without sockets.
type sender func(ctx context.Context, req *Request, resp *Response) error

func (s sender) Send(ctx context.Context, req *Request, resp *Response) error {
	return s(ctx, req, resp)
}

// answering is a sender that always answers the same.
func answering(status int, body string, headers ...experiments.Field) sender {
	return func(_ context.Context, _ *Request, resp *Response) error {
		resp.Status, resp.Body, resp.Headers = status, []byte(body), headers
		return nil
	}
}

// httpServer serves until the test ends.
func httpServer(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}
