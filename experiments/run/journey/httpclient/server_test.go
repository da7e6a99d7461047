package httpclient

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newClient(t testing.TB, o Options) *Client {
	t.Helper()
	c, err := New(o)
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

// pipe connects a client to handle through net.Pipe, so that a test can run in fake
// time. It returns the number of connections so far.
func pipe(t testing.TB, c *Client, handle func(net.Conn)) *atomic.Int64 {
	var accepted atomic.Int64
	var wg sync.WaitGroup
	c.dial = func(context.Context, string, string) (net.Conn, error) {
		accepted.Add(1)
		ours, theirs := net.Pipe()
		wg.Go(func() {
			handle(theirs)
			_ = theirs.Close() // a pipe closes without an error
		})
		return ours, nil
	}
	t.Cleanup(func() {
		c.Close()
		wg.Wait()
	})
	return &accepted
}

// get sends one GET within five seconds.
func get(t testing.TB, c *Client, target string) (*Response, error) {
	t.Helper()
	resp := &Response{}
	err := c.Send(t.Context(), &Request{Method: "GET", Target: target, Deadline: time.Now().Add(time.Minute)}, resp)
	return resp, err
}
