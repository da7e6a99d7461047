package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Compatible is the version of Toxiproxy whose API and toxics these are.
const Compatible = "2.12.0"

// Options of a server. The zero value listens at a free loopback port.
type Options struct {
	// Listen is the address of the control API.
	Listen string
	// Token, when it is not empty, is the bearer token that every request must have.
	Token string
	// Seed decides which connections a toxicity below 1 affects.
	Seed uint64
	// Certificate is for clients of proxies whose upstream is https://. When it is nil,
	// each proxy signs one for itself.
	Certificate *tls.Certificate
	// UpstreamRoots are the roots that the certificates of https:// upstreams are checked
	// against; nil: the machine's.
	UpstreamRoots *x509.CertPool
	// Version is blastgauge's, as GET /version shows it.
	Version string
	// RuntimeMetrics and ProxyMetrics choose what GET /metrics shows. Without both there
	// is no such page.
	RuntimeMetrics, ProxyMetrics bool
	// Log gets messages about what no answer of the API can report; nil discards them.
	Log *slog.Logger
}

// A Server is a running proxy server: a control API, and the proxies that its clients
// created.
type Server struct {
	options Options
	log     *slog.Logger
	buffers buffers
	leases  *leases
	http    *http.Server
	url     string
	local   bool // the API listens at a loopback address
	serving chan error
	calls   sync.RWMutex // read-locked by every call that uses proxies, so that stop can wait for them

	mu      sync.Mutex // guards what is below; never held while waiting
	proxies map[string]*proxy
	closed  bool
}

// Start listens and serves the control API in the background.
func Start(o Options) (*Server, error) {
	listener, err := net.Listen("tcp", cmp.Or(o.Listen, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("control API: %w", err)
	}
	at := listener.Addr().(*net.TCPAddr)
	s := &Server{
		options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		url: "http://" + at.String(), local: at.IP.IsLoopback(),
		serving: make(chan error, 1), proxies: map[string]*proxy{},
	}
	s.leases = newLeases(func(run string) {
		s.calls.RLock()
		defer s.calls.RUnlock()
		s.removeRun(run)
	})
	s.http = &http.Server{
		Handler: s.handler(), ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	go func() { s.serving <- s.http.Serve(listener) }()
	return s, nil
}

// URL returns the address of the control API, such as http://127.0.0.1:8474.
func (s *Server) URL() string { return s.url }

// Close stops the API and every proxy, and closes every connection.
func (s *Server) Close() error {
	return s.stop(func() error { return s.http.Close() })
}

// Shutdown closes the ports, waits until all connections have ended by themselves or
// ctx ends, and closes those that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, p := range s.all() {
		p.stopAccepting()
	}
	for ctx.Err() == nil && s.open() > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	return s.stop(func() error {
		err := s.http.Shutdown(ctx)
		if ctx.Err() != nil {
			return s.http.Close()
		}
		return err
	})
}

// open counts the connections of all proxies.
func (s *Server) open() (n int64) {
	for _, p := range s.all() {
		n += p.counters.open.Load()
	}
	return n
}

func (s *Server) stop(api func() error) error {
	err := api()
	if served := <-s.serving; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.serving <- http.ErrServerClosed // so that a second call to stop does not wait
	s.leases.close()
	s.calls.Lock() // waits for calls under way; they end, because their connections are closed
	defer s.calls.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, p := range s.all() {
		all.Go(p.close)
	}
	all.Wait()
	return err
}

// all lists the proxies by name.
func (s *Server) all() []*proxy {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*proxy, 0, len(s.proxies))
	for _, name := range slices.Sorted(maps.Keys(s.proxies)) {
		list = append(list, s.proxies[name])
	}
	return list
}

func (s *Server) find(name string) (*proxy, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.proxies[name]; ok {
		return p, nil
	}
	return nil, errProxyNotFound()
}

// removeRun removes the toxics of a run that has ended.
func (s *Server) removeRun(run string) {
	for _, p := range s.all() {
		if n := p.removeToxics(func(t *toxic) bool { return t.run == run }); n > 0 {
			s.log.Warn("the run's lease is over: its toxics are removed", "run", run, "proxy", p.name, "toxics", n)
		}
	}
}

