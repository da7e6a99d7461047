package result

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// stormy is how many times the calls of the baseline are a retry storm, at the
// lower end of the interval.
const stormy = 1.5

// amplification compares what the proxies counted under the fault with what they
// counted before it. The control's route has no proxies, so the same arm without the
// fault is what there is to compare with. Whatever else calls a dependency, such as
// health checks, counts on both sides.
func (t *trial) amplification(dependencies []experiments.Dependency) []Amplification {
	var rows []Amplification
	for _, d := range dependencies {
		before, ok1 := t.called(d, t.counted.before, func(s *seen) *visits { return &s.visits[0] })
		under, ok2 := t.called(d, t.counted.under, func(s *seen) *visits { return &s.visits[1] })
		if ok1 && ok2 && before.unit == under.unit {
			rows = append(rows, t.amplified(d.Name, before, under))
		}
	}
	return rows
}

// amplified compares two customs.
func (t *trial) amplified(dependency string, before, under custom) Amplification {
	usual := sum(before.calls) / (sum(before.journeys) + sum(before.others))
	// Where both arms pass the proxies, what the other one calls is as usual: for each
	// journey of the fault arm so many times that.
	others := sum(under.others) / sum(under.journeys)
	row := Amplification{Dependency: dependency, Unit: under.unit, Baseline: usual, Fault: max(0, sum(under.calls)/sum(under.journeys)-usual*others)}
	r := stats.RateRatioBatches(under.rates(false), before.rates(true))
	if t.plan.Repeat > 1 {
		r = stats.RateRatioRepeats(before.rates(true), under.rates(false))
	}
	if r.Low <= 0 || r.Estimate <= others {
		return row
	}
	row.Factor, row.Low, row.High = r.Estimate-others, max(0, r.Low-others), r.High-others
	row.Storm = row.Unit == Calls && row.Low >= stormy
	row.Method, row.Batches = methods[r.Method], r.Batches
	if r.Method == stats.Counted {
		row.Method = row.Unit + " taken as independent"
	}
	return row
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
