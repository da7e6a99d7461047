// Package dnsserver is a DNS server on this machine whose one answer a test sets.
package dnsserver

import (
	"net"
	"net/netip"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// A Server answers every question for addresses with those that were set last.
type Server struct {
	conn net.PacketConn
	done chan struct{}

	mu        sync.Mutex
	addresses []netip.Addr
	broken    bool
}

// Start starts a server at a free port. Close ends it.
func Start() (*Server, error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{conn: conn, done: make(chan struct{})}
	go s.serve()
	return s, nil
}

// Address is where it is asked, as host:port.
func (s *Server) Address() string { return s.conn.LocalAddr().String() }

// Close ends the server.
func (s *Server) Close() error {
	err := s.conn.Close()
	<-s.done
	return err
}

// Set sets the addresses of every name from now on. Without any, there is no such name.
func (s *Server) Set(addresses ...netip.Addr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addresses, s.broken = addresses, false
}

// Break makes every answer a failure of the server.
func (s *Server) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = true
}

func (s *Server) serve() {
	defer close(s.done)
	for question := make([]byte, 512); ; {
		n, from, err := s.conn.ReadFrom(question)
		if err != nil {
			return
		}
		if answer, err := s.answer(question[:n]); err == nil { // a question that cannot be read gets none
			_, _ = s.conn.WriteTo(answer, from) // who asked may be gone
		}
	}
}

// answer answers a question with A records, and with nothing where it is for another type.
func (s *Server) answer(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil || len(m.Questions) == 0 {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m.Response, m.Authoritative, m.Additionals = true, true, nil
	switch {
	case s.broken:
		m.RCode = dnsmessage.RCodeServerFailure
	case len(s.addresses) == 0:
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, a := range s.addresses {
		if q := m.Questions[0]; q.Type == dnsmessage.TypeA && !s.broken {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET, TTL: 1},
				Body:   &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	return m.Pack()
}
