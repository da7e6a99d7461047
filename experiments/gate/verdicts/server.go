package verdicts

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"github.com/blastgauge/blastgauge/experiments/hosts"
)

const (
	mostConnections = 200
	requestTimeout  = 10 * time.Second // to send one, and to read its answer
	idleTimeout     = 30 * time.Second
	drainTimeout    = 5 * time.Second
)

// An Endpoint is where answers are given.
type Endpoint struct {
	// Address is host:port to listen at; an empty host is every address of this machine.
	// Port 0 is one that is free.
	Address string
	// Cert and Key are files in PEM, for TLS. Empty: there is none.
	Cert, Key string
	// Hosts are names that requests may call this server by, such as that of a service. An
	// address, the name that it listens at and the machine's own need none.
	Hosts []string
}

// A Server answers until it is shut down.
type Server struct {
	endpoint Endpoint
	listener net.Listener
	http     *http.Server
}

// Listen begins to answer. The server has to be shut down.
func Listen(e Endpoint, h *Handler) (*Server, error) {
	config, err := e.tls()
	if err != nil {
		return nil, err
	}
	s := &Server{endpoint: e}
	if s.listener, err = net.Listen("tcp", e.Address); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler: s.guarded(h), ReadHeaderTimeout: requestTimeout / 2, ReadTimeout: requestTimeout, WriteTimeout: 2 * requestTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 16 << 10, ErrorLog: log.New(io.Discard, "", 0), // of strangers' connections
	}
	accepted := netutil.LimitListener(s.listener, mostConnections)
	if config != nil {
		accepted = tls.NewListener(accepted, config)
	}
	go func() { _ = s.http.Serve(accepted) }() // ends with Shutdown
	return s, nil
}

// tls is nil without a certificate.
func (e Endpoint) tls() (*tls.Config, error) {
	if e.Cert == "" && e.Key == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(e.Cert, e.Key)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s and its key %s: %w", e.Cert, e.Key, err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

// URL is where the server answers.
func (s *Server) URL() string {
	host, _, _ := net.SplitHostPort(s.endpoint.Address)
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	if addr, err := netip.ParseAddr(host); host == "" || err == nil && addr.IsUnspecified() {
		host = "localhost"
		if name, err := os.Hostname(); err == nil {
			host = name
		}
	}
	scheme := "http"
	if s.endpoint.Cert != "" {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// Exposed reports whether others than this machine ask, without TLS.
func (s *Server) Exposed() bool { return s.endpoint.Cert == "" && !s.local() }

// local reports whether only this machine reaches the server.
func (s *Server) local() bool {
	addr, ok := s.listener.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}

// guarded refuses requests that call this server by a name which a stranger has made lead
// here, and what pages of others send.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.knows(r.Host):
			http.Error(w, "this is no name of this server: use its address, or start it with --host NAME", http.StatusMisdirectedRequest)
		case r.Header.Get("Origin") != "":
			http.Error(w, "the page of another server asks for this", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knows reports whether a request may name this host.
func (s *Server) knows(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	named, _, _ := net.SplitHostPort(s.endpoint.Address)
	same := func(name string) bool { return host != "" && strings.EqualFold(name, host) }
	if hosts.IsLoopback(host) || same(named) || slices.ContainsFunc(s.endpoint.Hosts, same) {
		return true
	}
	if s.local() {
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	name, err := os.Hostname()
	return err == nil && same(name)
}

// Shutdown ends the server once its requests are answered, or after five seconds.
func (s *Server) Shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	return errors.Join(s.http.Shutdown(ctx), s.http.Close())
}
