package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

const (
	askAgain = 300 * time.Millisecond // after a look-up that failed, before an injection
	askTimes = 3

	undoTimeout = 2 * time.Second // of a fault that is not in force everywhere; the caller removes it again
)

// Inject puts f on every server of its dependency that is there now, or on so many as its
// share says, and reads it back on each. Where one refuses it, it is taken back from all.
// From then on, until Revert, a server that comes gets it as well.
func (f *Fleet) Inject(ctx context.Context, fault plan.Fault) error {
	g := f.groupOf(fault)
	if g == nil {
		return f.errNoGroup(fault)
	}
	if err := f.refreshPatiently(ctx, g); err != nil {
		return err
	}
	c := &carried{fault: fault, group: g, seed: f.seedOf(fault), rows: map[string]*row{}}
	urls := choose(fault, g.list(), c.seed, fault.On)
	if n := fault.Instances; n != nil && len(urls) < n.Take {
		return fmt.Errorf("%s into %s is for %s instances, and there are only %d now: %s", fault.Inject, fault.Into, n, len(urls), strings.Join(urls, ", "))
	}
	f.endWatch(fault.Name)
	for _, url := range urls {
		c.set(url, journal.Joining, "")
	}
	f.mu.Lock()
	f.faults[fault.Name] = c
	f.mu.Unlock()
	if err := f.injectAll(ctx, c, urls); err != nil {
		return err
	}
	c.isWhole()
	if !g.isOne() {
		f.startWatch(c)
	}
	return nil
}

func (f *Fleet) errNoGroup(fault plan.Fault) error {
	if err := f.checkSome(); err != nil {
		return err
	}
	return fmt.Errorf("nothing says which Toxiproxy %s is behind", fault.Into)
}

// refreshPatiently looks up a group more than once: a DNS server that stumbles is no reason
// to give up a run.
func (f *Fleet) refreshPatiently(ctx context.Context, g *group) (err error) {
	for range askTimes {
		if err = f.refresh(ctx, g); err == nil {
			return nil
		}
		select {
		case <-time.After(askAgain):
		case <-ctx.Done():
			return err
		}
	}
	return err
}

// injectAll injects a fault on every server, or on none.
func (f *Fleet) injectAll(ctx context.Context, c *carried, urls []string) error {
	list := f.at(urls, c.group)
	if c.group.isOne() {
		if err := c.touch(list[0].url); err != nil {
			return err
		}
		return list[0].driver.Inject(ctx, c.fault)
	}
	all, cancel := context.WithCancel(ctx)
	defer cancel()
	err := each(list, func(s *server) error {
		err := f.injectOn(all, c, s)
		if err != nil {
			c.set(s.url, journal.InstanceFailed, err.Error())
			cancel() // the others need not go on
		}
		return err
	})
	if err == nil {
		return nil
	}
	err = firstReason(err)
	undo, end := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer end()
	if failed := f.Revert(undo, c.fault); failed != nil {
		return fmt.Errorf("%w; and what was injected elsewhere is not proven gone: %w", err, failed)
	}
	return fmt.Errorf("%w; what was injected elsewhere is removed", err)
}

// firstReason leaves out the servers that were given up because of another one.
func firstReason(err error) error {
	all, ok := errors.AsType[several](err)
	if !ok {
		return err
	}
	var errs []error
	for _, e := range all.errs {
		if !errors.Is(e, context.Canceled) {
			errs = append(errs, e)
		}
	}
	if len(errs) == 0 {
		return err
	}
	return join(errs)
}

// at returns the servers at URLs of a group.
func (f *Fleet) at(urls []string, g *group) (list []*server) {
	for _, url := range urls {
		list = append(list, f.server(url, g))
	}
	return list
}

