// Package live serves the page of a run while it goes on, and passes on what those who may
// say there: to stop it, notes, and decisions of a game day.
//
// Whoever has the observer's token may look; the operator's token is for what changes
// something. Both are new for each server. The process never waits for a browser: who does
// not read is left behind, and the server ends with the run.
package live

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/endpoint"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Options say where a page is served, and of what.
type Options struct {
	// Address is host:port to listen at; an empty host is every address of this machine.
	// Port 0 is one that is free.
	Address string
	// Cert and Key are files in PEM, for TLS. Empty: there is none.
	Cert, Key string
	// Labels name the runs that go on at once or one after the other; nil: there is one.
	Labels []string
}

// A Server serves the page. Its methods may be called from several goroutines.
type Server struct {
	options  Options
	listener net.Listener
	http     *http.Server
	observer string // tokens
	operator string
	wrong    guesses
	runs     []*shown
	ended    chan struct{} // closed when nothing comes any more

	mu      sync.Mutex
	stopped *order // the runs are to stop, also those that begin later
	over    string // where the report is
	exit    string // the exit code and what it means
	closed  bool
}

// An order is who wants what.
type order struct{ by, why string }

// Listen begins to serve. The server has to be closed.
func Listen(o Options) (*Server, error) {
	s := newServer(o)
	config, err := o.endpoint().TLS()
	if err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", o.Address); err != nil {
		return nil, fmt.Errorf("%w: another address or port 0 would do", err)
	}
	if config != nil {
		s.listener = tls.NewListener(s.listener, config)
	}
	s.http = &http.Server{
		Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog:  log.New(io.Discard, "", 0), // of strangers' connections
		ConnState: (&connections{}).track,
	}
	go func() { _ = s.http.Serve(s.listener) }() // ends with Close
	for _, r := range s.runs {
		go r.renderOften(s.ended)
	}
	return s, nil
}

// newServer is one that does not serve yet.
func newServer(o Options) *Server {
	s := &Server{options: o, observer: rand.Text(), operator: rand.Text(), ended: make(chan struct{})}
	for i := range max(1, len(o.Labels)) {
		s.runs = append(s.runs, newShown(s, i))
	}
	return s
}

// endpoint is how the page is reached.
func (o Options) endpoint() endpoint.Endpoint {
	return endpoint.Endpoint{Address: o.Address, Cert: o.Cert, Key: o.Key}
}

// Exposed reports whether others than this machine reach the page, without TLS.
func (s *Server) Exposed() bool { return s.options.endpoint().IsExposed(s.listener.Addr()) }

// Observer is the address of the page for those who look.
func (s *Server) Observer() string { return s.url(s.observer) }

// Operator is the address of the page for those who may stop the run and write notes.
func (s *Server) Operator() string { return s.url(s.operator) }

func (s *Server) url(token string) string {
	return s.options.endpoint().URL(s.listener.Addr()) + "/?t=" + token
}

// knows reports whether a request may name this host. A browser asks this machine alone for
// every name below localhost.
func (s *Server) knows(host string) bool {
	return strings.HasSuffix(endpoint.Name(host), ".localhost") || s.options.endpoint().Knows(host, s.listener.Addr())
}

// View shows a run. The index is among the labels, or 0.
func (s *Server) View(index int, p *plan.Plan) *View { return s.runs[index].begin(p) }

// A Control is how a run that goes on is acted on. After its end it returns errors.
type Control interface {
	Stop(by, why string) error
	Note(author, text string, followUp bool) error
	Decide(d journal.Decide) error
}

// Control says how the run of an index is acted on.
func (s *Server) Control(index int, c Control) {
	s.mu.Lock()
	s.runs[index].control = c
	stopped := s.stopped
	s.mu.Unlock()
	if stopped != nil {
		_ = c.Stop(stopped.by, stopped.why) // it is over already
	}
}

// errNotYet is that nothing can be acted on before a run has begun.
var errNotYet = errors.New("the run has not begun, or is over")

func (s *Server) controlOf(index int) (Control, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.runs[index].control; c != nil {
		return c, nil
	}
	return nil, errNotYet
}

// stop stops all runs of this server, and those that are to begin: it is the command that
// ends, as with Ctrl-C.
func (s *Server) stop(by, why string) error {
	s.mu.Lock()
	s.stopped = &order{by, why}
	var list []Control
	for _, r := range s.runs {
		if r.control != nil {
			list = append(list, r.control)
		}
	}
	waits := len(list) < len(s.runs) && !s.closed
	s.mu.Unlock()
	err := errNotYet
	if waits {
		err = nil // what has not begun ends where it would begin
	}
	for _, c := range list {
		if stopped := c.Stop(by, why); err != nil {
			err = stopped
		}
	}
	return err
}

// closeWithin is how long the end takes, whatever browsers do.
const closeWithin = 800 * time.Millisecond

// Close tells everybody that the run is over, where its report is, and the exit code with
// what it means; either is empty where it is not known. Then it ends the server, within a
// second.
func (s *Server) Close(report, exit string) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed, s.over, s.exit = true, report, exit
	s.mu.Unlock()
	for _, r := range s.runs {
		r.end()
	}
	close(s.ended)
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	_ = s.http.Shutdown(ctx) // who still reads is cut off
	_ = s.http.Close()
}
