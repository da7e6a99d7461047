package scan

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	// clearlyMore is how many times as often as in the baseline a fallback is called that
	// is called without a fault as well. The interval decides as well.
	clearlyMore = 1.25
	// insteadOf is the share of the calls of the dependency that fails which its fallback
	// takes at the least.
	insteadOf = 0.1
	// leastInstead is how many calls tell at the least: one or two may be stragglers.
	leastInstead = 5
	// callsTogether is how many calls come together at the most, as those of one that is tried again
	// twice do. They tell no more than one that comes alone.
	callsTogether = 3
	// leastShown is how many cells must show that a dependency is called instead of another
	// that is called without a fault as well: callers try again for many reasons.
	leastShown = 2
	// catchingUp is how long after a dependency failed itself calls of it may be those that
	// were put off.
	catchingUp = time.Minute
)

// A standIn is a dependency that is called more often in cells in which another fails, and
// nobody is harmed.
type standIn struct {
	Fallback
	cells []*record // that show it
	clean bool      // one of them is not about work that was put off
	taken bool      // an earlier scan found it
}

// fallbacks are the dependencies that are called instead of one while it fails.
func (s *Scan) fallbacks(dependency string) []Fallback {
	var list []Fallback
	for _, in := range s.standIns(dependency) {
		if s.proven(&in) {
			list = append(list, in.Fallback)
		}
	}
	return list
}

// proven reports whether what stood in is a fallback, and nothing else explains its calls.
func (s *Scan) proven(in *standIn) bool {
	return in.taken || in.clean && (s.idle[in.To] || len(in.cells) >= leastShown)
}

// doubtful is a cell that shows what may be a fallback, and is to be tried once more to
// tell; nil: none is.
func (s *Scan) doubtful() *record {
	if !s.rules.Pairs {
		return nil
	}
	for _, d := range s.dependencies() {
		for _, in := range s.standIns(d.Name) {
			if s.proven(&in) {
				continue
			}
			if i := slices.IndexFunc(in.cells, func(r *record) bool { return s.count(r) == 1 }); i >= 0 {
				return in.cells[i]
			}
		}
	}
	return nil
}

// standIns are those of a dependency, in the order in which its failure modes show them.
func (s *Scan) standIns(dependency string) []standIn {
	var list []standIn
	of := func(f Fallback) *standIn {
		i := slices.IndexFunc(list, func(in standIn) bool { return in.To == f.To })
		if i < 0 {
			list = append(list, standIn{Fallback: f})
			i = len(list) - 1
		}
		return &list[i]
	}
	for _, mode := range s.modes() {
		at := place{dependency, mode}
		tried := s.singles(at)
		if s.known.cell(at) != nil && len(tried) == 0 {
			for _, f := range s.known.fallbacks(at) {
				of(f).taken = true
			}
		}
		for _, r := range tried {
			if !s.harmlessToJourneys(r) {
				continue
			}
			for _, f := range s.insteadIn(r) {
				in := of(f)
				in.cells = append(in.cells, r)
				in.clean = in.clean || !s.catchesUp(r, f.To)
			}
		}
	}
	return list
}

// insteadIn are the dependencies that are called more often in a cell, each for a share of the
// calls of the one that fails. They are found once: a long scan looks at many cells.
func (s *Scan) insteadIn(r *record) []Fallback {
	if r.lookedAt {
		return r.instead
	}
	r.lookedAt = r.end != nil && s.exercise != nil
	failing, known := s.usual(r.Faults[0].Into)
	if !known {
		return nil
	}
	var list []Fallback
	for _, other := range s.plan.System.Dependencies {
		if other.Name == r.Faults[0].Into {
			continue
		}
		m, more := s.calledMore(r, other.Name)
		if !more || m.calls-m.before < insteadOf*failing.best() || s.calledAgain(r, other.Name, m) {
			continue
		}
		list = append(list, Fallback{To: other.Name, Mode: r.Faults[0].Mode, Number: r.Number, Calls: m.calls, Before: m.before})
	}
	r.instead = list
	return list
}

