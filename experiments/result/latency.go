package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// many is how many durations are sorted at the most; of more a sketch is made, which
// knows them to a thousandth.
const many = 20_000

// A sense says which duration of a journey or a step is meant; false where an
// observation has none.
type sense func(journal.Observation) (time.Duration, bool)

func completed(o journal.Observation) bool {
	return o.Outcome == journal.OK || o.Outcome == journal.Slow
}

// fromIntended is the duration that users meet: what waits is late for them.
func fromIntended(o journal.Observation) (time.Duration, bool) { return o.Took, completed(o) }

// fromSent is the system's own part of it.
func fromSent(o journal.Observation) (time.Duration, bool) { return o.Took - o.Late, completed(o) }

// ofStep is how long a step took from its sending, where it was completed.
func ofStep(k int) sense {
	return func(o journal.Observation) (time.Duration, bool) {
		if k >= len(o.Steps) || !completed(o) && o.Step <= k {
			return 0, false
		}
		return o.Steps[k], true
	}
}

// untilStep is how long after the journey's intended start a step was completed.
func untilStep(k int) sense {
	return func(o journal.Observation) (time.Duration, bool) {
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

// latency are the percentiles of both arms under the fault, and of the fault arm
// before it.
func (t *trial) latency(c comparison, m times, of sense, points []float64) Latency {
	fault, _ := c.groups()
	l := Latency{
		Fault:    percentiles(c.list, fault, of, points),
		Baseline: percentiles(c.list, group{arm: plan.FaultArm, in: m.baseline}, of, points),
	}
	if t.plan.Control == plan.Concurrent {
		l.Control = percentiles(c.list, group{arm: plan.ControlArm, in: c.cohort}, of, points)
	}
	return l
}

// percentiles of the durations of a group, with the bounds that order statistics
// give as if journeys were independent.
func percentiles(list []journal.Observation, g group, of sense, points []float64) []Percentile {
	var took durations
	for _, o := range list {
		if o.Arm != g.arm || !g.holds(o.Intended) {
			continue
		}
		if d, ok := of(o); ok {
			took.add(d)
		}
	}
	n := took.prepare()
	if n == 0 {
		return nil
	}
	rows := make([]Percentile, 0, len(points))
	for _, p := range points {
		row := Percentile{P: p, Seconds: took.at(stats.Rank(p, n))}
		if low, high, ok := stats.QuantileRanks(n, p); ok {
			row.Low, row.High = took.at(low), took.at(high)
		}
		rows = append(rows, row)
	}
	return rows
}

// durations are sorted while they are few.
type durations struct {
	few    []time.Duration
	sketch stats.Sketch // of microseconds
}

func (d *durations) add(took time.Duration) {
	if len(d.few) < many {
		d.few = append(d.few, took)
		return
	}
	if d.sketch.N() == 0 {
		for _, t := range d.few {
			d.sketch.Add(t.Microseconds())
		}
	}
	d.sketch.Add(took.Microseconds())
}

// prepare says how many there are.
func (d *durations) prepare() int {
	if n := d.sketch.N(); n > 0 {
		return n
	}
	slices.Sort(d.few)
	return len(d.few)
}

// at is the duration of a rank, from 1.
func (d *durations) at(rank int) float64 {
	if d.sketch.N() > 0 {
		return seconds(time.Duration(d.sketch.At(rank)) * time.Microsecond)
	}
	return seconds(d.few[rank-1])
}
