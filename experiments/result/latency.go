package result

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A durationOf picks one duration of a journey or of one of its steps; false where an
// observation does not have it.
type durationOf func(*journal.Observation) (time.Duration, bool)

func completed(o *journal.Observation) bool {
	return o.Outcome == journal.OK || o.Outcome == journal.Slow
}

// sinceIntended is the duration that users meet: a journey that has to wait is late
// for them.
func sinceIntended(o *journal.Observation) (time.Duration, bool) { return o.Took, completed(o) }

// sinceSent is the system's own part of it.
func sinceSent(o *journal.Observation) (time.Duration, bool) { return o.Took - o.Late, completed(o) }

// ofStep is how long step k took from its sending, where it was completed.
func ofStep(k int) durationOf {
	return func(o *journal.Observation) (time.Duration, bool) {
		if k >= len(o.Steps) || !completed(o) && o.Step <= k {
			return 0, false
		}
		return o.Steps[k], true
	}
}

// untilStep is how long after the journey's intended start step k was completed.
func untilStep(k int) durationOf {
	return func(o *journal.Observation) (time.Duration, bool) {
		if k >= len(o.Steps) || !completed(o) && o.Step <= k {
			return 0, false
		}
		since := o.Late
		for _, d := range o.Steps[:k+1] {
			since += d
		}
		return since, true
	}
}

// journeyPercentiles and stepPercentiles are the points of the distributions that a
// result holds.
func journeyPercentiles() []float64 { return []float64{0.5, 0.9, 0.95, 0.99, 1} }
func stepPercentiles() []float64    { return []float64{0.5, 0.95, 0.99} }

// timing are the durations of groups of journeys: of the fault arm under the fault and
// before it, and of a concurrent control.
type timing struct {
	groups []group
	of     []durationOf
	took   [][]durations // by group and what they are durations of
}

func newTiming(groups []group, of []durationOf) timing {
	t := timing{groups, of, make([][]durations, len(groups))}
	for g := range groups {
		t.took[g] = make([]durations, len(of))
	}
	return t
}

func (t *timing) add(o *journal.Observation) {
	for g := range t.groups {
		if !t.groups[g].has(o) {
			continue
		}
		for k, of := range t.of {
			if d, ok := of(o); ok {
				t.took[g][k].add(d)
			}
		}
	}
}

// newTiming is for a journey and its steps.
func (r *experimentRun) newTiming(steps int, c comparison) timing {
	of := []durationOf{sinceIntended, sinceSent}
	for k := range steps {
		of = append(of, untilStep(k), ofStep(k))
	}
	fault, _ := c.groups()
	groups := []group{fault, {arm: plan.FaultArm, spans: spans{c.baseline}}}
	if r.plan.Control == plan.Concurrent {
		groups = append(groups, group{arm: plan.ControlArm, spans: c.cohort})
	}
	return newTiming(groups, of)
}

// fillLatency fills in the percentiles of a journey and of its steps.
func (t *timing) fillLatency(j *Journey) {
	latency := func(of int, points []float64) *Latency {
		l := &Latency{Fault: t.took[0][of].percentiles(points), Baseline: t.took[1][of].percentiles(points)}
		if len(t.groups) > 2 {
			l.Control = t.took[2][of].percentiles(points)
		}
		return l
	}
	j.Latency, j.Sent = *latency(0, journeyPercentiles()), latency(1, journeyPercentiles())
	for k := range j.Steps {
		j.Steps[k].Latency, j.Steps[k].Sent = latency(2+2*k, stepPercentiles()), latency(3+2*k, stepPercentiles())
	}
}

// batchedDurations are the durations of two groups of journeys, in batches of time.
type batchedDurations struct {
	of, against    group
	fault, control []stats.Sketch // of microseconds
}

func newBatchedDurations(of, against group) batchedDurations {
	return batchedDurations{of, against, make([]stats.Sketch, of.batches()), make([]stats.Sketch, against.batches())}
}

func (d *batchedDurations) add(o *journal.Observation) {
	if !completed(o) {
		return
	}
	if d.of.has(o) {
		d.fault[d.of.batch(o.Intended, len(d.fault))].Add(o.Took.Microseconds())
	}
	if d.against.has(o) {
		d.control[d.against.batch(o.Intended, len(d.control))].Add(o.Took.Microseconds())
	}
}

// ratios of the percentiles that have one. The seed decides which resamples are drawn.
func (d *batchedDurations) ratios(seed uint64) []Ratio {
	var rows []Ratio
	for _, p := range journeyPercentiles() {
		if p == 1 {
			continue // the largest value says nothing of the next largest
		}
		rng := rand.New(rand.NewPCG(seed, math.Float64bits(p)))
		if i, ok := stats.QuantileRatio(d.fault, d.control, simultaneous(d.of, d.against), p, rng); ok {
			rows = append(rows, Ratio{P: p, Times: round(i.Estimate), Low: round(i.Low), High: round(i.High)})
		}
	}
	return rows
}

// round keeps four decimals, so that reports hold no noise digits.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }
