// Package fleet puts one fault on many Toxiproxies, and proves and removes it on each.
//
// A dependency is behind one Toxiproxy, behind a list of them, or behind all addresses of a
// name, which come and go. One server is a fleet of one. An injection is all or none. While
// a fault is in force, an instance that comes gets it within a second, and of one that goes
// its end is proven: the instance answers without the fault, or it refuses connections, or
// the lease has lapsed with which its toxics go.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Options say which Toxiproxies a fleet has. Only System is needed.
type Options struct {
	// System says which Toxiproxies its dependencies are behind.
	System *experiments.System
	// Token is sent to each as a bearer token; empty: none.
	Token string
	// AnyHost dials hosts that the system does not allow: removing a fault is always allowed.
	AnyHost bool
	// Lost is called when a lease has ended before its release, and the run has to end. May
	// be nil. It must not call release.
	Lost func(error)
	// LookUp looks up a name; nil asks DNS.
	LookUp LookUp
}

// A Fleet drives the Toxiproxies of one system. Several goroutines may use it.
type Fleet struct {
	o      Options
	groups []*group          // each once, in the order of the system
	of     map[string]*group // by dependency

	mu        sync.Mutex
	servers   map[string]*server // by URL
	faults    map[string]*carried
	run       string    // that has the leases; empty: none has
	kind      string    // of its servers, as Identify found it
	lapse     time.Time // see [Fleet.LeasesLapse]
	plan      *plan.Plan
	joins     func(fault, instance string) error // makes durable that an instance is to be touched
	refused   func(error) error                  // see [Fleet.WhenRefused]
	known     []*plan.Plan                       // see [Fleet.MarkKnown]
	unsettled []string                           // faults, see [Fleet.MarkUnsettled]
	joined    map[string][]string                // instances by fault, that came while a run went on which is over
	counts    map[string]*counters               // by instance
	counting  bool                               // they were read before
	needed    map[*group]bool                    // nil: all are, see [Fleet.NeedOnly]
}

// A server is one Toxiproxy.
type server struct {
	url    string // without a trailing slash
	group  *group // the first that named it
	driver *toxiproxy.Driver

	leasing sync.Mutex // held while a lease is taken: one renewal is enough

	mu      sync.Mutex
	groups  []*group                    // every one that named it: two dependencies may share a server
	release func(context.Context) error // ends the lease; nil: there never was one
	leased  bool
	left    bool // it has left its name
	ended   bool // it refuses connections, and its faults are gone: see [Fleet.WhenRefused]
}

// New makes a fleet. It does not connect yet.
func New(o Options) *Fleet {
	if o.Lost == nil {
		o.Lost = func(error) {}
	}
	f := &Fleet{o: o, of: map[string]*group{}, servers: map[string]*server{}, faults: map[string]*carried{}, joined: map[string][]string{}, counts: map[string]*counters{}}
	if o.LookUp == nil {
		f.o.LookUp = f.askDNS
	}
	if o.System.Toxiproxy != "" {
		f.addGroup([]string{o.System.Toxiproxy})
	}
	for _, d := range o.System.Dependencies {
		if sources := o.System.ToxiproxiesOf(d); len(sources) > 0 {
			f.of[d.Name] = f.addGroup(sources)
		}
	}
	return f
}

// addGroup returns the group of these sources, each once.
func (f *Fleet) addGroup(named []string) *group {
	var sources []string // each once, however it is written
	for _, source := range named {
		if source = strings.TrimRight(source, "/"); !slices.Contains(sources, source) {
			sources = append(sources, source)
		}
	}
	for _, g := range f.groups {
		if slices.Equal(g.sources, sources) {
			return g
		}
	}
	g := &group{sources: sources}
	if n, ok := experiments.ParseDNSName(sources[0]); ok {
		g.name = &n
	} else {
		g.urls = sources
	}
	f.groups = append(f.groups, g)
	for _, url := range g.urls {
		f.server(url, g)
	}
	return g
}

// HasNames reports whether servers of the fleet may come and go.
func (f *Fleet) HasNames() bool {
	return slices.ContainsFunc(f.groups, func(g *group) bool { return g.name != nil })
}

// groupOf is the group that a fault is put on; nil: nothing says which.
func (f *Fleet) groupOf(fault plan.Fault) *group {
	if g, ok := f.of[fault.Into]; ok {
		return g
	}
	if len(f.groups) == 1 {
		return f.groups[0]
	}
	return nil
}

// server returns the server at a URL of a group.
func (f *Fleet) server(url string, g *group) *server {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s, ok := f.servers[url]; ok {
		s.belongsTo(g)
		return s
	}
	s := &server{url: url, group: g, groups: []*group{g}}
	s.driver = toxiproxy.New(toxiproxy.Options{URL: url, Token: f.o.Token, Dial: f.dialer(g), Lost: func(err error) { f.lost(s, err) }})
	for _, p := range f.known {
		s.driver.MarkKnown(p)
	}
	for _, fault := range f.unsettled {
		s.driver.MarkUnsettled(fault)
	}
	f.servers[url] = s
	return s
}

