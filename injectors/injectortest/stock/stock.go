// Package stock runs an unchanged Toxiproxy server inside a test.
//
// Tests alone import it: those of the driver, which must work with the original,
// and those of the proxy, which is compared with it.
package stock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// A Server is a running Toxiproxy. Like every stock server it hangs when a client
// does not read. Close gives up after a while; calls to the API may never return.
type Server struct {
	api  *toxiproxy.ApiServer
	http *http.Server
	url  string
	done chan error
}

// Start serves the control API at an address such as "127.0.0.1:0".
func Start(address string) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("toxiproxy: %w", err)
	}
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	s := &Server{
		api:  api,
		http: &http.Server{Handler: api.Routes(), ReadHeaderTimeout: 10 * time.Second},
		url:  "http://" + listener.Addr().String(),
		done: make(chan error, 1),
	}
	go func() { s.done <- s.http.Serve(listener) }()
	return s, nil
}

// URL returns the address of the control API.
func (s *Server) URL() string { return s.url }

// Close stops the API and every proxy. It gives up after five seconds, because
// a stock proxy in the middle of a hang cannot be stopped.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	cleared := make(chan error, 1)
	go func() { cleared <- s.api.Collection.Clear() }()
	select {
	case clearErr := <-cleared:
		return errors.Join(err, clearErr)
	case <-ctx.Done():
		return errors.Join(err, errors.New("toxiproxy: the proxies did not stop within five seconds"))
	}
}
