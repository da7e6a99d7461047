package scan

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

const (
	// sparse is the share of what was to be expected below which a fault hardly met
	// anything. Calls per journey vary, but not tenfold.
	sparse = 0.1
	// asCalled is the share of the calls of the baseline that a fault of a pool must have
	// met at the least: the rest allows for journeys that began late.
	asCalled = 0.9
	// retried is the share of the calls of the baseline beyond which callers try again, and
	// calls tell no more how many journeys came that far.
	retried = 1.2
	// leastReaction is how often a fault must have been met before a circuit breaker can
	// be why no more calls came.
	leastReaction = 5
	// leastIdle is how many calls without journeys tell how often these come: one or two may be
	// stragglers, and a dependency that is called by nothing else is not tried. Health checks
	// once a second are as many within the time before the traffic of a scan.
	leastIdle = 3
	// leastTold is how many connections must be expected in a cell before they tell how
	// often a dependency is called: connections that are kept open tell nothing.
	leastTold = 5
)

// A flow is what a proxy carries beyond what it does without journeys, per journey that may
// use it.
type flow struct {
	calls, connections float64
	callsKnown         bool
}

// best is the flow in the unit that tells most.
func (f flow) best() float64 {
	if f.callsKnown {
		return f.calls
	}
	return f.connections
}

// A crowd is how many journeys there were in some time.
type crowd struct {
	passing  float64 // that may use the proxies
	faultArm float64
}

// traffic finds what a proxy carried.
func traffic(list []journal.Traffic, proxy string) (journal.Traffic, bool) {
	for _, t := range list {
		if t.Proxy == proxy {
			return t, true
		}
	}
	return journal.Traffic{}, false
}

// proxyOf is the name of a dependency's proxy.
func (s *Scan) proxyOf(dependency string) string {
	for _, d := range s.plan.System.Dependencies {
		if d.Name == dependency {
			return d.ProxyName()
		}
	}
	return dependency
}

// idleRate is what a proxy carries per second without journeys; nothing where that is not
// known.
func (s *Scan) idleRate(proxy string) journal.IdleRate {
	for _, r := range s.exercise.Idle {
		if r.Proxy == proxy {
			return r
		}
	}
	return journal.IdleRate{}
}

// flowOf is what journeys made of what a proxy carried in some time.
func (s *Scan) flowOf(t journal.Traffic, took time.Duration, c crowd) flow {
	idle, seconds := s.idleRate(t.Proxy), took.Seconds()
	f := flow{connections: max(0, float64(t.Connections)-idle.Connections*seconds) / c.passing}
	if t.Calls != nil {
		f.calls, f.callsKnown = max(0, float64(*t.Calls)-idle.Calls*seconds)/c.passing, true
	}
	return f
}

// usual is what journeys made a dependency's proxy carry in the baseline; false where the
// server does not count.
func (s *Scan) usual(dependency string) (flow, bool) {
	if s.exercise == nil {
		return flow{}, false
	}
	t, ok := traffic(s.exercise.Carried, s.proxyOf(dependency))
	if c := s.before(); ok && c.passing > 0 {
		return s.flowOf(t, s.exercise.To-s.exercise.From, c), true
	}
	return flow{}, false
}

// under is the same under the faults of a cell.
func (s *Scan) under(r *record, dependency string) (flow, bool) {
	if s.exercise == nil || r.end == nil {
		return flow{}, false
	}
	t, ok := traffic(r.end.Carried, s.proxyOf(dependency))
	if c := s.during(r); ok && c.passing > 0 {
		return s.flowOf(t, r.inForce(), c), true
	}
	return flow{}, false
}

// before are the journeys of the baseline. Those of both arms use the proxies where faults
// act on those requests alone that carry the mark of the fault arm.
func (s *Scan) before() crowd {
	var c crowd
	if s.exercise == nil {
		return c
	}
	for _, j := range s.exercise.Journeys {
		c.faultArm += float64(j.Fault.Of)
		c.passing += float64(j.Fault.Of)
		if s.experiment().Tagged {
			c.passing += float64(j.Control.Of)
		}
	}
	if started := total(s.exercise.Started); started > 0 && c.faultArm > 0 {
		c.passing *= float64(started) / c.faultArm
		c.faultArm = float64(started)
	}
	return c
}

func total(counts []int) (n int) {
	for _, v := range counts {
		n += max(0, v)
	}
	return n
}

// during are the journeys that were to start under the faults of a cell.
func (s *Scan) during(r *record) crowd {
	before, started := s.before(), 0
	for _, j := range r.end.Journeys {
		started += j.Started
	}
	if before.faultArm <= 0 {
		return crowd{}
	}
	return crowd{before.passing / before.faultArm * float64(started), float64(started)}
}

// exercised reports whether journeys call a dependency; known is false where nobody can
// tell. That it carries no more than without journeys is known where it carries nothing, or
// where that was enough to count.
func (s *Scan) exercised(dependency string) (called, known bool) {
	if _, known := s.usual(dependency); !known {
		return false, false
	}
	t, _ := traffic(s.exercise.Carried, s.proxyOf(dependency))
	idle, seconds := s.idleRate(t.Proxy), (s.exercise.To - s.exercise.From).Seconds()
	switch {
	case t.Calls != nil:
		called = beyond(*t.Calls, idle.Calls*seconds)
		return called, called || *t.Calls == 0 || idle.Seconds == 0 || idle.Calls*idle.Seconds >= leastIdle
	case beyond(t.Connections, idle.Connections*seconds):
		return true, true
	}
	return false, t.Bytes == 0 // connections that were open before carry calls as well
}