// create creates a proxy. Its name must be free.
func (s *Server) create(in proxyInput) (*proxy, error) {
	p, err := newProxy(s, in)
	if err != nil {
		return nil, err
	}
	if err := s.register(p); err != nil {
		return nil, err
	}
	if err := s.configure(p, in); err != nil {
		s.removeProxy(p)
		return nil, err
	}
	return p, nil
}

func (s *Server) register(p *proxy) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errShuttingDown()
	case s.proxies[p.name] != nil:
		return errProxyExists()
	}
	s.proxies[p.name] = p
	return nil
}

// removeProxy deletes a proxy and stops it.
func (s *Server) removeProxy(p *proxy) {
	s.mu.Lock()
	if s.proxies[p.name] == p {
		delete(s.proxies, p.name)
	}
	s.mu.Unlock()
	p.close()
}

// configure gives a new proxy the toxics of the request and then starts it, so that the
// toxics act on every connection.
func (s *Server) configure(p *proxy, in proxyInput) error {
	for _, body := range in.Toxics {
		t, err := s.parseToxicFor(p, body)
		if err != nil {
			return err
		}
		if err := s.addToxic(p, t); err != nil {
			return err
		}
	}
	if in.Enabled != nil && !*in.Enabled {
		return nil
	}
	return p.start()
}

// parseToxicFor reads a toxic and checks that it can act on the proxy.
func (s *Server) parseToxicFor(p *proxy, body json.RawMessage) (*toxic, error) {
	t, err := parseToxic(body)
	switch {
	case err != nil:
		return nil, err
	case t.message != nil:
		if err := p.currentTarget().checkToxic(t); err != nil {
			return nil, err
		}
	}
	return t, s.leases.ensure(t.run)
}

// addToxic puts a toxic on a proxy. Another call may release the toxic's run at the
// same time and remove the toxics that it sees, so addToxic checks the run's lease
// again after it has added the toxic.
func (s *Server) addToxic(p *proxy, t *toxic) error {
	if err := p.addToxic(t); err != nil {
		return err
	}
	if err := s.leases.ensure(t.run); err != nil {
		p.removeToxics(func(there *toxic) bool { return there == t })
		return err
	}
	return nil
}

// Populate creates the proxies of a JSON list, in the form of POST /populate and of
// Toxiproxy's config file. It replaces proxies that exist and differ, and leaves the
// others as they are. When the list is not valid, it changes nothing.
func (s *Server) Populate(list []byte) error {
	s.calls.RLock()
	defer s.calls.RUnlock()
	_, err := s.populate(list)
	return err
}

func (s *Server) populate(body []byte) ([]*proxy, error) {
	var inputs []proxyInput
	if err := json.Unmarshal(body, &inputs); err != nil {
		return nil, errBody(err)
	}
	for i, in := range inputs {
		if err := in.validate(fmt.Sprintf(" at proxy %d", i+1)); err != nil {
			return nil, err
		}
	}
	made := []*proxy{}
	for _, in := range inputs {
		p, err := s.replace(in)
		if err != nil {
			return made, err
		}
		made = append(made, p)
	}
	return made, nil
}

// replace creates a proxy, after removing one of the same name that differs.
func (s *Server) replace(in proxyInput) (*proxy, error) {
	if p, err := s.find(in.Name); err == nil {
		if !p.differs(in) && len(in.Toxics) == 0 {
			return p, nil
		}
		s.removeProxy(p)
	}
	return s.create(in)
}

// validate refuses a proxy without a name or a usable upstream. The error for a missing
// field says where it is missing.
func (in proxyInput) validate(where string) error {
	switch {
	case in.Name == "":
		return errMissing("name" + where)
	case in.Upstream == "":
		return errMissing("upstream" + where)
	case strings.ContainsFunc(in.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errRefused("a proxy's name must not have control characters")
	}
	_, err := parseTarget(in.Upstream)
	return err
}
