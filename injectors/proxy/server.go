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
	// Token, when it is not empty, is what every request must bear.
	Token string
	// Seed decides which connections a toxicity below 1 hits.
	Seed uint64
	// Certificate is shown to clients that speak TLS to a proxy whose upstream is
	// https://; nil: each proxy signs one for itself.
	Certificate *tls.Certificate
	// UpstreamRoots are whom the certificates of https:// upstreams may be signed
	// by; nil: the machine's.
	UpstreamRoots *x509.CertPool
	// Version is blastgauge's, as GET /version shows it.
	Version string
	// RuntimeMetrics and ProxyMetrics are what GET /metrics shows; without either
	// there is no such page.
	RuntimeMetrics, ProxyMetrics bool
	// Log gets what nobody else is told; nil discards it.
	Log *slog.Logger
}

// A Server is a running proxy server: a control API and the proxies that it was
// told to make.
type Server struct {
	options Options
	log     *slog.Logger
	buffers buffers
	leases  *leases
	http    *http.Server
	url     string
	local   bool // the API listens at a loopback address
	served  chan error
	calls   sync.RWMutex // read-held by whatever uses proxies, so that the end can wait for it

	mu      sync.Mutex // guards what is below; nobody waits under it
	proxies map[string]*proxy
	closed  bool
}

// Start serves the control API.
func Start(o Options) (*Server, error) {
	listener, err := net.Listen("tcp", cmp.Or(o.Listen, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("control API: %w", err)
	}
	at := listener.Addr().(*net.TCPAddr)
	s := &Server{
		options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		url: "http://" + at.String(), local: at.IP.IsLoopback(),
		served: make(chan error, 1), proxies: map[string]*proxy{},
	}
	s.leases = newLeases(func(run string) {
		s.calls.RLock()
		defer s.calls.RUnlock()
		s.expire(run)
	})
	s.http = &http.Server{
		Handler: s.handler(), ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// URL is where the control API is.
func (s *Server) URL() string { return s.url }

// Close stops the API and every proxy, and cuts every connection.
func (s *Server) Close() error {
	return s.stop(func() error { return s.http.Close() })
}

// Shutdown closes the ports, gives the connections that are open until ctx ends to
// end by themselves, and cuts those that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	for _, p := range s.all() {
		p.quiesce()
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
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.served <- http.ErrServerClosed // for whoever closes it again
	s.leases.close()
	s.calls.Lock() // calls that are under way cannot wait for anybody, now that their connections are closed
	defer s.calls.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	var all sync.WaitGroup
	for _, p := range s.all() {
		all.Go(p.retire)
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

// expire removes the toxics of a run that is not alive any more.
func (s *Server) expire(run string) {
	for _, p := range s.all() {
		if n := p.removeToxics(func(t *toxic) bool { return t.run == run }); n > 0 {
			s.log.Warn("the run's lease is over: its toxics are removed", "run", run, "proxy", p.name, "toxics", n)
		}
	}
}

// create makes a proxy under a name that is free.
func (s *Server) create(in proxyInput) (*proxy, error) {
	p, err := newProxy(s, in)
	if err != nil {
		return nil, err
	}
	if err := s.put(p); err != nil {
		return nil, err
	}
	if err := s.furnish(p, in); err != nil {
		s.drop(p)
		return nil, err
	}
	return p, nil
}

func (s *Server) put(p *proxy) error {
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

// drop forgets a proxy and stops it.
func (s *Server) drop(p *proxy) {
	s.mu.Lock()
	if s.proxies[p.name] == p {
		delete(s.proxies, p.name)
	}
	s.mu.Unlock()
	p.retire()
}

// furnish gives a new proxy the toxics of the request and starts it, in this order:
// no connection is carried without them.
func (s *Server) furnish(p *proxy, in proxyInput) error {
	for _, body := range in.Toxics {
		t, err := s.parse(p, body)
		if err != nil {
			return err
		}
		if err := s.add(p, t); err != nil {
			return err
		}
	}
	if in.Enabled != nil && !*in.Enabled {
		return nil
	}
	return p.start()
}

// parse reads a toxic for a proxy.
func (s *Server) parse(p *proxy, body json.RawMessage) (*toxic, error) {
	t, err := parseToxic(body)
	switch {
	case err != nil:
		return nil, err
	case t.message != nil:
		if err := p.goal().takes(t); err != nil {
			return nil, err
		}
	}
	return t, s.leases.born(t.run)
}

// add puts a toxic on a proxy. Its run may be released meanwhile: whoever did that
// removed what was there, so it is asked for again once the toxic is.
func (s *Server) add(p *proxy, t *toxic) error {
	if err := p.addToxic(t); err != nil {
		return err
	}
	if err := s.leases.born(t.run); err != nil {
		p.removeToxics(func(there *toxic) bool { return there == t })
		return err
	}
	return nil
}

// Populate makes the proxies of a list in JSON, as POST /populate and a config
// file have it. Those that exist and differ are replaced, those that do not are
// left as they are. Nothing is changed when the list makes no sense.
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
		if err := in.check(fmt.Sprintf(" at proxy %d", i+1)); err != nil {
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

// replace makes a proxy, in the place of another of its name where that differs.
func (s *Server) replace(in proxyInput) (*proxy, error) {
	if p, err := s.find(in.Name); err == nil {
		if !p.differs(in) && len(in.Toxics) == 0 {
			return p, nil
		}
		s.drop(p)
	}
	return s.create(in)
}

// check refuses a proxy that lacks what it needs.
func (in proxyInput) check(where string) error {
	switch {
	case in.Name == "":
		return errMissing("name" + where)
	case in.Upstream == "":
		return errMissing("upstream" + where)
	case strings.ContainsFunc(in.Name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errRefused("a proxy's name holds no control characters")
	}
	_, err := parseTarget(in.Upstream)
	return err
}
