package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Foretell gives a planned experiment what this one measured of each journey, if it was
// the same experiment with the same journeys and load, and its numbers can be trusted.
// It reports whether there was anything to go by.
func (e *Experiment) Foretell(x *plan.Experiment) bool {
	if e.ID != x.ID || e.Digests.Journeys != x.Digests.Journeys || e.Digests.Load != x.Digests.Load || !e.Trusted() || e.Guardrail != nil {
		return false
	}
	found := false
	for i := range x.Journeys {
		p := &x.Journeys[i]
		k := slices.IndexFunc(e.Journeys, func(j Journey) bool { return j.Name == p.Name })
		if k < 0 {
			continue
		}
		if last, ok := e.Journeys[k].foretells(x, *p); ok {
			p.Last, found = last, true
		}
	}
	return found
}

// foretells is what a journey says of the next one of a plan; false where it was measured
// in another way.
func (j *Journey) foretells(x *plan.Experiment, p plan.Journey) (plan.Last, bool) {
	b := j.BlastRadius
	if b == nil || (b.Control == BaselineControl) != (x.Control == plan.Baseline) || !slices.Equal(b.CountedAt, x.Counted(p)) {
		return plan.Last{}, false
	}
	last := plan.Last{Known: true, Base: b.Base, Harm: max(0, b.Estimate), Effect: 1, Episodes: j.Episodes}
	for _, q := range j.Latency.Baseline {
		if q.P == 0.95 {
			last.InFlight = min(x.Phases.Baseline/2, time.Duration(q.Seconds*float64(time.Second)))
		}
	}
	p.Last = last
	last.Effect = x.EffectOf(p, (b.High-b.Low)/2)
	return last, true
}
