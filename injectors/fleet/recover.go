package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
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

// answering asks every server that has not ended, and leaves out those that end while they
// are asked.
func (f *Fleet) answering(ask func(*server) error) error {
	for _, g := range f.groups {
		if !slices.ContainsFunc(f.all(), func(s *server) bool { return s.group == g || g.has(s.url) }) { // then silence proves nothing
			return fmt.Errorf("no Toxiproxy at %s is known", g.sources[0])
		}
	}
	list := slices.DeleteFunc(f.all(), (*server).hasEnded)
	return each(list, func(s *server) error {
		if err := ask(s); err != nil {
			return f.decideRefused(s, err)
		}
		return nil
	})
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

// Recreate makes a proxy anew on every server, see [toxiproxy.Driver.Recreate].
func (f *Fleet) Recreate(ctx context.Context, fault plan.Fault) error {
	return each(f.targets(fault, f.groupOf(fault)), func(s *server) error {
		return s.driver.Recreate(ctx, fault.Proxy, fault.Listen, fault.Upstream)
	})
}

// Each returns a fleet of one for every server that is there now, which dials any host.
func (f *Fleet) Each() (list []*Fleet) {
	for _, s := range f.here() {
		list = append(list, New(Options{System: &experiments.System{Toxiproxy: s.url}, Token: f.o.Token, AnyHost: f.o.AnyHost}))
	}
	return list
}

// counters are what the proxies of one server have carried, over the lives of its process.
type counters struct {
	before map[string]journal.Traffic // by proxy, of lives that are over
	last   map[string]journal.Traffic
}

// Carried returns what each proxy has carried so far on all servers, sorted by name, see
// [toxiproxy.Driver.Carried]. What a server counted that has gone stays, and one that began
// anew takes nothing away. It reports false where a server does not count.
func (f *Fleet) Carried(ctx context.Context) ([]journal.Traffic, bool, error) {
	list := f.here()
	if len(list) == 1 && len(f.groups) == 1 && f.groups[0].isOne() {
		return list[0].driver.Carried(ctx)
	}
	counted := make([]bool, len(list))
	err := each(list, func(s *server) error {
		seen, counts, err := s.driver.Carried(ctx)
		if err != nil {
			return err
		}
		counted[slices.Index(list, s)] = counts
		f.note(s, seen)
		return nil
	})
	if err != nil || slices.Contains(counted, false) {
		return nil, false, err
	}
	return f.sumCarried(), true, nil
}

// note takes in what the proxies of a server have carried. Only those of its dependencies
// count.
func (f *Fleet) note(s *server, seen []journal.Traffic) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.counts[s.url]
	if !ok {
		c = &counters{before: map[string]journal.Traffic{}, last: map[string]journal.Traffic{}}
		f.counts[s.url] = c
	}
	for _, t := range seen {
		if !f.serves(s, t.Proxy) {
			continue
		}
		if last := c.last[t.Proxy]; t.Connections < last.Connections || t.Bytes < last.Bytes { // another process counts from 0
			c.before[t.Proxy] = plus(c.before[t.Proxy], last)
		}
		c.last[t.Proxy] = t
	}
}

// serves reports whether a proxy of a server is that of a dependency which is behind it, or
// of none.
func (f *Fleet) serves(s *server, proxy string) bool {
	for _, d := range f.o.System.Dependencies {
		if d.ProxyName() == proxy {
			g := f.of[d.Name]
			return g == s.group || g != nil && g.has(s.url)
		}
	}
	return true
}

func (f *Fleet) sumCarried() []journal.Traffic {
	f.mu.Lock()
	defer f.mu.Unlock()
	sums := map[string]journal.Traffic{}
	for _, url := range slices.Sorted(maps.Keys(f.counts)) {
		for _, part := range []map[string]journal.Traffic{f.counts[url].before, f.counts[url].last} {
			for proxy, t := range part {
				sums[proxy] = plus(sums[proxy], t)
			}
		}
	}
	var list []journal.Traffic
	for _, proxy := range slices.Sorted(maps.Keys(sums)) {
		list = append(list, sums[proxy])
	}
	return list
}

// plus adds what two servers carried. The zero value adds nothing.
func plus(a, b journal.Traffic) journal.Traffic {
	if a.Proxy == "" {
		return b
	}
	sum := journal.Traffic{Proxy: a.Proxy, Connections: a.Connections + b.Connections, Bytes: a.Bytes + b.Bytes, DialFailed: a.DialFailed + b.DialFailed}
	if a.Calls != nil && b.Calls != nil {
		calls := *a.Calls + *b.Calls
		sum.Calls = &calls
	}
	sum.Answers = plusAnswers(a.Answers, b.Answers)
	return sum
}

// plusAnswers adds how long two upstreams took to answer, shortest first.
func plusAnswers(a, b []journal.AnswerCount) []journal.AnswerCount {
	list := slices.Clone(a)
	for _, c := range b {
		i := slices.IndexFunc(list, func(o journal.AnswerCount) bool { return o.AtLeast == c.AtLeast })
		if i < 0 {
			list = append(list, c)
			continue
		}
		list[i].Answered, list[i].GivenUp = list[i].Answered+c.Answered, list[i].GivenUp+c.GivenUp
	}
	slices.SortFunc(list, func(x, y journal.AnswerCount) int { return cmp.Compare(x.AtLeast, y.AtLeast) })
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
