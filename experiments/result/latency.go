package result

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// many is how many durations are sorted at the most; of more a sketch is made, which
// knows them to a thousandth and takes no more memory.
const many = 4096

// A sense says which duration of a journey or a step is meant; false where an
// observation has none.
type sense func(*journal.Observation) (time.Duration, bool)

func completed(o *journal.Observation) bool {
	return o.Outcome == journal.OK || o.Outcome == journal.Slow
}

// fromIntended is the duration that users meet: what waits is late for them.
func fromIntended(o *journal.Observation) (time.Duration, bool) { return o.Took, completed(o) }

// fromSent is the system's own part of it.
func fromSent(o *journal.Observation) (time.Duration, bool) { return o.Took - o.Late, completed(o) }

// ofStep is how long a step took from its sending, where it was completed.
func ofStep(k int) sense {
	return func(o *journal.Observation) (time.Duration, bool) {
		if k >= len(o.Steps) || !completed(o) && o.Step <= k {
			return 0, false
		}
		return o.Steps[k], true
	}
}

// untilStep is how long after the journey's intended start a step was completed.
func untilStep(k int) sense {
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

// ofJourneys and ofSteps are the percentiles that are told of each.
func ofJourneys() []float64 { return []float64{0.5, 0.9, 0.95, 0.99, 1} }
func ofSteps() []float64    { return []float64{0.5, 0.95, 0.99} }

// timing are the durations of groups of journeys: of both arms under the fault, and of
// the fault arm before it.
type timing struct {
	groups []group
	senses []sense
	took   [][]durations // by group and sense
}

func newTiming(groups []group, senses []sense) timing {
	t := timing{groups, senses, make([][]durations, len(groups))}
	for g := range groups {
		t.took[g] = make([]durations, len(senses))
	}
	return t
}

func (t *timing) look(o *journal.Observation) {
	for g := range t.groups {
		if !t.groups[g].has(o) {
			continue
		}
		for k, of := range t.senses {
			if d, ok := of(o); ok {
				t.took[g][k].add(d)
			}
		}
	}
}

// timing of a journey and of its steps.
func (t *trial) timing(steps int, c comparison) timing {
	senses := []sense{fromIntended, fromSent}
	for k := range steps {
		senses = append(senses, untilStep(k), ofStep(k))
	}
	fault, _ := c.groups()
	groups := []group{fault, {arm: plan.FaultArm, in: t.when.baseline}}
	if t.plan.Control == plan.Concurrent {
		groups = append(groups, group{arm: plan.ControlArm, in: c.cohort})
	}
	return newTiming(groups, senses)
}

// latency fills in the percentiles of a journey and of its steps.
func (t *timing) latency(j *Journey) {
	of := func(sense int, points []float64) *Latency {
		l := &Latency{Fault: t.took[0][sense].percentiles(points), Baseline: t.took[1][sense].percentiles(points)}
		if len(t.groups) > 2 {
			l.Control = t.took[2][sense].percentiles(points)
		}
		return l
	}
	j.Latency, j.Sent = *of(0, ofJourneys()), of(1, ofJourneys())
	for k := range j.Steps {
		j.Steps[k].Latency, j.Steps[k].Sent = of(2+2*k, ofSteps()), of(3+2*k, ofSteps())
	}
}

// lengths are the durations of two groups of journeys, in batches of time.
type lengths struct {
	of, against    group
	fault, control []stats.Sketch // of microseconds
}

func newLengths(of, against group) lengths {
	return lengths{of, against, make([]stats.Sketch, of.batches()), make([]stats.Sketch, against.batches())}
}

func (l *lengths) look(o *journal.Observation) {
	if !completed(o) {
		return
	}
	if l.of.has(o) {
		l.fault[l.of.batch(o.Intended, len(l.fault))].Add(o.Took.Microseconds())
	}
	if l.against.has(o) {
		l.control[l.against.batch(o.Intended, len(l.control))].Add(o.Took.Microseconds())
	}
}

// ratios are those of the percentiles that have one; chance decides the resamples.
func (l *lengths) ratios(chance uint64) []Ratio {
	var rows []Ratio
	for _, p := range ofJourneys() {
		if p == 1 {
			continue // the largest value says nothing of the next largest
		}
		r := rand.New(rand.NewPCG(chance, math.Float64bits(p)))
		if i, ok := stats.QuantileRatio(l.fault, l.control, together(l.of, l.against), p, r); ok {
			rows = append(rows, Ratio{P: p, Times: round(i.Estimate), Low: round(i.Low), High: round(i.High)})
		}
	}
	return rows
}

// round to four digits behind the point, so that reports hold no noise digits.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// percentiles have the bounds that order statistics give as if journeys were
// independent.
func (d *durations) percentiles(points []float64) []Percentile {
	n := d.n()
	if n == 0 {
		return nil
	}
	rows := make([]Percentile, 0, len(points))
	for _, p := range points {
		row := Percentile{P: p, Seconds: seconds(d.at(stats.Rank(p, n)))}
		if low, high, ok := stats.QuantileRanks(n, p); ok {
			row.Low, row.High = seconds(d.at(low)), seconds(d.at(high))
		}
		rows = append(rows, row)
	}
	return rows
}

// durations are known one by one while they are few, and to a thousandth when they are
// many.
type durations struct {
	few    []time.Duration
	sorted bool
	sketch stats.Sketch // of microseconds
}

func (d *durations) add(took time.Duration) {
	if len(d.few) < many && d.sketch.N() == 0 {
		d.few, d.sorted = append(d.few, took), false
		return
	}
	for _, t := range d.few {
		d.sketch.Add(t.Microseconds())
	}
	d.few = nil
	d.sketch.Add(took.Microseconds())
}

// n is how many there are.
func (d *durations) n() int { return len(d.few) + d.sketch.N() }

// at is the duration of a rank, from 1.
func (d *durations) at(rank int) time.Duration {
	if d.few == nil {
		return time.Duration(d.sketch.At(rank)) * time.Microsecond
	}
	if !d.sorted {
		slices.Sort(d.few)
		d.sorted = true
	}
	return d.few[rank-1]
}

// quantile is 0 where there are none.
func (d *durations) quantile(q float64) time.Duration {
	n := d.n()
	if n == 0 {
		return 0
	}
	return d.at(stats.Rank(q, n))
}