// injectOn puts a fault on one server and reads it back.
func (f *Fleet) injectOn(ctx context.Context, c *carried, s *server) error {
	if err := f.reserve(ctx, c, s); err != nil {
		return err
	}
	if err := c.touch(s.url); err != nil {
		return err
	}
	if err := s.driver.Inject(ctx, c.fault); err != nil {
		return err
	}
	e, err := s.driver.Check(ctx, c.fault)
	switch {
	case err != nil:
		return err
	case !e.Present:
		return fmt.Errorf("%s: not in force: %s", s.url, e.Detail)
	}
	c.saw(s.url, e)
	return nil
}

// reserve makes durable that a server is to be touched which the plan does not name, and
// looks at one that has come since the run began and takes its lease.
func (f *Fleet) reserve(ctx context.Context, c *carried, s *server) error {
	f.mu.Lock()
	run, joins := f.run, f.joins
	f.mu.Unlock()
	ready := run == "" || s.hasLease()
	if !ready {
		if err := f.inspect(ctx, c, s); err != nil {
			return err
		}
	}
	if err := c.ask(s.url, joins); err != nil || ready {
		return err
	}
	if c.isRemoving() { // the journal may have taken its time
		return errRemoving
	}
	s.returns()
	return f.lease(ctx, s, run)
}

// inspect finds out whether a fault may be put on a server that has come since the run
// began.
func (f *Fleet) inspect(ctx context.Context, c *carried, s *server) error {
	f.mu.Lock()
	kind, p := f.kind, f.plan
	f.mu.Unlock()
	now, err := s.driver.Identify(ctx)
	switch {
	case err != nil:
		return err
	case kind == toxiproxy.KindOurs && now.Kind != kind: // without leases, nothing of the others is promised of it
		return fmt.Errorf("%w: %s is a %s Toxiproxy, and those that were there are blastgauge proxies", experiments.ErrRefused, s.url, now.Kind)
	case p == nil:
		return nil
	}
	return s.driver.Preflight(ctx, only(f.part(p, c.group), c.fault))
}

// only is a plan of one fault.
func only(p *plan.Plan, fault plan.Fault) *plan.Plan {
	one := *p
	one.Experiments = []plan.Experiment{{Faults: []plan.Fault{fault}}}
	one.Scan = nil
	return &one
}

// seedOf is what chooses the instances of a fault.
func (f *Fleet) seedOf(fault plan.Fault) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.plan == nil {
		return 0
	}
	for _, e := range f.plan.Experiments {
		if slices.ContainsFunc(e.Faults, func(other plan.Fault) bool { return other.Name == fault.Name }) {
			return e.Seed
		}
	}
	return f.plan.Seed
}

func (f *Fleet) carriedFault(name string) *carried {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.faults[name]
}

// Check reads back whether f is in force, and what the servers counted. It is present
// unless a server has lost it although nobody removed it. Servers that have just come, that
// have died and those without an answer make it partial, see [journal.Evidence]. The error
// means that half of the servers or more did not answer.
func (f *Fleet) Check(ctx context.Context, fault plan.Fault) (journal.Evidence, error) {
	g := f.groupOf(fault)
	if g == nil {
		return journal.Evidence{}, f.errNoGroup(fault)
	}
	c := f.carriedFault(fault.Name)
	switch {
	case g.isOne():
		return f.checkOne(ctx, fault, f.server(g.sources[0], g))
	case c == nil:
		return f.look(ctx, fault, g)
	}
	list := f.at(c.in(journal.InForce, journal.InstanceSilent), g)
	gone := make([]string, len(list))
	silent := eachOf(list, len(list), func(s *server) (err error) {
		gone[slices.Index(list, s)], err = f.checkOn(ctx, c, s)
		return err
	})
	if n := len(c.in(journal.InForce, journal.InstanceSilent)); silent != nil && count(silent) >= n-count(silent) || n == 0 {
		return journal.Evidence{}, join([]error{silent, f.errNowhere(c, n)})
	}
	return c.evidence(first(gone)), nil
}

const (
	checkTimeout = time.Second           // of the reading back on one of several servers
	checkMargin  = 50 * time.Millisecond // by which it ends before the caller gives up on all
)

