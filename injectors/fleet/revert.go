package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// leftTimeout is how long one attempt of a removal waits for a server that may have left
// its name.
const leftTimeout = 2 * time.Second

// Revert removes f from every server that it may be on, and reads back that it is gone
// there, see [toxiproxy.Driver.Revert]. A server that does not answer counts as clean only
// once it has left its name, and refuses connections or its lease has lapsed.
func (f *Fleet) Revert(ctx context.Context, fault plan.Fault) error {
	return f.revert(ctx, fault, func(ctx context.Context, s *server) error { return s.driver.Revert(ctx, fault) })
}

func (f *Fleet) revert(ctx context.Context, fault plan.Fault, on func(context.Context, *server) error) error {
	f.endWatch(fault.Name)
	list := f.targets(fault, f.groupOf(fault))
	if len(list) == 0 && f.carriedFault(fault.Name) == nil { // else it was put nowhere
		return f.errNoGroup(fault)
	}
	return f.revertEach(ctx, list, on)
}

// revertAgain is how long a removal waits between two attempts on one server.
const revertAgain = 100 * time.Millisecond

// revertEach removes a fault from every server at once: one that does not answer takes
// nobody's turn. Where an attempt fails, it is made again until every server has had its
// first, so that nobody waits for the slowest one; from then on the caller tries again.
func (f *Fleet) revertEach(ctx context.Context, list []*server, on func(context.Context, *server) error) error {
	var first sync.WaitGroup
	first.Add(len(list))
	tried := make(chan struct{})
	go func() { first.Wait(); close(tried) }()
	return eachOf(list, len(list), func(s *server) error {
		once := sync.OnceFunc(first.Done)
		for {
			err := f.revertOn(ctx, s, on)
			once()
			if err == nil || isHopeless(err) {
				return err
			}
			select {
			case <-time.After(revertAgain):
			case <-tried:
				return err
			case <-ctx.Done():
				return err
			}
		}
	})
}

// targets lists the servers that a fault may be on: those that this process put it on,
// and where this process did not do that, every one that its group, its plan or the journal
// names.
func (f *Fleet) targets(fault plan.Fault, g *group) []*server {
	urls := map[string]bool{}
	if c := f.carriedFault(fault.Name); c != nil {
		for _, url := range c.touched() {
			urls[url] = true
		}
	} else {
		for _, s := range f.all() {
			if g == nil || slices.Contains(s.in(), g) {
				urls[s.url] = true
			}
		}
		for _, url := range fault.On {
			urls[url] = true
		}
	}
	f.mu.Lock()
	for _, url := range f.joined[fault.Name] {
		urls[url] = true
	}
	f.mu.Unlock()
	var list []*server
	for _, url := range slices.Sorted(maps.Keys(urls)) {
		if s := f.knownServer(url, g); s != nil {
			list = append(list, s)
		}
	}
	return list
}

// knownServer is the server at a URL; nil: it is not known, and no name of the group makes
// it one that may be asked.
func (f *Fleet) knownServer(url string, g *group) *server {
	f.mu.Lock()
	s := f.servers[url]
	f.mu.Unlock()
	if s == nil && g != nil && g.name != nil {
		return f.server(url, g)
	}
	return s
}

// revertOn removes a fault from one server.
func (f *Fleet) revertOn(ctx context.Context, s *server, on func(context.Context, *server) error) error {
	if s.hasEnded() {
		return nil
	}
	s.mu.Lock()
	left := s.left
	s.mu.Unlock()
	left = left || f.hasLeft(s)
	attempt, cancel := ctx, func() {}
	if left {
		attempt, cancel = context.WithTimeout(ctx, leftTimeout)
	}
	err := on(attempt, s)
	cancel()
	if err == nil {
		return nil
	}
	if answered(err) {
		return err
	}
	if err = f.decideRefused(s, err); err == nil || !s.mayLeave() || !f.isGone(ctx, s) {
		return err
	}
	return f.awaitLapse(ctx, s, err)
}

// answered reports whether a server answered, so that its state is known.
func answered(err error) bool {
	_, ok := errors.AsType[*toxiproxy.StatusError](err)
	return ok || errors.Is(err, toxiproxy.ErrUnproven)
}

// awaitLapse proves that a fault has ended on a server that has left its name and does not
// answer.
func (f *Fleet) awaitLapse(ctx context.Context, s *server, err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.refused != nil { // which says that it is no proof
			return err
		}
		return nil // its process has ended
	}
	at := f.lapsesAt(s)
	if at.IsZero() {
		return fmt.Errorf("%w (it has left the name %s, which proves nothing of it)", err, s.group.name.Name)
	}
	f.endLeaseOf(s)
	at, _ = latest(at, s)
	select {
	case <-time.After(time.Until(at)):
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w (it has left the name %s, and its lease lapses in %s with the fault)", err, s.group.name.Name, max(0, time.Until(at)).Round(time.Second))
	}
}

