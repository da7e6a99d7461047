package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// MarkKnown tells every server what [toxiproxy.Driver.MarkKnown] does.
func (f *Fleet) MarkKnown(p *plan.Plan) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.known = append(f.known, p)
	for _, s := range f.servers {
		s.driver.MarkKnown(p)
	}
}

// MarkUnsettled tells every server what [toxiproxy.Driver.MarkUnsettled] does.
func (f *Fleet) MarkUnsettled(fault string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unsettled = append(f.unsettled, fault)
	for _, s := range f.servers {
		s.driver.MarkUnsettled(fault)
	}
}

// answering asks every server that is needed and has not ended, and leaves out those that end
// while they are asked. A group of which no server is known is an error beside theirs: then
// silence proves nothing.
func (f *Fleet) answering(ask func(*server) error) error {
	var errs []error
	list := f.ofNeed(f.all())
	for _, g := range f.groups {
		if f.needs(g) && !slices.ContainsFunc(list, func(s *server) bool { return slices.Contains(s.in(), g) || g.has(s.url) }) {
			errs = append(errs, fmt.Errorf("no Toxiproxy at %s is known", g.sources[0]))
		}
	}
	errs = append(errs, each(slices.DeleteFunc(list, (*server).hasEnded), func(s *server) error {
		if err := ask(s); err != nil {
			return f.decideRefused(s, err)
		}
		return nil
	}))
	return join(errs)
}

// Leftovers lists blastgauge's toxics on all servers, each name and proxy once, see
// [toxiproxy.Driver.Leftovers]. It returns those of the servers that answered beside an
// error.
func (f *Fleet) Leftovers(ctx context.Context) ([]plan.Fault, error) {
	found := map[[2]string]plan.Fault{}
	lists := make(chan []plan.Fault, len(f.all()))
	err := f.answering(func(s *server) error {
		list, err := s.driver.Leftovers(ctx)
		lists <- list
		return err
	})
	close(lists)
	for list := range lists {
		for _, fault := range list {
			found[[2]string{fault.Name, fault.Proxy}] = fault
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b plan.Fault) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Proxy, b.Proxy))
	}), err
}

// Proxies lists the proxies of all servers, see [toxiproxy.Driver.Proxies].
func (f *Fleet) Proxies(ctx context.Context) ([]toxiproxy.Proxy, error) {
	lists := make(chan []toxiproxy.Proxy, len(f.all()))
	err := f.answering(func(s *server) error {
		list, err := s.driver.Proxies(ctx)
		lists <- list
		return err
	})
	close(lists)
	var all []toxiproxy.Proxy
	for list := range lists {
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b toxiproxy.Proxy) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// Owner returns the run that has a server now, or "" when none has, see
// [toxiproxy.Driver.Owner].
func (f *Fleet) Owner(ctx context.Context) (run string, err error) {
	owners := make(chan string, len(f.all()))
	err = f.answering(func(s *server) error {
		owner, err := s.driver.Owner(ctx)
		owners <- owner
		return err
	})
	close(owners)
	for owner := range owners {
		run = cmp.Or(run, owner)
	}
	return run, err
}

// Release ends the leases of a run that has died, see [toxiproxy.Driver.Release].
func (f *Fleet) Release(ctx context.Context, run string) error {
	return f.answering(func(s *server) error { return s.driver.Release(ctx, run) })
}

// Recreate makes the proxy of a fault anew, see [toxiproxy.Driver.Recreate]: on one server as
// it is asked for, and of several only on those where the fault cannot be removed. It returns
// the servers where it did.
func (f *Fleet) Recreate(ctx context.Context, fault plan.Fault) (on []string, err error) {
	list := f.targets(fault, f.groupOf(fault))
	if len(list) == 0 {
		return nil, f.errNoGroup(fault)
	}
	made := make([]string, len(list))
	err = each(list, func(s *server) error {
		if len(list) > 1 && f.isRemovable(ctx, s, fault) {
			return nil
		}
		err := s.driver.Recreate(ctx, fault.Proxy, fault.Listen, fault.Upstream)
		if err == nil {
			made[slices.Index(list, s)] = s.url
		}
		return err
	})
	return slices.DeleteFunc(made, func(url string) bool { return url == "" }), err
}

// isRemovable reports whether a fault is gone from a server now, and removes it if it can.
func (f *Fleet) isRemovable(ctx context.Context, s *server, fault plan.Fault) bool {
	ctx, cancel := context.WithTimeout(ctx, leftTimeout)
	defer cancel()
	if s.driver.Absent(ctx, fault) == nil {
		return true
	}
	run, _, _ := injectors.ParseFaultName(fault.Name)
	return ofDeadRun{f, run}.otherOwner(ctx, s, fault) == "" && s.driver.Revert(ctx, fault) == nil
}

// Each returns a fleet of one for every server that is there now, which dials any host.
func (f *Fleet) Each() (list []*Fleet) {
	for _, s := range f.here() {
		list = append(list, New(Options{System: &experiments.System{Toxiproxy: s.url}, Token: f.o.Token, AnyHost: f.o.AnyHost}))
	}
	return list
}

// Absent returns nil when f is proven not to be in force on any server.
func (f *Fleet) Absent(ctx context.Context, fault plan.Fault) error {
	list := f.targets(fault, f.groupOf(fault))
	if len(list) == 0 {
		return errors.Join(f.checkSome(), errNone)
	}
	return each(list, func(s *server) error { return s.driver.Absent(ctx, fault) })
}
