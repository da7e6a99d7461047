package progress

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// before are the journeys of a baseline, or of a recovery whose last part may be one, by
// when they were to start. Of a long time it keeps the last part, which is longer than a
// baseline. nil has none.
type before struct {
	origin     time.Duration // of the cells, since the run's start, as all times here
	from, to   time.Duration // what counts; to is 0 while it lasts
	width      time.Duration
	guardrails []experiments.Guardrail // of the experiment whose baseline it is
	first      int                     // the number of the first cell that is kept
	cells      []Counts
}

// newBefore begins with what may be the baseline of an experiment.
func newBefore(e *plan.Experiment, since time.Duration) *before {
	width := max(time.Second, e.BatchEvery, e.Phases.Baseline/mostStretches)
	return &before{origin: since, from: since, width: width, guardrails: e.Guardrails}
}

func (b *before) add(o journal.Observation) {
	if b == nil || o.Intended < b.origin || b.to > 0 && o.Intended >= b.to {
		return
	}
	at := int((o.Intended - b.origin) / b.width)
	if first := at - 2*mostStretches; first > b.first {
		b.cells, b.first = b.cells[min(first-b.first, len(b.cells)):], first
	}
	if at -= b.first; at < 0 {
		return
	}
	for len(b.cells) <= at {
		b.cells = append(b.cells, nil)
	}
	b.cells[at].Add(o, b.guardrails)
}

// end says that the baseline is over, unless it is known already.
func (b *before) end(since time.Duration) {
	if b != nil && b.to == 0 {
		b.to = since
	}
}

// within are the cells that were between two moments, more or less.
func (b *before) within(from, to time.Duration) (list []Counts) {
	for i, c := range b.cells {
		if middle := b.origin + time.Duration(b.first+i)*b.width + b.width/2; middle >= from && middle < to {
			list = append(list, c)
		}
	}
	return list
}

// harm are the journeys of the fault arm cell by cell, without those of which one in flight
// may have met the fault, and how long that lasted.
func (b *before) harm(journey int, harmedAfter time.Duration) (list []stats.Count, lasted time.Duration) {
	if b == nil || b.to == 0 {
		return nil, 0
	}
	for _, c := range b.within(b.from, b.to-harmedAfter) {
		list = append(list, c.Journey(journey).harm(plan.FaultArm))
	}
	return list, time.Duration(len(list)) * b.width
}

// recordBaseline begins what may be the baseline of an experiment with a phase: of this one,
// or of the next one that shares it.
func (p *Progress) recordBaseline(phase journal.Phase, since time.Duration) {
	c := &p.Current
	switch next := c.Index + 1; {
	case phase == journal.Baseline:
		c.before = newBefore(p.Experiment(), since)
	case phase == journal.Recovery && next < len(p.Plan.Experiments) && p.Plan.Experiments[next].SharesBaseline:
		c.tail = newBefore(&p.Plan.Experiments[next], since)
	}
}

// shareBaseline takes the last part of the recovery before for the baseline.
func (p *Progress) shareBaseline(s *journal.SharedStretch) {
	c := &p.Current
	c.shared = true
	if s == nil || c.earlier == nil {
		c.before = nil
		return
	}
	c.before, c.earlier = c.earlier, nil
	c.before.from, c.before.to = s.From, s.To
	c.Baseline = nil
	for _, cell := range c.before.within(s.From, s.To) {
		c.Baseline = c.Baseline.Plus(cell)
	}
}
