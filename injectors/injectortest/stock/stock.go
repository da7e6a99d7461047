// Package stock runs an unchanged Toxiproxy server inside a test.
//
// Tests import it, those of the driver, which must work with the original, and those of the
// proxy, which is compared with it; so do the programs of cmd/measure.
package stock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
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

// OneAtATime serves one request after the other. Toxiproxy reads a proxy for one request
// while it changes it for another, without a lock: a test that calls it side by side
// under the race detector would fail for what is not ours. A call that hangs holds up
// all others.
func OneAtATime(api http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		api.ServeHTTP(w, r)
	})
}

// Start serves the control API at an address such as "127.0.0.1:0". Each of wrap is put
// around it, such as [OneAtATime].
func Start(address string, wrap ...func(http.Handler) http.Handler) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("toxiproxy: %w", err)
	}
	api := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	var handler http.Handler = api.Routes()
	for _, w := range wrap {
		handler = w(handler)
	}
	s := &Server{
		api:  api,
		http: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second},
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
