package fleet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A carried fault is one that may be in force on servers of its group.
type carried struct {
	fault plan.Fault
	group *group
	seed  uint64

	mu           sync.Mutex
	stop         func()          // ends the watching; nil: nobody watches
	stopped      <-chan struct{} // closed when the watching has ended
	rows         map[string]*row // by URL: every server that it was to be on
	rowsAt       time.Time       // until when the times of the rows are counted; zero: they are not yet
	failingSince time.Time       // zero: the last look-up of the name succeeded
	lookUpError  string          // why it is not known who is there; empty: it is
	partialSince time.Time       // zero: it is in force wherever it is to be
	partial      time.Duration   // before that
	removing     bool
}

// A row is what is known of a fault on one server.
type row struct {
	state   journal.InstanceState
	proven  bool
	asked   bool          // it is durable that the fault is to be put there
	touched bool          // a request that puts the fault there may have been sent
	detail  string        // why it is not in force
	due     time.Duration // for how long it was to be in force
	inForce time.Duration // for how long it was

	looking sync.Mutex         // held while it is read back: of two answers, the later is noted later
	last    journal.Evidence   // of the toxic that is there, or was last
	before  []journal.Evidence // of those that were there before
}

// set changes the state of a fault on a server.
func (c *carried) set(url string, state journal.InstanceState, detail string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change(url, func(r *row) { r.state, r.detail = state, detail })
}

// expect notes that the fault is to be on a server, and reports whether it is in force there.
func (c *carried) expect(url string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.rows[url]
	switch {
	case ok && (r.state == journal.InForce || r.state == journal.InstanceSilent):
		return true
	case !ok || r.state != journal.InstanceFailed:
		c.change(url, func(r *row) { r.state, r.detail = journal.Joining, "" })
	}
	return false
}

// saw takes in that a fault was read back on a server.
func (c *carried) saw(url string, e journal.Evidence) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change(url, func(r *row) { r.saw(e) })
}

func (r *row) saw(e journal.Evidence) {
	if e.Met < r.last.Met || e.Of < r.last.Of || e.Seen < r.last.Seen { // another process, or another toxic, counts from 0
		r.before = append(r.before, r.last)
	}
	r.state, r.proven, r.detail, r.last = journal.InForce, true, "", e
}

// changeOn changes a row unless the server has left meanwhile, or the removal has begun.
func (c *carried) changeOn(url string, do func(*row)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isOnLocked(url) {
		c.change(url, do)
	}
}

// change changes a row and notes for how long the fault is partial. The caller holds mu.
func (c *carried) change(url string, do func(*row)) {
	c.countTimes()
	r, ok := c.rows[url]
	if !ok {
		r = &row{}
		c.rows[url] = r
	}
	do(r)
	c.notePartial()
}

// countTimes counts for how long the fault was in force on each server. The caller holds mu.
func (c *carried) countTimes() {
	if c.rowsAt.IsZero() {
		return
	}
	now := time.Now()
	passed := now.Sub(c.rowsAt)
	c.rowsAt = now
	for _, r := range c.rows {
		if r.state != journal.InstanceLeft {
			r.due += passed
		}
		if r.state == journal.InForce {
			r.inForce += passed
		}
	}
}

// lookUpTolerated is for how long look-ups may fail before it is not known who is there.
const lookUpTolerated = 3 * time.Second

// lookedUp takes in what became of a look-up of the name.
func (c *carried) lookedUp(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err == nil:
		c.failingSince, c.lookUpError = time.Time{}, ""
	case c.failingSince.IsZero():
		c.failingSince = time.Now()
	case time.Since(c.failingSince) > lookUpTolerated:
		c.lookUpError = err.Error()
	}
	c.notePartial()
}

// notePartial notes for how long the fault is partial. The caller holds mu.
func (c *carried) notePartial() {
	whole := c.lookUpError == ""
	for _, r := range c.rows {
		whole = whole && (r.state == journal.InForce || r.state == journal.InstanceLeft)
	}
	switch {
	case whole && !c.partialSince.IsZero():
		c.partial += time.Since(c.partialSince)
		c.partialSince = time.Time{}
	case !whole && c.partialSince.IsZero():
		c.partialSince = time.Now()
	}
}

// isWhole notes that the injection is over: until then the fault was on its way.
func (c *carried) isWhole() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.partial, c.partialSince, c.rowsAt = 0, time.Time{}, time.Now()
}

// look takes the turn to read back the fault on a server, and returns what ends it.
func (c *carried) look(url string) (end func()) {
	c.mu.Lock()
	r, ok := c.rows[url]
	c.mu.Unlock()
	if !ok {
		return func() {}
	}
	r.looking.Lock()
	return r.looking.Unlock
}

// isOn reports whether the fault is on a server and is to stay there, as far as is known.
func (c *carried) isOn(url string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isOnLocked(url)
}

// isOnLocked is isOn. The caller holds mu.
func (c *carried) isOnLocked(url string) bool {
	r, ok := c.rows[url]
	return ok && !c.removing && (r.state == journal.InForce || r.state == journal.InstanceSilent)
}

