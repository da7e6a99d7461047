package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// NeedOnly says that only the Toxiproxies are needed which faults of a plan are put on: the
// others need not answer, and are not reserved. Without such a fault, all are needed.
func (f *Fleet) NeedOnly(p *plan.Plan) {
	var needed map[*group]bool
	for _, e := range p.Experiments {
		for _, fault := range e.Faults {
			if g := f.groupOf(fault); g != nil && fault.Proxy != "" {
				if needed == nil {
					needed = map[*group]bool{}
				}
				needed[g] = true
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.needed = needed
}

func (f *Fleet) needs(g *group) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.needed == nil || f.needed[g]
}

// ofNeed leaves out servers of groups that are not needed.
func (f *Fleet) ofNeed(list []*server) []*server {
	return slices.DeleteFunc(list, func(s *server) bool {
		return !slices.ContainsFunc(s.in(), f.needs) && !slices.ContainsFunc(f.groups, func(g *group) bool { return f.needs(g) && g.has(s.url) })
	})
}

// placesOfNeed lists the servers that are there now, for each group that is needed.
func (f *Fleet) placesOfNeed() []place {
	return slices.DeleteFunc(f.places(), func(at place) bool { return !f.needs(at.group) })
}

// undoLeaseTimeout is how long the leases are released that a run got before one was refused.
const undoLeaseTimeout = time.Second

// A Server is one Toxiproxy as it answers.
type Server struct {
	URL string // without credentials
	journal.Toxiproxy
}

// Servers looks up who is there, and asks each that is needed which kind of server it is. A
// name that cannot be looked up is an error, and so is a server that does not answer.
func (f *Fleet) Servers(ctx context.Context) ([]Server, error) {
	if err := f.checkSome(); err != nil {
		return nil, err
	}
	for _, g := range f.groups {
		if err := f.refresh(ctx, g); err != nil && f.needs(g) {
			return nil, err
		}
	}
	list := f.ofNeed(f.here())
	servers := make([]Server, len(list))
	err := each(list, func(s *server) error {
		kind, err := s.driver.Identify(ctx)
		servers[slices.Index(list, s)] = Server{s.url, kind}
		return err
	})
	return servers, err
}

// Identify asks which kind of server answers. Of several it is the one that can do least: a
// stock server if one of them is.
func (f *Fleet) Identify(ctx context.Context) (journal.Toxiproxy, error) {
	servers, err := f.Servers(ctx)
	if err != nil {
		return journal.Toxiproxy{}, err
	}
	least := servers[0].Toxiproxy
	if i := slices.IndexFunc(servers, func(s Server) bool { return s.Kind == toxiproxy.KindStock }); i >= 0 {
		least = servers[i].Toxiproxy
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kind = least.Kind
	return least, nil
}

// URLs lists the servers that are known: those of the system, those that were looked up and
// those that a run had.
func (f *Fleet) URLs() []string {
	var list []string
	for _, s := range f.all() {
		list = append(list, s.url)
	}
	return list
}

// Acquire reserves every server that is needed for one run, see [toxiproxy.Driver.Acquire]. Where one
// refuses, none is reserved.
func (f *Fleet) Acquire(ctx context.Context, run string) (release func(context.Context) error, err error) {
	for _, s := range f.ofNeed(f.here()) { // one after the other: of two runs that start, one gets all
		if err := f.lease(ctx, s, run); err != nil {
			undo, end := context.WithTimeout(context.WithoutCancel(ctx), undoLeaseTimeout)
			defer end()
			_ = f.releaseAll(undo) // what cannot be released lapses, and why it failed is what counts
			return nil, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.run = run
	return f.releaseAll, nil
}

// lease takes the lease of one server, unless it is there.
func (f *Fleet) lease(ctx context.Context, s *server, run string) error {
	s.leasing.Lock()
	defer s.leasing.Unlock()
	s.mu.Lock()
	leased, before := s.leased, s.release
	s.mu.Unlock()
	if leased {
		return nil
	}
	if before != nil { // its renewals have ended: see lost
		ended, cancel := context.WithCancel(ctx)
		cancel()
		_ = before(ended)
	}
	release, err := s.driver.Acquire(ctx, run)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if !errors.Is(err, toxiproxy.ErrRefused) { // the call may have arrived without an answer
			s.release = func(ctx context.Context) error { return s.driver.Release(ctx, run) }
		}
		return err
	}
	s.release, s.leased = release, true
	return nil
}

// releaseAll ends the leases of the run. That of a server which is gone lapses.
func (f *Fleet) releaseAll(ctx context.Context) error {
	return each(f.all(), func(s *server) error {
		s.mu.Lock()
		release, left := s.release, s.left
		s.release, s.leased = nil, false
		s.mu.Unlock()
		if release == nil {
			return nil
		}
		err := release(ctx)
		switch {
		case err == nil, left, errors.Is(err, syscall.ECONNREFUSED) && !s.group.isOne(), f.isGone(ctx, s):
			return nil // it lapses, or has ended with its server
		}
		return err
	})
}

// part is a plan with what is about one group alone.
func (f *Fleet) part(p *plan.Plan, g *group) *plan.Plan {
	one := *p
	one.System.Dependencies = slices.DeleteFunc(slices.Clone(p.System.Dependencies), func(d experiments.Dependency) bool { return f.of[d.Name] != g })
	one.Experiments = slices.Clone(p.Experiments)
	for i := range one.Experiments {
		e := &one.Experiments[i]
		e.Faults = slices.DeleteFunc(slices.Clone(e.Faults), func(fault plan.Fault) bool { return f.groupOf(fault) != g })
	}
	return &one
}

// Preflight checks the proxies of the plan on every server, see
// [toxiproxy.Driver.Preflight], and whether there are as many as its faults say.
func (f *Fleet) Preflight(ctx context.Context, p *plan.Plan) error {
	errs := []error{each(f.places(), func(at place) error {
		err := at.server.driver.Preflight(ctx, f.part(p, at.group))
		if !f.needs(at.group) && !errors.Is(err, experiments.ErrRefused) {
			return nil // it need not answer; where it does, its proxies must lead to hosts that are allowed
		}
		return err
	})}
	for _, e := range p.Experiments {
		for _, fault := range e.Faults {
			g := f.groupOf(fault)
			if fault.Instances == nil || g == nil {
				continue
			}
			if n := len(g.list()); n != fault.Instances.Of {
				errs = append(errs, fmt.Errorf("%w: experiment %s: %s into %s is for %s instances, and there are %d: %s",
					experiments.ErrInvalid, e.ID, fault.Inject, fault.Into, fault.Instances, n, strings.Join(g.list(), ", ")))
			}
		}
	}
	return join(errs)
}

// CreateMissing creates the proxies that the plan's faults need, see
// [toxiproxy.Driver.CreateMissing], on every server that lacks them.
func (f *Fleet) CreateMissing(ctx context.Context, p *plan.Plan) error {
	return each(f.placesOfNeed(), func(at place) error { return at.server.driver.CreateMissing(ctx, f.part(p, at.group)) })
}

// Create creates the proxy of a dependency on each of its servers.
func (f *Fleet) Create(ctx context.Context, d experiments.Dependency) error {
	g := f.of[d.Name]
	if g == nil {
		return f.checkSome()
	}
	for _, url := range g.list() {
		if err := f.server(url, g).driver.Create(ctx, d.ProxyName(), d.Listen, d.Upstream); err != nil {
			return err
		}
	}
	return nil
}

// Fill returns a copy of p that says which instances each fault is put on, where its
// dependency has Toxiproxies of its own. Where a dependency is behind one server, it also
// says where the proxy listens and leads, see [toxiproxy.Driver.Fill]. Several need not
// agree in that, nor those that come later.
func (f *Fleet) Fill(ctx context.Context, p *plan.Plan) (*plan.Plan, error) {
	filled := *p
	filled.Experiments = slices.Clone(p.Experiments)
	for i := range filled.Experiments {
		filled.Experiments[i].Faults = slices.Clone(p.Experiments[i].Faults)
	}
	for _, at := range f.placesOfNeed() {
		seen, err := at.server.driver.Fill(ctx, p)
		if err != nil {
			return nil, err
		}
		for i := range filled.Experiments {
			for j := range filled.Experiments[i].Faults {
				if fault, now := &filled.Experiments[i].Faults[j], seen.Experiments[i].Faults[j]; at.group.isOne() && fault.Proxy != "" && f.groupOf(*fault) == at.group {
					fault.Listen, fault.Upstream = now.Listen, now.Upstream
				}
			}
		}
	}
	for i := range filled.Experiments {
		e := &filled.Experiments[i]
		for j := range e.Faults {
			if fault := &e.Faults[j]; fault.Proxy != "" && f.isNamed(*fault) {
				fault.On = choose(*fault, f.groupOf(*fault).list(), e.Seed, nil)
			}
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plan = &filled
	return &filled, nil
}

// isNamed reports whether the dependency of a fault has Toxiproxies of its own.
func (f *Fleet) isNamed(fault plan.Fault) bool {
	d, ok := f.o.System.Dependency(fault.Into)
	return ok && len(d.Toxiproxy) > 0
}

// choose returns the instances that a fault is put on: those that it is on already, and
// others by the seed.
func choose(fault plan.Fault, urls []string, seed uint64, on []string) []string {
	if fault.Instances == nil {
		return urls
	}
	rank := func(url string) uint64 {
		h := fnv.New64a()
		_, _ = fmt.Fprintf(h, "%d %s", seed, url) // a hash takes everything
		return h.Sum64()
	}
	list := slices.Clone(urls)
	slices.SortStableFunc(list, func(a, b string) int {
		first, second := slices.Contains(on, a), slices.Contains(on, b)
		if first != second {
			if first {
				return -1
			}
			return 1
		}
		return cmp.Compare(rank(a), rank(b))
	})
	list = list[:min(len(list), fault.Instances.Take)]
	slices.Sort(list)
	return list
}

// OnJoin says what makes it durable that a server which came while the run went on is to
// carry a fault. It is called before anything is changed there; after an error nothing is.
func (f *Fleet) OnJoin(joins func(fault, instance string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joins = joins
}
