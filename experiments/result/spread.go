package result

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// spread is nil where it is not known which steps need the faulted dependencies.
func (r *experimentRun) spread() []Spread {
	if !r.plan.NeedsKnown() {
		return nil
	}
	var rows []Spread
	for i, p := range r.plan.Journeys {
		j := &r.journeys[i]
		if j.fault.Journeys == 0 {
			continue
		}
		d := j.differenceWithin(&j.beforeNeed, r.recoveredTail(p, j, j.recovery.beforeNeed))
		rows = append(rows, Spread{p.Name, stats.Total(j.beforeNeed.fault).Hits, j.fault.Journeys, d.Estimate, d.Low, d.High})
	}
	return rows
}

// harmedBeforeNeed picks executions of journey i that were harmed before they needed
// what is broken. One that could not be started was kept from it by others.
func (r *experimentRun) harmedBeforeNeed(i int) func(*journal.Observation) bool {
	p := r.plan.Journeys[i]
	need := r.plan.StepsThatNeed(p)
	return func(o *journal.Observation) bool {
		if !o.Harmed() || o.Cause == journal.Shed || o.Step < 0 {
			return false
		}
		for _, k := range need {
			if p.Steps[k].Weight.Takes(o.Draw) { // else it does without
				return o.Step < k
			}
		}
		return o.Step < len(p.Steps)
	}
}

// counted picks executions of journey i whose harm counts for its blast radius.
func (r *experimentRun) counted(i int) func(*journal.Observation) bool {
	if r.plan.CountedFrom(r.plan.Journeys[i]) == 0 {
		return harmed
	}
	before := r.harmedBeforeNeed(i)
	return func(o *journal.Observation) bool { return o.Harmed() && !before(o) }
}

// A besideControl is journeys that never need what is broken beside one that does, at the
// same times: before the fault and under it, in the same batches.
type besideControl struct {
	names         []string // of the journeys; nil: there are none
	indices       map[int]bool
	before, under contrast // the journey that does need it: fault; the others: control
}

// newBesideControl needs the comparison of journey i.
func (r *experimentRun) newBesideControl(i int, c comparison) besideControl {
	b := besideControl{names: r.plan.Beside(r.plan.Journeys[i]), indices: map[int]bool{}}
	if b.names == nil {
		return b
	}
	for k, p := range r.plan.Journeys {
		if r.plan.StepsBeforeNeed(p) == len(p.Steps) {
			b.indices[k] = true
		}
	}
	fault, control := c.groups()
	b.before, b.under = newContrast(control, control, harmed), newContrast(fault, fault, harmed)
	return b
}

// add counts an execution; own: it is of the journey that needs what is broken.
func (b *besideControl) add(o *journal.Observation, own bool) {
	for _, c := range []*contrast{&b.before, &b.under} {
		switch {
		case own:
			c.addFault(o)
		case b.indices[o.Journey]:
			c.addControl(o)
		}
	}
}

// difference is the harm beyond that of the journeys beside it; false where the baseline
// does not show that both have their bad moments at the same time.
func (b *besideControl) difference() (stats.Difference, bool) {
	if b.names == nil {
		return stats.Difference{}, false
	}
	before, under := b.before.pairs(), b.under.pairs()
	if !stats.ShareMoments(before) {
		return stats.Difference{}, false
	}
	return stats.DifferenceInDifferences(before, under)
}

// touched is how much more the journeys beside it were harmed under the fault than before.
func (b *besideControl) touched() stats.Interval {
	return stats.UnpairedBatches(b.under.control, b.before.control).Interval
}

// narrowed is the harm of a journey where documents say which steps need what is broken:
// first what of it counts, and then beyond what other journeys met at the same time. all
// is all of its harm. On one route only, else it is all.
func (r *experimentRun) narrowed(p plan.Journey, j *journeyRecord, all stats.Difference, b *BlastRadius) stats.Difference {
	if at := r.plan.Counted(p); at != nil {
		d := j.differenceWithin(&j.counted, r.recoveredTail(p, j, j.recovery.counted))
		spread := j.differenceWithin(&j.beforeNeed, r.recoveredTail(p, j, j.recovery.beforeNeed))
		b.CountedAt, b.AllHarm = at, amountOf(all.Interval)
		d.Interval, b.HarmSpread = stats.AllowForSpread(d.Interval, all.Interval, spread.Interval, p.Limit)
		return d
	}
	if d, ok := j.beside.difference(); ok {
		b.Beside = j.beside.names
		// Harm that reaches the others as well makes the difference too small, and never
		// too large. A bad moment that all share is no such harm, but looks like it.
		if j.beside.touched().Estimate > p.Limit/4 {
			d.High = max(d.High, all.High)
		}
		return d
	}
	return all
}