// in lists the servers on which a fault has one of these states, sorted by URL.
func (c *carried) in(states ...journal.InstanceState) (urls []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, url := range slices.Sorted(maps.Keys(c.rows)) {
		if slices.Contains(states, c.rows[url].state) {
			urls = append(urls, url)
		}
	}
	return urls
}

// all lists every server that the fault was to be on, sorted by URL.
func (c *carried) all() []string {
	return c.in(journal.InForce, journal.Joining, journal.InstanceLeft, journal.InstanceFailed, journal.InstanceSilent)
}

// forget takes a server off that the fault never was on.
func (c *carried) forget(url string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.countTimes()
	delete(c.rows, url)
	c.notePartial()
}

// isProven reports whether the fault was in force on a server.
func (c *carried) isProven(url string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.rows[url]
	return ok && r.proven
}

// errRemoving means that the removal of a fault has begun, so that nothing may be put on any
// server any more.
var errRemoving = errors.New("the fault is being removed")

// touch notes, right before the request, that a fault is put on a server. From then on its
// removal goes there too. Once the removal has begun, it is refused.
func (c *carried) touch(url string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removing {
		return errRemoving
	}
	c.change(url, func(r *row) { r.touched = true })
	return nil
}

// touched lists the servers that the fault may have been put on, sorted by URL.
func (c *carried) touched() []string {
	return slices.DeleteFunc(c.all(), func(url string) bool { return !c.isTouched(url) })
}

func (c *carried) isTouched(url string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.rows[url]
	return ok && r.touched
}

// ask makes durable, once, that the fault is to be put on a server.
func (c *carried) ask(url string, joins func(fault, instance string) error) error {
	c.mu.Lock()
	r := c.rows[url]
	asked := r != nil && r.asked
	c.mu.Unlock()
	if asked || joins == nil || c.group.name == nil || slices.Contains(c.fault.On, url) { // those of a list are in the plan's system
		return nil
	}
	if err := joins(c.fault.Name, url); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.change(url, func(r *row) { r.asked = true })
	return nil
}

// isRemoving reports whether the removal of the fault has begun.
func (c *carried) isRemoving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.removing
}

// evidence sums up what the servers showed. The fault counts as present unless detail says
// on which server it is gone although nobody removed it.
func (c *carried) evidence(detail string) journal.Evidence {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.countTimes()
	sum := journal.Evidence{Present: detail == "", Detail: detail, Counted: len(c.rows) > 0, PartialFor: c.partial, LookUpError: c.lookUpError}
	if !c.partialSince.IsZero() {
		sum.PartialFor += time.Since(c.partialSince)
	}
	for _, url := range slices.Sorted(maps.Keys(c.rows)) {
		r := c.rows[url]
		one := journal.Instance{URL: url, State: r.state, Proven: r.proven, Detail: r.detail, DueFor: r.due, InForceFor: r.inForce}
		for _, e := range append(slices.Clone(r.before), r.last) {
			one.Met, one.Of = one.Met+e.Met, one.Of+e.Of
			add(&sum, e)
		}
		sum.Counted = sum.Counted && (r.last.Counted || !r.proven)
		sum.Instances = append(sum.Instances, one)
	}
	return sum
}

// add adds what one server showed.
func add(sum *journal.Evidence, e journal.Evidence) {
	sum.Met, sum.Of, sum.Seen = sum.Met+e.Met, sum.Of+e.Of, sum.Seen+e.Seen
	sum.Refuses = sum.Refuses || e.Refuses
	for _, m := range e.Missed {
		if i := slices.IndexFunc(sum.Missed, func(o journal.Missed) bool { return o.What == m.What }); i >= 0 {
			sum.Missed[i].Count += m.Count
			continue
		}
		sum.Missed = append(sum.Missed, m)
	}
	for _, d := range e.Documents {
		addDocument(sum, d)
	}
	for reason, n := range e.Passed {
		if sum.Passed == nil {
			sum.Passed = map[string]int64{}
		}
		sum.Passed[reason] += n
	}
}

// addDocument adds one version of a document.
func addDocument(sum *journal.Evidence, d journal.Mutated) {
	i := slices.IndexFunc(sum.Documents, func(o journal.Mutated) bool { return o.Name == d.Name && o.Before == d.Before && o.After == d.After })
	if i < 0 {
		d.By = maps.Clone(d.By)
		sum.Documents = append(sum.Documents, d)
		return
	}
	o := &sum.Documents[i]
	o.Fetched += d.Fetched
	for client, n := range d.By {
		if o.By == nil {
			o.By = map[string]int64{}
		}
		o.By[client] += n
	}
}

// ofSo says on how many servers a fault is, of how many that it is to be on.
func (c *carried) ofSo() string {
	return fmt.Sprintf("%d of %d", len(c.in(journal.InForce)), len(c.in(journal.InForce, journal.Joining, journal.InstanceFailed, journal.InstanceSilent)))
}
