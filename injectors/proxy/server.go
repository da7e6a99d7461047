package proxy

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
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
	// Certificate is for clients of proxies that speak TLS: those of https:// upstreams, and
	// of postgres://. When it is nil, each proxy signs one for itself where its upstream is
	// encrypted.
	Certificate *tls.Certificate
	// UpstreamRoots are the roots that the certificates of upstreams are checked against,
	// whatever their protocol; nil: the machine's.
	UpstreamRoots *x509.CertPool
	// Version is blastgauge's, as GET /version shows it.
	Version string
	// Metrics returns what serves /metrics, such as that of package metrics; nil: there is no
	// such page.
	Metrics func(*Server) http.Handler
	// State is a directory where a block is kept over a restart; empty: none is.
	State string
	// Log gets messages about what no answer of the API can report; nil discards them.
	Log *slog.Logger
}

// A Server is a running proxy server: a control API, and the proxies that its clients
// created.
type Server struct {
	options  Options
	log      *slog.Logger
	buffers  buffers
	traffic  traffic
	sessions gateway.Sessions // of PostgreSQL, of all proxies
	leases   *leases
	http     *http.Server
	url      string
	local    bool         // the API listens at a loopback address
	listener net.Listener // of the API; nil: see [New]
	serve    sync.Once
	serving  chan error   // once it has served: why it ended
	calls    sync.RWMutex // read-locked by every call that uses proxies, so that stop can wait for them

	blocking sync.Mutex // held while a block is set or lifted, and kept

	// changes is held while proxies are made, moved, started and deleted: a change is made
	// ready as a whole before it is made. Toxics come and go without it.
	changes sync.Mutex

	mu      sync.Mutex // guards what is below; never held while waiting
	proxies map[string]*proxy
	closed  bool
}

// Start listens and serves the control API in the background.
func Start(o Options) (*Server, error) {
	s, err := Listen(o)
	if err != nil {
		return nil, err
	}
	s.Serve()
	return s, nil
}

// Listen opens the port of the control API. Nobody is answered before [Server.Serve], so
// that the first answer of the API can mean that all proxies of a list are there.
func Listen(o Options) (*Server, error) {
	listener, err := net.Listen("tcp", cmp.Or(o.Listen, "127.0.0.1:0"))
	if err != nil {
		return nil, fmt.Errorf("control API: %w", err)
	}
	at := listener.Addr().(*net.TCPAddr)
	s := New(o)
	s.url, s.local, s.listener = "http://"+at.String(), at.IP.IsLoopback(), listener
	if err := s.readBlock(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s.http = &http.Server{
		Handler: s.Handler(), ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
		ReadTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10,
	}
	return s, nil
}

// New returns a server without a port for its control API: who has it uses it from Go, or
// serves its [Server.Handler]. Of the options Listen and State mean nothing.
func New(o Options) *Server {
	s := &Server{
		options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)),
		local: true, serving: make(chan error, 1), proxies: map[string]*proxy{}, traffic: newTraffic(mostFiles()),
	}
	s.leases = newLeases(func(run string) error {
		s.calls.RLock()
		defer s.calls.RUnlock()
		return s.removeRun(run)
	})
	return s
}

