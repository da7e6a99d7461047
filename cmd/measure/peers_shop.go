package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
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
	s := &targetShop{url: "http://" + listener.Addr().String(), listener: listener, resetting: resetting, answers: shopAnswers(), open: map[net.Conn]bool{}}
	s.serving.Go(s.accept)
	return s, nil
}

func shopAnswers() map[string][]byte {
	answer := func(status, body string) []byte {
		return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
	}
	var products []string
	for i := range 20 {
		products = append(products, fmt.Sprintf(`{"sku":"sku-%d","name":"Product %d","price":%d.50,"stock":%d}`, i, i, i, 100*i))
	}
	return map[string][]byte{
		"GET /products ":  answer("200 OK", `{"products":[`+strings.Join(products, ",")+"]}"),
		"GET /products/":  answer("200 OK", `{"sku":"sku-1","name":"Product 1","price":1.50,"stock":100}`),
		"POST /carts ":    answer("201 Created", `{"id":"c-1","total":12.50}`),
		"POST /carts/c-1": answer("200 OK", `{"id":"c-1","shipping":4.90,"total":12.50}`),
		"POST /orders ":   answer("201 Created", `{"id":"o-1","charged":12.5}`),
	}
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
		first, err := readRequest(in)
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

// readRequest reads a request with its body and returns its first line.
func readRequest(in *bufio.Reader) (first string, err error) {
	length := 0
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if first == "" {
			first = string(line)
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && strings.EqualFold(string(name), "Content-Length") {
			if _, err := fmt.Sscan(string(value), &length); err != nil {
				return "", err
			}
		}
		if len(line) == 2 {
			break
		}
	}
	_, err = in.Discard(length)
	return first, err
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
