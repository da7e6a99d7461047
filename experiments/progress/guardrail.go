package progress

import (
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Distance is how far a guardrail is from its limit, for the journey that is nearest to
// it.
type Distance struct {
	experiments.Guardrail
	Journey int     // its index in the experiment
	Excess  float64 // the share of the last seconds beyond the control; of a probe 0
}

// Ratio is the excess as a part of the limit; 0 where it is no share.
func (d Distance) Ratio() float64 {
	if d.Probe != nil || d.Share() <= 0 {
		return 0
	}
	return max(d.Excess, 0) / d.Share()
}

// Distances are those of all guardrails of the experiment that goes on, in its order. They
// mean something under the fault.
func (p *Progress) Distances() []Distance {
	recent := p.Current.recent()
	var list []Distance
	for i, g := range p.Experiment().Guardrails {
		list = append(list, p.distance(recent, i, g))
	}
	return list
}

func (p *Progress) distance(recent Counts, index int, g experiments.Guardrail) Distance {
	e := p.Experiment()
	nearest, most := Distance{Guardrail: g}, -1.0
	for j := range e.Journeys {
		if g.Probe != nil || g.Share() <= 0 {
			continue
		}
		control := recent.Journey(j).guardedShare(index, plan.ControlArm)
		if e.Control != plan.Concurrent { // as the guardrails have it, also where the fault touches only some
			control = p.Current.Baseline.Journey(j).guardedShare(index, plan.FaultArm)
		}
		beyond := Distance{g, j, recent.Journey(j).guardedShare(index, plan.FaultArm) - control}
		if beyond.Ratio() > most {
			nearest, most = beyond, beyond.Ratio()
		}
	}
	return nearest
}

// Nearest is the guardrail that is nearest to its limit. There must be one.
func (p *Progress) Nearest() Distance {
	list := p.Distances()
	nearest, most := list[0], -1.0
	for _, d := range list {
		if d.Probe == nil && d.Ratio() > most {
			nearest, most = d, d.Ratio()
		}
	}
	return nearest
}

// HasTripped reports whether it was this guardrail that removed the faults.
func (p *Progress) HasTripped(g experiments.Guardrail) bool {
	c := &p.Current
	switch {
	case c.Tripped == "" || c.tripped.Guardrail != g.Kind():
		return false
	case g.Probe != nil:
		return strings.HasPrefix(c.tripped.Detail, g.Probe.Name+":")
	}
	return c.tripped.Limit == g.Share() // of a kind there may be several
}
