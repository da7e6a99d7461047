package proxy

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

const enough = time.Minute

// put makes a proxy without the check for loops, as one behind a name would be.
func put(t *testing.T, s *Server, name, listen, upstream string) string {
	t.Helper()
	in := proxyInput{Name: name, Listen: listen, Upstream: upstream}
	if err := in.lookUp(); err != nil {
		t.Fatal(err)
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	c, err := s.prepareNew(in)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := openPorts([]*change{c}); err != nil {
		t.Fatal(err)
	}
	if err := c.apply(); err != nil {
		t.Fatal(err)
	}
	s.list(c.proxy)
	return c.proxy.address()
}

func started(t *testing.T) *Server {
	t.Helper()
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// wantEnd fails unless a client's connection is made, and ends in good order.
func wantEnd(t *testing.T, address string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(enough)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("got %d bytes and %v, want the end", n, err)
	}
}

// empty fails unless all connections of a server end.
func empty(t *testing.T, s *Server) {
	t.Helper()
	for deadline := time.Now().Add(enough); s.traffic.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are open", s.traffic.open.Load())
		}
	}
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	if n := len(s.traffic.dialled); n > 0 {
		t.Errorf("%d connections are remembered that have ended", n)
	}
}

// A proxy that leads to itself, directly or by way of another, by an address that could
// not be told before, ends each connection when it comes round.
func TestConnectionsThatComeRound(t *testing.T) {
	t.Parallel()
	for name, proxies := range map[string]int{"onto itself": 1, "by way of another": 2, "by way of two": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := started(t)
			hold, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			first := hold.Addr().String()
			next := first
			for i := range proxies - 1 {
				next = put(t, s, string(rune('b'+i)), "127.0.0.1:0", next)
			}
			hold.Close()
			put(t, s, "a", first, next)
			const clients = 50
			for range clients {
				wantEnd(t, first)
			}
			empty(t, s)
			total := int64(0)
			for _, p := range s.all() {
				total += p.counters.total.Load()
			}
			if most := int64(clients * (proxies + 1) * 4); total > most { // each may be noticed a round late
				t.Errorf("%d clients made %d connections, want at most %d", clients, total, most)
			}
		})
	}
}

// A circle that goes by way of another program cannot be noticed. It takes so many
// connections and no more, the API answers, and they end.
func TestACircleThroughAnotherProgram(t *testing.T) {
	t.Parallel()
	s := started(t)
	s.traffic.most = 20
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { relay.Close() })
	address := put(t, s, "a", "127.0.0.1:0", relay.Addr().String())
	go func() {
		for {
			from, err := relay.Accept()
			if err != nil {
				return
			}
			go func() {
				defer from.Close()
				to, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer to.Close()
				go func() { io.Copy(to, from); to.(*net.TCPConn).CloseWrite() }()
				io.Copy(from, to)
			}()
		}
	}()
	wantEnd(t, address)
	answer, err := http.Get(s.URL() + "/version")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if total := s.all()[0].counters.total.Load(); total != 20 {
		t.Errorf("%d connections were let in, want 20", total)
	}
	empty(t, s)
}

// The bound leaves files for what is no connection.
func TestHowManyConnections(t *testing.T) {
	t.Parallel()
	for files, want := range map[uint64]int64{0: 32, 64: 32, 1024: 480, 1 << 20: 1<<19 - 32, 1<<64 - 1: 1<<31 - 32} {
		if traffic := newTraffic(files); traffic.most != want {
			t.Errorf("%d files: %d connections, want %d", files, traffic.most, want)
		}
	}
	s := started(t)
	if s.traffic.most < 32 || uint64(s.traffic.most) > mostFiles()/2 {
		t.Errorf("%d connections with %d files", s.traffic.most, mostFiles())
	}
}
