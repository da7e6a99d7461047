package result

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// stormy is how many times the calls of the baseline are a retry storm, at the
// lower end of the interval.
const stormy = 1.5

// amplification compares what the proxies counted in the fault phase with what
// they counted in the baseline. The control's route has no proxies, so the
// baseline of the same arm is what there is to compare with. Whatever else calls
// a dependency, such as health checks, counts on both sides.
func (t *trial) amplification(dependencies []experiments.Dependency) []Amplification {
	if t.plan.Repeat > 1 {
		return nil // the counters do not tell turns of the fault from those without it
	}
	var rows []Amplification
	for _, d := range dependencies {
		before, ok1 := t.called(d, 0, journal.BeforeBaseline, journal.BeforeFault)
		during, ok2 := t.called(d, 1, journal.BeforeFault, journal.AfterFault)
		if !ok1 || !ok2 || before.unit != during.unit {
			continue
		}
		usual := before.each(before.journeys + before.others)
		// Where both arms pass the proxies, what the other one calls is as usual.
		during.calls = max(0, during.calls-usual*float64(during.others))
		row := Amplification{Dependency: d.Name, Unit: during.unit, Fault: during.each(during.journeys), Baseline: usual}
		r := stats.RateRatio(during.calls, float64(during.journeys), before.calls, float64(before.journeys+before.others))
		if r.Low > 0 {
			row.Factor, row.Low, row.High = r.Estimate, r.Low, r.High
			row.Storm = row.Unit == Calls && r.Low >= stormy
		}
		rows = append(rows, row)
	}
	return rows
}

// A custom is how often a dependency was called between two moments, and by how
// many journeys of the fault arm and of others that pass its proxy.
type custom struct {
	unit             string
	calls            float64
	journeys, others int
}

func (c custom) each(journeys int) float64 { return c.calls / float64(journeys) }

// called is false where the proxy does not count, or was started anew meanwhile.
func (t *trial) called(d experiments.Dependency, stretch int, from, to string) (custom, bool) {
	a, b, ok := t.between(from, to, d.ProxyName())
	if !ok {
		return custom{}, false
	}
	c := custom{unit: Connections, calls: float64(b.Connections - a.Connections)}
	if a.Calls != nil && b.Calls != nil {
		c.unit, c.calls = Calls, float64(*b.Calls-*a.Calls)
	}
	for i := range t.seen {
		if t.calls(i, d.Name) {
			c.journeys += t.seen[i].visits[stretch].journeys
			c.others += t.seen[i].visits[stretch].others
		}
	}
	if !t.plan.Tagged {
		c.others = 0 // the control's route has no proxies
	}
	return c, c.calls >= 0 && c.journeys >= few
}

// visits are the journeys of a stretch of time that could call dependencies, of the
// fault arm and others.
type visits struct {
	in               span
	journeys, others int
}

// visits are those between the moments at which the counters were read.
func (t *trial) visits() [2]visits {
	before, fault, after := t.samples[journal.BeforeBaseline].Since, t.samples[journal.BeforeFault].Since, t.samples[journal.AfterFault].Since
	return [2]visits{{in: span{before, fault}}, {in: span{fault, after}}}
}

func (v *visits) look(o *journal.Observation) {
	switch {
	case !v.in.holds(o.Intended) || o.Cause == journal.Shed:
	case o.Arm == plan.FaultArm:
		v.journeys++
	default:
		v.others++
	}
}

// calls tells whether journey i calls a dependency. Where no step says what it
// needs, any may.
func (t *trial) calls(i int, dependency string) bool {
	needs := func(s experiments.Step) bool { return slices.Contains(s.Needs, dependency) }
	return !t.declared(dependency) || slices.ContainsFunc(t.plan.Journeys[i].Steps, needs)
}

// declared tells whether the documents say which steps need a dependency.
func (t *trial) declared(dependency string) bool {
	for _, j := range t.plan.Journeys {
		for _, s := range j.Steps {
			if slices.Contains(s.Needs, dependency) {
				return true
			}
		}
	}
	return false
}

// spread is nil where it is not known which steps need the faulted dependencies.
func (t *trial) spread() []Spread {
	for _, f := range t.plan.Faults {
		if !t.declared(f.Into) {
			return nil
		}
	}
	var rows []Spread
	for i, j := range t.plan.Journeys {
		s := &t.seen[i]
		if s.fault.Journeys == 0 {
			continue
		}
		d := s.needless.difference()
		rows = append(rows, Spread{j.Name, stats.Total(s.needless.fault).Hits, s.fault.Journeys, d.Estimate, d.Low, d.High})
	}
	return rows
}

// needless tells the journeys that were harmed before they needed what is broken.
func (t *trial) needless(i int) func(*journal.Observation) bool {
	without := t.without(i)
	return func(o *journal.Observation) bool {
		return o.Harmed() && o.Cause != journal.Shed && o.Step >= 0 && o.Step < without
	}
}

// without is how many steps journey i takes before the first that needs a faulted
// dependency.
func (t *trial) without(i int) int {
	steps := t.plan.Journeys[i].Steps
	for k, s := range steps {
		for _, f := range t.plan.Faults {
			if slices.Contains(s.Needs, f.Into) {
				return k
			}
		}
	}
	return len(steps)
}