// Serve serves the control API in the background. A second call does nothing.
func (s *Server) Serve() {
	s.serve.Do(func() { go func() { s.serving <- s.http.Serve(s.listener) }() })
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
	err := s.stopAPI(api)
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

func (s *Server) stopAPI(stop func() error) error {
	if s.listener == nil {
		return nil
	}
	err := stop()
	s.Serve() // closes the port, where it was not served yet
	if served := <-s.serving; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	s.serving <- http.ErrServerClosed // so that a second call does not wait
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

// removeRun removes the toxics of a run that has ended. Those that it cannot remove, the
// run's lease will bring it back to.
func (s *Server) removeRun(run string) error {
	var errs []error
	for _, p := range s.all() {
		removed, err := p.removeToxics(func(t *toxic) bool { return t.run == run })
		if errs = append(errs, err); len(removed) > 0 {
			s.log.Warn("the run's lease is over: its toxics are removed", "run", run, "proxy", p.name, "toxics", len(removed))
		}
	}
	return errors.Join(errs...)
}

// create creates a proxy. Its name must be free.
func (s *Server) create(in proxyInput) (*proxy, error) {
	in.nobody = in.lookUp()
	s.changes.Lock()
	defer s.changes.Unlock()
	if _, err := s.find(in.Name); err == nil {
		return nil, errProxyExists()
	}
	c, err := s.prepareNew(in)
	if err != nil {
		return nil, err
	}
	_, err = s.perform(c)
	return c.proxy, err
}

// prepareNew returns the change that makes a new proxy.
func (s *Server) prepareNew(in proxyInput) (*change, error) {
	c, err := prepare(s.newProxy(in.Name), in)
	if err != nil {
		return nil, err
	}
	c.isNew = true
	return c, c.replaceToxics(s, in)
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// list puts a proxy on the server's list.
func (s *Server) list(p *proxy) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.proxies[p.name] = p
}

// update changes what a request names of a proxy: where it listens, where it leads, and
// whether it is enabled.
func (s *Server) update(p *proxy, in proxyUpdate) error {
	if in.Listen != nil { // before the lock: a name may take its time
		at, err := net.ResolveTCPAddr("tcp", *in.Listen)
		if err != nil {
			return err
		}
		in.at = at.String()
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	if now, err := s.find(p.name); err != nil || now != p {
		return errProxyNotFound()
	}
	c, err := prepare(p, in.over(p.view()))
	if err != nil {
		return err
	}
	if err := c.checkToxics(p.activeToxics()); err != nil {
		return err
	}
	_, err = s.perform(c)
	return err
}

// remove deletes a proxy and stops it.
func (s *Server) remove(p *proxy) {
	s.changes.Lock()
	defer s.changes.Unlock()
	s.mu.Lock()
	if s.proxies[p.name] == p {
		delete(s.proxies, p.name)
	}
	s.mu.Unlock()
	p.close()
}

// addToxic puts a toxic on a proxy, in the form of POST /proxies/{proxy}/toxics. Another
// call may release the toxic's run at the same time and remove the toxics that it sees, so
// addToxic checks the run's lease again after it has added the toxic. The run's time begins
// then: what is refused lengthens no lease.
func (s *Server) addToxic(p *proxy, body []byte) (*toxic, error) {
	t, err := parseToxic(body, p.hasToxic)
	if err != nil {
		return nil, err
	}
	if err := s.leases.check(t.run); err != nil {
		return nil, err
	}
	if err := p.addToxic(t); err != nil {
		return nil, err
	}
	if err := s.leases.ensure(t.run); err != nil {
		_, undone := p.removeToxics(func(there *toxic) bool { return there == t })
		return nil, errors.Join(err, undone)
	}
	return t, nil
}

// Populate creates the proxies of a JSON list, in the form of POST /populate and of
// Toxiproxy's config file. It changes proxies that exist and differ, and leaves the
// others as they are. Where something is wrong with the list, it changes nothing; where a
// port cannot be opened, the proxies before that one are made. The error is a [ListError]
// where the list is to blame, and not the machine.
func (s *Server) Populate(list []byte) error {
	s.calls.RLock()
	defer s.calls.RUnlock()
	made, err := s.populate(list)
	for _, p := range made {
		v := p.view()
		s.log.Info("proxy made from a list", "proxy", v.Name, "listen", v.Listen, "upstream", v.Upstream, "enabled", v.Enabled)
	}
	return err
}

// populate makes the proxies of a list. It returns them; with an error, those before the
// one that the error is about.
func (s *Server) populate(body []byte) ([]*proxy, error) {
	inputs, err := readList(body)
	if err != nil {
		return nil, err
	}
	s.changes.Lock()
	defer s.changes.Unlock()
	listed, changes := []*proxy{}, []*change{}
	for i, in := range inputs {
		p, c, err := s.prepareListed(in)
		if err != nil {
			return nil, mistake(body, i, about(in.Name, err))
		}
		if listed = append(listed, p); c != nil {
			changes = append(changes, c)
		}
	}
	c, err := s.perform(changes...)
	if err == nil {
		return listed, nil
	}
	if c != nil {
		err = mistake(body, slices.Index(listed, c.proxy), about(c.proxy.name, err))
	}
	missing := slices.IndexFunc(listed, func(p *proxy) bool {
		return slices.ContainsFunc(changes, func(c *change) bool { return c.proxy == p && !c.made })
	})
	return listed[:max(missing, 0)], err
}

// readList reads a list of proxies, and looks up where they are to listen.
func readList(body []byte) ([]proxyInput, error) {
	inputs, err := decodeList(body)
	if err != nil {
		return nil, err
	}
	for i := range inputs {
		in := &inputs[i]
		if err := in.missing(fmt.Sprintf(" at proxy %d", i+1)); err != nil {
			return nil, mistake(body, i, err)
		}
		if err := checkName(fmt.Sprintf("proxy %d", i+1), in.Name); err != nil {
			return nil, mistake(body, i, err)
		}
		in.nobody = in.lookUp()
		for j, earlier := range inputs[:i] {
			if earlier.Name == in.Name {
				return nil, mistake(body, i, errRefused("proxies %d and %d of the list have the same name, %s", j+1, i+1, in.Name))
			}
		}
	}
	return inputs, nil
}

// prepareListed returns the proxy of a list, and the change that makes it what the list
// says; nil: it is that already, and keeps its toxics.
func (s *Server) prepareListed(in proxyInput) (*proxy, *change, error) {
	p, err := s.find(in.Name)
	if err != nil {
		c, err := s.prepareNew(in)
		if err != nil {
			return nil, nil, err
		}
		return c.proxy, c, nil
	}
	c, err := prepare(p, in)
	if err != nil {
		return nil, nil, err
	}
	if !c.moves && len(in.Toxics) == 0 {
		return p, nil, nil
	}
	return p, c, c.replaceToxics(s, in)
}