// belongsTo notes that a group has named the server.
func (s *server) belongsTo(g *group) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g != nil && !slices.Contains(s.groups, g) {
		s.groups = append(s.groups, g)
	}
}

// in lists the groups that have named the server.
func (s *server) in() []*group {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.groups)
}

// mayLeave reports whether the server may come and go: no list names it.
func (s *server) mayLeave() bool {
	return !slices.ContainsFunc(s.in(), func(g *group) bool { return g.name == nil })
}

// hasLeft reports whether no group has a server now, as far as is known.
func (f *Fleet) hasLeft(s *server) bool {
	return !slices.ContainsFunc(s.in(), func(g *group) bool { return g.has(s.url) })
}

// dialer returns what makes the connections to the servers of a group. Those of a name are
// allowed as the name is.
func (f *Fleet) dialer(g *group) func(ctx context.Context, network, address string) (net.Conn, error) {
	policy := f.o.System.Hosts()
	switch {
	case f.o.AnyHost:
		return nil
	case g.name == nil:
		return hosts.Dialer{Policy: policy}.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if err := checkInstance(policy, g.name.Name, address); err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
}

// all lists the servers of the fleet that are known, sorted by URL.
func (f *Fleet) all() []*server {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []*server
	for _, url := range slices.Sorted(maps.Keys(f.servers)) {
		list = append(list, f.servers[url])
	}
	return list
}

// here lists the servers that are there now, sorted by URL.
func (f *Fleet) here() []*server {
	return slices.DeleteFunc(f.all(), func(s *server) bool {
		return !slices.ContainsFunc(f.groups, func(g *group) bool { return g.has(s.url) })
	})
}

// A place is one server of one group: two dependencies may be behind the same server.
type place struct {
	server *server
	group  *group
}

// places lists the servers that are there now, for each group.
func (f *Fleet) places() (list []place) {
	for _, g := range f.groups {
		for _, url := range g.list() {
			list = append(list, place{f.server(url, g), g})
		}
	}
	return list
}

// lost decides what it means that the lease on a server has ended. Of several servers, one
// that is out of reach is no reason to end the run.
func (f *Fleet) lost(s *server, err error) {
	s.mu.Lock()
	s.leased = false
	left := s.left
	s.mu.Unlock()
	switch {
	case left:
	case s.group.isOne(), errors.Is(err, toxiproxy.ErrRefused), toxiproxy.IsLost(err):
		f.o.Lost(err)
	}
}

// atOnce is how many servers are asked side by side.
const atOnce = 32

// each calls do for every server, side by side, and returns the errors in their order.
func each[T any](list []T, do func(T) error) error { return eachOf(list, atOnce, do) }

// eachOf is each, with at most so many calls at once.
func eachOf[T any](list []T, atOnce int, do func(T) error) error {
	errs := make([]error, len(list))
	turns := make(chan struct{}, atOnce)
	var calls sync.WaitGroup
	for i, s := range list {
		turns <- struct{}{}
		calls.Go(func() {
			defer func() { <-turns }()
			errs[i] = do(s)
		})
	}
	calls.Wait()
	return join(errs)
}

// join joins errors. Of one it returns that one as it is.
func join(errs []error) error {
	errs = slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return several{errors.Join(errs...), errs}
}

// several are the errors of several servers.
type several struct {
	error
	errs []error
}

func (e several) Unwrap() []error { return e.errs }

// Hopeless reports that trying again is of no use on any of them.
func (e several) Hopeless() bool {
	return !slices.ContainsFunc(e.errs, func(err error) bool { return !isHopeless(err) })
}

// isHopeless reports that trying again is of no use after an error.
func isHopeless(err error) bool {
	h, ok := errors.AsType[interface {
		error
		Hopeless() bool
	}](err)
	return ok && h.Hopeless()
}

// WhenRefused says what decides whether the faults on a server that refuses connections are
// gone: nil says that they are, as the server ended and took them along. Without it, they
// never are, as a server that restarts is back soon.
func (f *Fleet) WhenRefused(decide func(error) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused = decide
}

// decideRefused asks what it means that a server refuses connections.
func (f *Fleet) decideRefused(s *server, err error) error {
	f.mu.Lock()
	decide := f.refused
	f.mu.Unlock()
	if decide == nil || !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	err = decide(err)
	s.ended = err == nil
	return err
}

// Ended reports whether every server has ended and took its faults along.
func (f *Fleet) Ended() bool {
	list := f.all()
	return len(list) > 0 && !slices.ContainsFunc(list, func(s *server) bool { return !s.hasEnded() })
}

func (s *server) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// errNone means that a dependency is behind no Toxiproxy.
var errNone = errors.New("the system names no Toxiproxy")

func (f *Fleet) checkSome() error {
	if len(f.groups) == 0 {
		return fmt.Errorf("%w: %w", experiments.ErrInvalid, errNone)
	}
	return nil
}
