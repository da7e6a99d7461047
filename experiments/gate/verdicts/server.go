package verdicts

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"github.com/blastgauge/blastgauge/experiments/endpoint"
)

const (
	mostConnections = 200
	requestTimeout  = 10 * time.Second // to send one, and to read its answer
	idleTimeout     = 30 * time.Second
	drainTimeout    = 5 * time.Second
)

// An Endpoint is where answers are given.
type Endpoint = endpoint.Endpoint

// A Server answers until it is shut down.
type Server struct {
	endpoint Endpoint
	listener net.Listener
	http     *http.Server
}

// Listen begins to answer. The server has to be shut down.
func Listen(e Endpoint, h *Handler) (*Server, error) {
	config, err := e.TLS()
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

// URL is where the server answers.
func (s *Server) URL() string { return s.endpoint.URL(s.listener.Addr()) }

// Exposed reports whether others than this machine ask, without TLS.
func (s *Server) Exposed() bool { return s.endpoint.IsExposed(s.listener.Addr()) }

// guarded refuses requests that call this server by a name which a stranger has made lead
// here, and what pages of others send.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !s.endpoint.Knows(r.Host, s.listener.Addr()):
			http.Error(w, "this is no name of this server: use its address, or start it with --host NAME", http.StatusMisdirectedRequest)
		case r.Header.Get("Origin") != "":
			http.Error(w, "the page of another server asks for this", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Shutdown ends the server once its requests are answered, or after five seconds.
func (s *Server) Shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	return errors.Join(s.http.Shutdown(ctx), s.http.Close())
}
