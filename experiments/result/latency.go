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

// latency fills in the percentiles of a journey and of its steps: of both arms under
// the fault, and of the fault arm before it. The journeys are gone through once.
func (t *trial) latency(j *Journey, c comparison, m times) {
	senses := []sense{fromIntended, fromSent}
	for k := range j.Steps {
		senses = append(senses, untilStep(k), ofStep(k))
	}
	fault, _ := c.groups()
	groups := []group{fault, {arm: plan.FaultArm, in: m.baseline}}
	if t.plan.Control == plan.Concurrent {
		groups = append(groups, group{arm: plan.ControlArm, in: c.cohort})
	}
	took := gather(c.list, groups, senses)
	of := func(sense int, points []float64) *Latency {
		l := &Latency{Fault: took[0][sense].percentiles(points), Baseline: took[1][sense].percentiles(points)}
		if len(groups) > 2 {
			l.Control = took[2][sense].percentiles(points)
		}
		return l
	}
	j.Latency, j.Sent = *of(0, ofJourneys()), of(1, ofJourneys())
	for k := range j.Steps {
		j.Steps[k].Latency, j.Steps[k].Sent = of(2+2*k, ofSteps()), of(3+2*k, ofSteps())
	}
}

// gather are the durations of each group in each sense.
func gather(list []journal.Observation, groups []group, senses []sense) [][]durations {
	took := make([][]durations, len(groups))
	for g := range groups {
		took[g] = make([]durations, len(senses))
	}
	for i := range list {
		o := &list[i]
		for g := range groups {
			if o.Arm != groups[g].arm || !groups[g].holds(o.Intended) {
				continue
			}
			for k, of := range senses {
				if d, ok := of(o); ok {
					took[g][k].add(d)
				}
			}
		}
	}
	return took
}

// percentiles have the bounds that order statistics give as if journeys were
// independent.
func (d *durations) percentiles(points []float64) []Percentile {
	n := d.prepare()
	if n == 0 {
		return nil
	}
	rows := make([]Percentile, 0, len(points))
	for _, p := range points {
		row := Percentile{P: p, Seconds: d.at(stats.Rank(p, n))}
		if low, high, ok := stats.QuantileRanks(n, p); ok {
			row.Low, row.High = d.at(low), d.at(high)
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
