// Package journeytest holds what tests and measuring programs of journeys share:
// servers on loopback, a checkout of five steps and the shop that answers it.
package journeytest

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Listen runs handle for every connection of a listener of its own until the
// test ends, and returns the listener's URL. It closes a connection when handle
// returns.
func Listen(t testing.TB, handle func(*net.TCPConn)) string {
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
				handle(c)
				mu.Lock()
				delete(open, c)
				mu.Unlock()
				_ = c.Close() // the client may have closed it: nothing depends on how it ends
			})
		}
	})
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		for c := range open {
			_ = c.Close() // ends handle
		}
		mu.Unlock()
		wg.Wait()
	})
	return "http://" + listener.Addr().String()
}

// ReadRequest reads one request without a body.
func ReadRequest(in *bufio.Reader) (*http.Request, error) { return http.ReadRequest(in) }

// Reply returns a handler for [Listen] that answers every request with the same
// bytes.
func Reply(answer string) func(*net.TCPConn) {
	return func(c *net.TCPConn) { ReplyTo(c, answer) }
}

// ReplyTo answers every request on a connection with the same bytes.
func ReplyTo(c net.Conn, answer string) {
	for in := bufio.NewReader(c); ; {
		if _, err := ReadRequest(in); err != nil {
			return
		}
		if _, err := c.Write([]byte(answer)); err != nil {
			return
		}
	}
}