// lapsesAt is when the lease of the run on a server lapses at the latest, with its faults;
// zero: they outlive it, or it is not known.
func (f *Fleet) lapsesAt(s *server) time.Time {
	if at, leased := s.driver.Lapses(); leased {
		return at
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lapse
}

// latest is when the lease of a server lapses, now that nobody renews it any more.
func latest(at time.Time, s *server) (time.Time, bool) {
	if end, leased := s.driver.Lapses(); leased && end.After(at) {
		return end, true
	}
	return at, false
}

// endLeaseOf stops renewing the lease of a server that has left.
func (f *Fleet) endLeaseOf(s *server) {
	s.mu.Lock()
	s.left = true
	release := s.release
	s.release, s.leased = nil, false
	s.mu.Unlock()
	if release != nil {
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = release(ended) // it does not answer, and lapses
	}
}

// LeasesLapse says until when the leases of a run that is over last at the most, on servers
// that hold leases.
func (f *Fleet) LeasesLapse(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lapse = at
}

// OfDeadRun returns an injector that removes what a run left which is over. It does not
// enable a stock proxy that another run may have taken down meanwhile: a toxic carries the
// name of its run, and a disabled proxy does not.
func (f *Fleet) OfDeadRun(run string) engine.Injector { return ofDeadRun{f, run} }

type ofDeadRun struct {
	*Fleet
	run string
}

func (o ofDeadRun) Revert(ctx context.Context, fault plan.Fault) error {
	return o.revert(ctx, fault, func(ctx context.Context, s *server) error {
		if other := o.otherOwner(ctx, s, fault); other != "" {
			if err := s.driver.Absent(ctx, fault); err != nil {
				return fmt.Errorf("run %s has the lease of the server now and may have taken proxy %s down itself: try again when that run is over: %w", other, fault.Proxy, err)
			}
			return nil
		}
		return s.driver.Revert(ctx, fault)
	})
}

// otherOwner is the run that may have disabled the proxy of a fault itself; empty: none.
func (o ofDeadRun) otherOwner(ctx context.Context, s *server, fault plan.Fault) string {
	if fault.Inject != "down" {
		return ""
	}
	other, err := s.driver.Owner(ctx)
	kind, asked := s.driver.Identify(ctx)
	if errors.Join(err, asked) != nil || kind.Kind != toxiproxy.KindStock || other == o.run {
		return ""
	}
	return other
}

// ManualRemoval returns the shell commands that remove f without blastgauge, one a line: one
// for each server that it may be on, without those where it is proven gone.
func (f *Fleet) ManualRemoval(ctx context.Context, fault plan.Fault) string {
	list := f.targets(fault, f.groupOf(fault))
	lines := make([]string, len(list))
	_ = each(list, func(s *server) error {
		if len(list) == 1 || s.driver.Absent(ctx, fault) != nil {
			lines[slices.Index(list, s)] = s.driver.ManualRemoval(ctx, fault)
		}
		return nil
	})
	lines = slices.DeleteFunc(lines, func(line string) bool { return line == "" })
	return strings.Join(lines, "\n  ")
}

// Know tells the fleet on which servers a run has put its faults: those of its plan, and
// those that joined it. They are found without asking for any name.
func (f *Fleet) Know(p *plan.Plan, joined []journal.Joined) {
	if p != nil {
		for _, e := range p.Experiments {
			for _, fault := range e.Faults {
				f.knowOn(fault, fault.On)
			}
		}
	}
	for _, j := range joined {
		if fault, ok := find(p, j.Fault); ok {
			f.knowOn(fault, []string{j.Instance})
			continue
		}
		for _, g := range f.groups {
			f.server(j.Instance, g)
		}
	}
}

func find(p *plan.Plan, name string) (plan.Fault, bool) {
	if p == nil {
		return plan.Fault{}, false
	}
	for _, e := range p.Experiments {
		for _, fault := range e.Faults {
			if fault.Name == name {
				return fault, true
			}
		}
	}
	return plan.Fault{}, false
}

// knowOn makes the servers of a name known that a fault is on. Fixed ones are known, and no
// other URL stands for them.
func (f *Fleet) knowOn(fault plan.Fault, urls []string) {
	g := f.groupOf(fault)
	if g == nil || g.name == nil {
		return
	}
	for _, url := range urls {
		f.server(url, g)
		f.mu.Lock()
		f.joined[fault.Name] = append(f.joined[fault.Name], url)
		f.mu.Unlock()
	}
}

// LookAround looks up who is behind the names of the fleet now, beside those that are known.
// The error says which names, and which servers behind them that nobody has named, gave no
// answer: what is there is not known. For a fault, unseen returns what of that is about it.
func (f *Fleet) LookAround(ctx context.Context) (unseen func(plan.Fault) error, err error) {
	errs := make([]error, len(f.groups))
	err = each(f.groups, func(g *group) (err error) {
		if g.name == nil || !f.needs(g) {
			return nil
		}
		urls, err := f.lookUp(ctx, *g.name)
		if err == nil {
			err = each(urls, func(url string) error { return f.lookAt(ctx, url, g) })
		}
		errs[slices.Index(f.groups, g)] = err
		return err
	})
	return func(fault plan.Fault) error {
		if i := slices.Index(f.groups, f.groupOf(fault)); i >= 0 {
			return errs[i]
		}
		return err
	}, err
}

// lookAt makes a server known, unless it does not answer.
func (f *Fleet) lookAt(ctx context.Context, url string, g *group) error {
	f.mu.Lock()
	_, known := f.servers[url]
	f.mu.Unlock()
	if known {
		return nil
	}
	if _, err := f.server(url, g).driver.Identify(ctx); err != nil {
		f.mu.Lock()
		delete(f.servers, url)
		f.mu.Unlock()
		return err
	}
	return nil
}
