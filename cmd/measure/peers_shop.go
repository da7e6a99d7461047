package main

import (
	"bufio"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// A targetShop is the system under load of the peers: it answers the five steps
// of a checkout and looks at no more than it must, as what it costs is not what is
// measured.
type targetShop struct {
	url       string
	listener  net.Listener
	resetting bool // every connection that comes with a second request is reset
	answers   map[string][]byte

	first  atomic.Int64 // requests of the first step
	orders atomic.Int64 // journeys that came to their end
	resets atomic.Int64

	mu       sync.Mutex
	arrivals []time.Time // of the first step
	open     map[net.Conn]bool
	serving  sync.WaitGroup
}

func newTargetShop(resetting bool) (*targetShop, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &targetShop{url: "http://" + listener.Addr().String(), listener: listener, resetting: resetting, answers: journeytest.Answers(), open: map[net.Conn]bool{}}
	s.serving.Go(s.accept)
	return s, nil
}

func (s *targetShop) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		s.serving.Go(func() {
			s.serve(conn.(*net.TCPConn))
			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
			_ = conn.Close() // its peer may be gone
		})
	}
}

// serve answers the requests of a connection until it ends.
func (s *targetShop) serve(conn *net.TCPConn) {
	in := bufio.NewReader(conn)
	for n := 0; ; n++ {
		first, err := journeytest.SkipRequest(in)
		if err != nil {
			return
		}
		if s.resetting && n > 0 {
			s.resets.Add(1)
			_ = conn.SetLinger(0) // the close that follows is a reset
			return
		}
		s.count(first)
		for start, answer := range s.answers {
			if strings.HasPrefix(first, start) {
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
		}
	}
}

func (s *targetShop) count(first string) {
	switch {
	case strings.HasPrefix(first, "GET /products "):
		s.first.Add(1)
		now := time.Now()
		s.mu.Lock()
		s.arrivals = append(s.arrivals, now)
		s.mu.Unlock()
	case strings.HasPrefix(first, "POST /orders "):
		s.orders.Add(1)
	}
}

// takeArrivals returns when first steps came since the last call.
func (s *targetShop) takeArrivals() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.arrivals
	s.arrivals = nil
	return list
}

func (s *targetShop) close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for conn := range s.open {
		err = errors.Join(err, conn.Close())
	}
	s.mu.Unlock()
	s.serving.Wait()
	return err
}
