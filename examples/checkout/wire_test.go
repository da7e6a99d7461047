package checkout

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/loopback"
)

// A wire is a TCP connection to a dependency that tests can break.
type wire struct {
	t        *testing.T
	address  string
	upstream string

	mu       sync.Mutex
	changed  *sync.Cond
	mode     mode
	listener net.Listener
	live     map[net.Conn]bool
	running  sync.WaitGroup
	answered atomic.Int64 // pieces of answers passed on
}

type mode string

const (
	pass    mode = "pass"
	refused mode = "refuse" // no listener
	reset   mode = "reset"  // accepted, then RST
	hang    mode = "hang"   // requests go through, answers do not; released connections are cut
	lose    mode = "lose"   // requests go through, answers cut the connection
)

// newWire listens in front of upstream (with or without a scheme).
func newWire(t *testing.T, upstream string) *wire {
	t.Helper()
	if _, rest, ok := strings.Cut(upstream, "://"); ok {
		upstream = rest
	}
	free, err := loopback.Reserve(1) // it also listens again on its port
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	l, err := net.Listen("tcp", free.Addresses()[0])
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, address: l.Addr().String(), upstream: upstream, live: make(map[net.Conn]bool), mode: pass}
	w.changed = sync.NewCond(&w.mu)
	w.accept(l)
	t.Cleanup(w.close)
	return w
}

func (w *wire) accept(l net.Listener) {
	w.listener = l
	w.running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.running.Go(func() { w.carry(c) })
		}
	})
}

// set changes what happens to new and to live connections.
func (w *wire) set(m mode) {
	w.mu.Lock()
	was := w.mode
	w.mode = m
	if m == refused {
		_ = w.listener.Close()
	}
	if m == refused || m == reset || was == hang {
		for c := range w.live {
			_ = c.Close()
		}
	}
	w.mu.Unlock()
	w.changed.Broadcast()
	if was == refused && m == pass {
		l, err := net.Listen("tcp", w.address)
		if err != nil {
			w.t.Fatal(err)
		}
		w.accept(l)
	}
}

func (w *wire) now() mode {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mode
}

// track returns false for a connection that must not live.
func (w *wire) track(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.live[c] = true
	return w.mode != reset && w.mode != refused
}

func (w *wire) forget(c net.Conn) {
	w.mu.Lock()
	delete(w.live, c)
	w.mu.Unlock()
	_ = c.Close()
}

func (w *wire) carry(down net.Conn) {
	_ = down.(*net.TCPConn).SetLinger(0) // so that closing is a reset
	defer w.forget(down)
	if !w.track(down) {
		return
	}
	up, err := net.Dial("tcp", w.upstream)
	if err != nil {
		return
	}
	defer w.forget(up)
	if !w.track(up) {
		return
	}
	var requests sync.WaitGroup
	requests.Go(func() { _, _ = io.Copy(up, down); _ = up.Close() })
	w.answers(down, up)
	_ = down.Close()
	_ = up.Close()
	requests.Wait()
}

func (w *wire) answers(down io.Writer, up io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := up.Read(buf)
		if err != nil {
			return
		}
		w.mu.Lock()
		held := w.mode == hang
		for w.mode == hang {
			w.changed.Wait()
		}
		w.mu.Unlock()
		if held || w.now() == lose {
			return
		}
		if _, err := down.Write(buf[:n]); err != nil {
			return
		}
		w.answered.Add(1)
	}
}

func (w *wire) close() {
	w.set(reset) // lets go of everything
	_ = w.listener.Close()
	w.running.Wait()
}
