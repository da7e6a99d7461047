package proxy_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// one is a dependency that does the same with each connection.
func one(t testing.TB, serve func(*net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c.(*net.TCPConn))
		}
	}()
	return l.Addr().String()
}

func dial(t testing.TB, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// idleProxy waits until a proxy has no connection.
func idleProxy(t testing.TB, s *proxy.Server) {
	t.Helper()
	for deadline := time.Now().Add(soon); show(t, s, "x").Blastgauge.Open > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a connection that has ended is still open in the proxy")
		}
	}
}

// under runs a test without a toxic, and under one that acts in either direction
// and lets everything through.
func under(t *testing.T, test func(t *testing.T, s *proxy.Server, start func(upstream string) (address string))) {
	for name, streams := range map[string][]string{"plain": nil, "toxics": {"upstream", "downstream"}} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, proxy.Options{})
			test(t, s, func(upstream string) string {
				address := route(t, s, "x", upstream)
				for _, stream := range streams {
					add(t, s, "x", `{"type":"noop","stream":"`+stream+`"}`)
				}
				return address
			})
		})
	}
}

// A client that closes while it is being answered takes the connection with it,
// although it had ended its side in good order before.
func TestAClientThatLeavesEarly(t *testing.T) {
	t.Parallel()
	under(t, func(t *testing.T, s *proxy.Server, start func(string) string) {
		broken := make(chan error, 1)
		c := dial(t, start(one(t, func(c *net.TCPConn) {
			defer c.Close()
			io.Copy(io.Discard, c) // until the client's end has come through
			for buf := make([]byte, 4096); ; {
				if _, err := c.Write(buf); err != nil {
					broken <- err
					return
				}
			}
		})))
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		c.Close()
		idleProxy(t, s)
		mustNotHang(t, "the upstream's writing", func() { <-broken })
	})
}

// An upstream that answers early and closes: the answer gets through.
func TestAnUpstreamThatLeavesEarly(t *testing.T) {
	t.Parallel()
	under(t, func(t *testing.T, s *proxy.Server, start func(string) string) {
		c := dial(t, start(one(t, func(c *net.TCPConn) {
			defer c.Close()
			io.ReadFull(c, make([]byte, 1000))
			io.WriteString(c, "too large")
			c.CloseWrite()
			io.CopyN(io.Discard, c, 100_000)
		})))
		go func() { // without end
			for buf := make([]byte, 4096); ; {
				if _, err := c.Write(buf); err != nil {
					return
				}
			}
		}()
		answer := make([]byte, 9)
		if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "too large" {
			t.Errorf("%q, %v", answer, err)
		}
		idleProxy(t, s)
	})
}

// Each side can end in good order while the other goes on.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	under(t, func(t *testing.T, s *proxy.Server, start func(string) string) {
		c := dial(t, start(one(t, func(c *net.TCPConn) {
			defer c.Close()
			all, _ := io.ReadAll(c)
			c.Write(all)
		})))
		io.WriteString(c, "everything")
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if all, err := io.ReadAll(c); err != nil || string(all) != "everything" {
			t.Errorf("%q, %v", all, err)
		}
		idleProxy(t, s)
	})
}

// A reset arrives as a reset, in either direction.
func TestAReset(t *testing.T) {
	t.Parallel()
	under(t, func(t *testing.T, s *proxy.Server, start func(string) string) {
		met := make(chan error, 2)
		address := start(one(t, func(c *net.TCPConn) {
			defer c.Close()
			greeting := make([]byte, 5)
			io.ReadFull(c, greeting)
			if string(greeting) == "reset" {
				c.SetLinger(0)
				return
			}
			io.WriteString(c, "x")
			_, err := c.Read(greeting)
			met <- err
		}))
		c := dial(t, address)
		io.WriteString(c, "reset")
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the client reads %v, want a reset", err)
		}
		c = dial(t, address)
		io.WriteString(c, "hello")
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		c.SetLinger(0)
		c.Close()
		mustNotHang(t, "the upstream's reading", func() {
			if err := <-met; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the upstream reads %v, want a reset", err)
			}
		})
		idleProxy(t, s)
	})
}
