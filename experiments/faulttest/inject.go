package faulttest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// An injection is a fault in force, or what it was at its end.
type injection struct {
	fault Fault
	name  string // of its toxic
	last  proxy.ToxicStatus
	gone  bool
	taken bool // before its end, and with its counts, by way of the control API
}

// Inject puts a fault in force, on connections that are open as well, until the test has
// ended. It fails the test at once where the fault cannot be.
func (d *Dependency) Inject(tb testing.TB, f Fault) {
	tb.Helper()
	i := d.inject(tb, f)
	tb.Cleanup(func() { d.remove(tb, i) })
}

// During puts a fault in force while do runs. It is gone when During returns, however do
// ends.
func (d *Dependency) During(tb testing.TB, f Fault, do func()) {
	tb.Helper()
	i := d.inject(tb, f)
	defer d.remove(tb, i)
	do()
}

func (d *Dependency) inject(tb testing.TB, f Fault) *injection {
	tb.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	i := &injection{fault: f, name: fmt.Sprintf("%s-%d", f.kind, len(d.injected)+1)}
	toxic, err := f.toxic(i.name)
	if d.closed {
		err = errors.New("the proxy has ended with the test that made it")
	}
	if err == nil {
		err = d.server.AddToxic(d.Name, toxic)
	}
	if err != nil {
		tb.Fatalf("faulttest: %s into %s: %v", f, d.Name, err)
	}
	d.injected = append(d.injected, i)
	return i
}

func (d *Dependency) remove(tb testing.TB, i *injection) {
	tb.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	last, err := d.server.RemoveToxic(d.Name, i.name)
	i.taken = errors.Is(err, proxy.ErrNotFound)
	if err != nil && !i.taken {
		tb.Errorf("faulttest: %s is still in force on %s: %v", i.fault, d.Name, err)
		return
	}
	i.last, i.gone = last, true
}

// Counts is what has come through a proxy so far.
type Counts struct {
	// Connections are those that were accepted.
	Connections int64
	// Requests are requests, commands or statements, and connections that ended before one
	// came; 0 where the upstream has no scheme.
	Requests int64
	// DialFailed are connections that ended because the upstream could not be reached.
	DialFailed int64
	// Faults are those that were injected, in their order, those that are gone as well.
	Faults []FaultCounts
}

// FaultCounts is what one fault has met.
type FaultCounts struct {
	// Fault describes it, as [Fault.String] does.
	Fault string
	// Met counts the requests, commands, statements or, of faults on bytes, the connections
	// that it acted on; Of those that it could have acted on.
	Met, Of int64
	// InForce is false once it is removed. Whoever removes it by way of the control API
	// removes its counts, too.
	InForce bool
}

// Counts reads what has come through the proxy, and what its faults have met.
func (d *Dependency) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	c := Counts{Connections: now.Counts.Total, DialFailed: now.Counts.DialFailed}
	if now.Counts.Calls != nil {
		c.Requests = *now.Counts.Calls
	}
	for _, i := range d.injected {
		s, there := i.status(now)
		c.Faults = append(c.Faults, FaultCounts{i.fault.String(), s.Met, s.Of, there && !i.gone})
	}
	return c
}

// status is what a fault has met by now, or had met when it was removed. It is not there
// where somebody has removed it by way of the control API.
func (i *injection) status(now proxy.Status) (s proxy.ToxicStatus, there bool) {
	if i.gone {
		return i.last, !i.taken
	}
	k := slices.IndexFunc(now.Toxics, func(t proxy.ToxicStatus) bool { return t.Name == i.name })
	if k < 0 {
		return proxy.ToxicStatus{}, false
	}
	return now.Toxics[k], true
}

// Met fails the test where a fault that was injected has acted on nothing so far: such a
// test would pass as well without the fault. It says what came instead.
func (d *Dependency) Met(tb testing.TB) {
	tb.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.injected) == 0 {
		tb.Errorf("faulttest: no fault was injected into %s", d.Name)
	}
	now := d.now()
	for _, i := range d.injected {
		if why := i.unmet(now); why != "" {
			tb.Errorf("faulttest: nobody met %s into %s: %s", i.fault, d.Name, why)
		}
	}
}

// unmet says why a fault has acted on nothing; it is empty where it has.
func (i *injection) unmet(now proxy.Status) string {
	kind, _ := injectors.Lookup(i.fault.kind)
	s, there := i.status(now)
	acts := kind.Acts
	if kind.Level == injectors.Byte {
		acts = "connections"
	}
	switch {
	case s.Met > 0:
		return ""
	case !there:
		return "somebody removed it, or the proxy, by way of the control API, and what it had met with it"
	case s.Refusing:
		return "the port refuses connections before anybody can count them: look at the error that the caller gets, or accept and reset them with Share(0.999)"
	case now.Counts.DialFailed > 0:
		return fmt.Sprintf("%s came, and %s cannot be reached", figures.Plural(int(now.Counts.Total), "connection", "connections"), now.Upstream)
	case s.Of > 0:
		return fmt.Sprintf("it acted on 0 of %d %s", s.Of, acts)
	case s.Seen > 0 && len(s.Missed) > 0:
		return fmt.Sprintf("0 of %d %s match; what came was %s", s.Seen, acts, strings.Join(s.Missed, ", "))
	case s.Seen > 0:
		return fmt.Sprintf("0 of %d %s match", s.Seen, acts)
	case now.Counts.Total == 0:
		return "no connection came: does what is tested call " + now.Listen + "?"
	}
	return "no " + acts + " came while it was in force"
}