// beyond reports whether a count is clearly more than was to be expected.
func beyond(count int64, expected float64) bool { return stats.PoissonLow(float64(count)) > expected }

// onMessages reports whether a fault counts single requests. Others count connections.
func onMessages(f plan.Fault) bool {
	kind, _ := injectors.Lookup(f.Inject)
	return kind.Level == injectors.Message
}

// metOf is what fault i of a cell met; false where that is not counted, as of whoever is
// refused.
func (r *record) metOf(i int) (journal.CellMet, bool) {
	for _, m := range r.end.Met {
		if m.Fault == r.Faults[i].Name {
			return m, m.Counted && !m.Refuses
		}
	}
	return journal.CellMet{}, false
}

// expected is how many requests, or connections, a fault of a cell should have met if
// journeys called as in the baseline; false where that is not known.
func (s *Scan) expected(r *record, i int) (float64, bool) {
	f := r.Faults[i]
	usual, ok := s.usual(f.Into)
	if onMessages(f) {
		return usual.calls * s.during(r).faultArm, ok && usual.callsKnown
	}
	return usual.connections * s.during(r).passing, ok
}

// met reports whether every fault of a cell that is counted met about what it should have.
// Fewer calls after the first that met it are the work of a circuit breaker.
func (s *Scan) met(r *record) bool {
	for i, f := range r.Faults {
		m, counted := r.metOf(i)
		if !counted {
			continue
		}
		expected, known := s.expected(r, i)
		if m.Met == 0 || known && float64(m.Met) < sparse*expected && !s.stoppedCalling(r, f, m) {
			return false
		}
	}
	return true
}

// stoppedCalling reports whether a fault was met often enough to react to, by about all
// that came and could meet it.
func (s *Scan) stoppedCalling(r *record, f plan.Fault, m journal.CellMet) bool {
	came, known := s.under(r, f.Into)
	if !known || m.Met < leastReaction {
		return false
	}
	switch {
	case onMessages(f) && m.Of > 0: // of some calls only those count that can meet it, such as the end of a transaction
		return 2*m.Met >= m.Of
	case onMessages(f):
		return float64(m.Met) >= came.calls*s.during(r).faultArm/2
	}
	return float64(m.Met) >= came.connections*s.during(r).passing/2
}

// countable reports whether a pool can tell that a fault of it was met as often as its
// dependency is called.
func (s *Scan) countable(at place) bool {
	usual, ok := s.usual(at.dependency)
	if usual.callsKnown || !ok {
		return ok
	}
	baseline := (s.exercise.To - s.exercise.From).Seconds()
	return !onMessages(s.faults[at]) && usual.connections*s.before().passing/baseline*plan.UsualCell.Seconds() >= leastTold
}

// tooRare reports whether journeys call a dependency so rarely that the harm of none of
// their kinds could be beyond its limit, if one kind made all these calls.
func (s *Scan) tooRare(dependency string) bool {
	usual, known := s.usual(dependency)
	if !known || !usual.callsKnown {
		return false
	}
	for k, share := range s.shares() {
		if j := s.experiment().Journeys[k]; share <= 0 || usual.calls > j.Limit*share {
			return false
		}
	}
	return true
}

// shares are how many of all journeys of the baseline each kind was, by the plan.
func (s *Scan) shares() []float64 {
	list, all := make([]float64, len(s.experiment().Journeys)), 0.0
	for k := range list {
		if k < len(s.exercise.Journeys) {
			list[k] = float64(max(0, s.exercise.Journeys[k].Fault.Of))
			all += list[k]
		}
	}
	for k := range list {
		list[k] /= max(1, all)
	}
	return list
}

// asUsual reports whether a dependency was called as often as in the baseline: by all kinds
// of journeys, if all are needed for it.
func (s *Scan) asUsual(calls, usual float64) bool {
	least := asCalled
	for _, share := range s.shares() {
		if share > 0 {
			least = max(least, 1-share/2)
		}
	}
	return calls >= least*usual && calls <= retried*usual
}

// metAsCalled reports whether fault i of a pool was met about as often as its dependency is
// called in the baseline. What fell short was masked by another fault of the pool: journeys
// did not come that far. A fault on connections acts on all calls that they carry.
func (s *Scan) metAsCalled(r *record, i int) bool {
	f := r.Faults[i]
	m, counted := r.metOf(i)
	usual, ok1 := s.usual(f.Into)
	came, ok2 := s.under(r, f.Into)
	if !counted || m.Met == 0 || !ok1 || !ok2 {
		return false
	}
	if onMessages(f) {
		expected, ok := s.expected(r, i)
		return ok && s.asUsual(float64(m.Met), expected)
	}
	if usual.callsKnown && came.callsKnown {
		return s.asUsual(came.calls, usual.calls)
	}
	return usual.connections*s.during(r).passing >= leastTold && s.asUsual(came.connections, usual.connections)
}