// checkTime is how long one server may take within ctx. It is not whole where the caller
// has so little time that no answer says nothing.
func checkTime(ctx context.Context) (most time.Duration, whole bool) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return checkTimeout, true
	}
	left := time.Until(deadline)
	left -= min(left/4, checkMargin)
	return min(checkTimeout, left), left >= checkTimeout
}

// checkOn reads back a fault on one of several servers. gone is what is there instead of a
// fault that was taken away.
func (f *Fleet) checkOn(ctx context.Context, c *carried, s *server) (gone string, err error) {
	defer c.look(s.url)()
	most, whole := checkTime(ctx)
	one, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	e, err := s.driver.Check(one, c.fault)
	switch {
	case err == nil && !e.Present:
		return f.missed(one, c, s, e.Detail)
	case err == nil:
		c.changeOn(s.url, func(r *row) { r.saw(e) })
	case errors.Is(err, syscall.ECONNREFUSED):
		c.changeOn(s.url, func(r *row) { r.state, r.detail = journal.InstanceFailed, err.Error() }) // when it answers again, it may be another process
		return "", nil
	case !c.isOn(s.url):
		return "", nil
	case whole && ctx.Err() == nil:
		c.changeOn(s.url, func(r *row) { r.state, r.detail = journal.InstanceSilent, err.Error() })
	}
	return "", err
}

// missed decides what it means that a server does not have a fault. With the lease of the run,
// somebody took the fault away. Without, the server has begun anew or was out of reach, and
// gets it again.
func (f *Fleet) missed(ctx context.Context, c *carried, s *server, detail string) (gone string, err error) {
	held := true
	if run := f.runs(); run != "" && c.isOn(s.url) {
		held, err = s.driver.Holds(ctx, run)
	}
	switch {
	case !c.isOn(s.url): // its end was meant
		return "", nil
	case err != nil:
		return "", err
	case held:
		return s.url + ": " + detail, nil
	}
	c.changeOn(s.url, func(r *row) { r.state, r.detail = journal.InstanceFailed, detail })
	s.forgetLease()
	return "", nil
}

// checkOne reads back a fault on the one server of its dependency.
func (f *Fleet) checkOne(ctx context.Context, fault plan.Fault, s *server) (journal.Evidence, error) {
	e, err := s.driver.Check(ctx, fault)
	if err == nil && f.isNamed(fault) {
		state := journal.InForce
		if !e.Present {
			state = journal.InstanceFailed
		}
		e.Instances = []journal.Instance{{URL: s.url, State: state, Proven: e.Present, Met: e.Met, Of: e.Of, Detail: e.Detail}}
	}
	return e, err
}

// first is the first text that is not empty.
func first(list []string) string {
	if i := slices.IndexFunc(list, func(text string) bool { return text != "" }); i >= 0 {
		return list[i]
	}
	return ""
}

// errNowhere is why a fault that is in force on no server cannot be read back.
func (f *Fleet) errNowhere(c *carried, n int) error {
	if n > 0 {
		return nil
	}
	return fmt.Errorf("%s is in force on %s instances", c.fault.Name, c.ofSo())
}

// count is how many errors there are of servers.
func count(err error) int {
	if all, ok := errors.AsType[several](err); ok {
		return len(all.errs)
	}
	if err != nil {
		return 1
	}
	return 0
}

// look reads back a fault that this process did not inject.
func (f *Fleet) look(ctx context.Context, fault plan.Fault, g *group) (journal.Evidence, error) {
	c := &carried{fault: fault, group: g, rows: map[string]*row{}}
	list := f.targets(fault, g)
	gone := make([]string, len(list))
	err := each(list, func(s *server) error {
		e, err := s.driver.Check(ctx, fault)
		switch {
		case err != nil:
			return err
		case !e.Present:
			gone[slices.Index(list, s)] = s.url + ": " + e.Detail
			c.set(s.url, journal.InstanceFailed, e.Detail)
		default:
			c.saw(s.url, e)
		}
		return nil
	})
	if err != nil {
		return journal.Evidence{}, err
	}
	return c.evidence(first(gone)), nil
}