// more is by how much more often a dependency is called in a cell than in the baseline.
type more struct {
	calls, before float64        // per journey
	ratio         stats.Interval // of the two; nothing where it is not called in the baseline
}

// calledMore reports whether a dependency is clearly called more often in a cell than the
// baseline says of as many journeys of each kind.
func (s *Scan) calledMore(r *record, other string) (m more, ok bool) {
	usual, ok1 := s.usual(other)
	came, ok2 := s.under(r, other)
	if !ok1 || !ok2 || usual.callsKnown != came.callsKnown {
		return m, false
	}
	m.calls, m.before = came.best(), usual.best()
	now, before := s.during(r).passing, s.before().passing
	if m.calls <= m.before || m.calls*now < leastInstead {
		return m, false
	}
	if s.idle[other] {
		t, _ := traffic(r.end.Carried, s.proxyOf(other))
		idle, count := s.idleRate(t.Proxy), t.Connections
		expected := idle.Connections * r.inForce().Seconds()
		if t.Calls != nil {
			count, expected = *t.Calls, idle.Calls*r.inForce().Seconds()
		}
		return m, stats.PoissonLow(float64(count)/callsTogether) > expected/callsTogether
	}
	mix := s.mix(r)
	m.ratio = stats.RateRatioBatches(grouped(m.calls, now), grouped(m.before, before)).Interval
	return m, m.ratio.Estimate >= clearlyMore*mix && m.ratio.Low > mix
}

// grouped are the calls of some journeys, as one batch. Those that come together count once.
func grouped(calls, journeys float64) []stats.Rate {
	return []stats.Rate{{Events: calls * journeys / callsTogether, Over: journeys}}
}

// mix is by how much calls per journey may grow because a cell has more journeys of a kind
// than the baseline had, if that kind alone makes them. What may be chance is none.
func (s *Scan) mix(r *record) float64 {
	most, before, now := 1.0, make([]float64, len(r.end.Journeys)), make([]float64, len(r.end.Journeys))
	allBefore, allNow := 0.0, 0.0
	for k, j := range r.end.Journeys {
		if k < len(s.exercise.Journeys) {
			before[k] = float64(max(0, s.exercise.Journeys[k].Fault.Of))
		}
		if k < len(s.exercise.Started) {
			before[k] = float64(max(0, s.exercise.Started[k]))
		}
		now[k] = float64(max(0, j.Started))
		allBefore, allNow = allBefore+before[k], allNow+now[k]
	}
	for k := range before {
		grew := stats.RateRatioBatches([]stats.Rate{{Events: now[k], Over: allNow}}, []stats.Rate{{Events: before[k], Over: allBefore}})
		if grew.Low > 1 {
			most = max(most, grew.Estimate)
		}
	}
	return most
}

// calledAgain reports whether a third dependency is called more often in a cell by as much as
// another: then requests are tried again from their start, or more of them come that far, and
// nothing stands in. What is not called in the baseline is not explained by that.
func (s *Scan) calledAgain(r *record, other string, m more) bool {
	if s.idle[other] {
		return false
	}
	return slices.ContainsFunc(s.plan.System.Dependencies, func(d experiments.Dependency) bool {
		if d.Name == other || d.Name == r.Faults[0].Into || s.idle[d.Name] {
			return false
		}
		third, more := s.calledMore(r, d.Name)
		return more && third.ratio.High >= m.ratio.Low
	})
}

// catchesUp reports whether a dependency may be called in a cell for what was put off while it
// failed itself: it did so a short time ago, and has not been called as usual since.
func (s *Scan) catchesUp(r *record, other string) bool {
	for _, o := range slices.Backward(s.cells) {
		if o.Number >= r.Number || o.end == nil {
			continue
		}
		if r.end.From-o.end.To > catchingUp {
			return false
		}
		if slices.ContainsFunc(o.Faults, func(f plan.Fault) bool { return f.Into == other }) {
			return true
		}
		if _, more := s.calledMore(o, other); !more && s.harmlessToJourneys(o) {
			return false
		}
	}
	return false
}
