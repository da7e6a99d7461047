package result

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A durationOf picks one duration of a journey or of one of its steps; known is false
// where an observation does not have it. What did not end would have taken at least as
// long.
type durationOf func(*journal.Observation) (took time.Duration, ended, known bool)

func completed(o *journal.Observation) bool {
	return o.Outcome == journal.OK || o.Outcome == journal.Slow
}

// sinceIntended is the duration that users meet: a journey that has to wait is late
// for them, and one that failed had waited in vain until then.
func sinceIntended(o *journal.Observation) (took time.Duration, ended, known bool) {
	return o.Took, completed(o), true
}

// sinceSent is the system's own part of it.
func sinceSent(o *journal.Observation) (took time.Duration, ended, known bool) {
	return max(0, o.Took-o.Late), completed(o), o.Cause != journal.Shed
}

// completedStep reports whether a journey took step k, of a weight, and completed it.
func completedStep(o *journal.Observation, k int, w experiments.Weight) bool {
	return k < len(o.Steps) && (completed(o) || o.Step > k) && w.Takes(o.Draw)
}

// ofStep is how long step k took from its sending, where it was completed.
func ofStep(k int, w experiments.Weight) durationOf {
	return func(o *journal.Observation) (took time.Duration, ended, known bool) {
		if !completedStep(o, k, w) {
			return 0, false, false
		}
		return o.Steps[k], true, true
	}
}

// untilStep is how long after the journey's intended start step k was completed.
func untilStep(k int, w experiments.Weight) durationOf {
	return func(o *journal.Observation) (took time.Duration, ended, known bool) {
		if !completedStep(o, k, w) {
			return 0, false, false
		}
		since := o.Late
		for _, d := range o.Steps[:k+1] {
			since += d
		}
		return since, true, true
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
	took   [][]lifetimes // by group and what they are durations of
}

func newTiming(groups []group, of []durationOf) timing {
	t := timing{groups, of, make([][]lifetimes, len(groups))}
	for g := range groups {
		t.took[g] = make([]lifetimes, len(of))
	}
	return t
}

func (t *timing) add(o *journal.Observation) {
	for g := range t.groups {
		if !t.groups[g].has(o) {
			continue
		}
		for k, of := range t.of {
			if took, ended, known := of(o); known {
				t.took[g][k].add(took, ended)
			}
		}
	}
}

// newTiming is for a journey and its steps.
func (r *experimentRun) newTiming(steps []experiments.Step, c comparison) timing {
	of := []durationOf{sinceIntended, sinceSent}
	for k, s := range steps {
		of = append(of, untilStep(k, s.Weight), ofStep(k, s.Weight))
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
	j.Latency.Completed, j.Sent.Completed = t.completed(0), t.completed(1)
	for k := range j.Steps {
		j.Steps[k].Latency, j.Steps[k].Sent = latency(2+2*k, stepPercentiles()), latency(3+2*k, stepPercentiles())
	}
}

// completed are the shares of journeys that ended, of one of their durations; nil where
// there are none in the fault arm.
func (t *timing) completed(of int) *CompletedShares {
	fault, known := t.took[0][of].completed()
	if !known {
		return nil
	}
	c := &CompletedShares{Fault: fault}
	if share, known := t.took[1][of].completed(); known {
		c.Baseline = &share
	}
	if len(t.groups) > 2 {
		if share, known := t.took[2][of].completed(); known {
			c.Control = &share
		}
	}
	return c
}

// batchedDurations are the durations of two groups of journeys, in batches of time.
type batchedDurations struct {
	of, against    group
	fault, control []stats.Lifetimes // of microseconds
}

func newBatchedDurations(of, against group) batchedDurations {
	return batchedDurations{of, against, make([]stats.Lifetimes, of.batches()), make([]stats.Lifetimes, against.batches())}
}

func (d *batchedDurations) add(o *journal.Observation) {
	took, ended, _ := sinceIntended(o)
	if d.of.has(o) {
		addLifetime(&d.fault[d.of.batch(o.Intended, len(d.fault))], took, ended)
	}
	if d.against.has(o) {
		addLifetime(&d.control[d.against.batch(o.Intended, len(d.control))], took, ended)
	}
}

func addLifetime(l *stats.Lifetimes, took time.Duration, ended bool) {
	if ended {
		l.Ended.Add(took.Microseconds())
	} else {
		l.GivenUp.Add(took.Microseconds())
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
