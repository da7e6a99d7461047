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
	if b == nil || b.Control == ContaminatedControl { // its base is what the fault did to the control
		return plan.Last{}, false
	}
	if (b.Control == BaselineControl) != (x.Control == plan.Baseline) || !slices.Equal(b.CountedAt, x.Counted(p)) {
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

// past is what a plan knows of the runs before; nil where it is nothing, or no verdict.
func past(p *plan.Past) *Past {
	isAnswer := func(v string) bool { return Verdict(v) == Held || Verdict(v) == Refuted }
	if p == nil || !isAnswer(p.Verdict) || p.Before != "" && !isAnswer(p.Before) {
		return nil
	}
	return &Past{Verdict(p.Verdict), p.Last, p.LastCommit, p.Since, p.SinceCommit, Verdict(p.Before)}
}

// Recall adds what an experiment of an older run, of this head, says to what newer ones
// said. It reports whether still older ones can say more: not where the verdict changed,
// or something else of the experiment.
func (e *Experiment) Recall(r *Run, x *plan.Experiment) (more bool) {
	switch p := x.Past; {
	case e.ID != x.ID:
		return true
	case e.Digests.Faults != x.Digests.Faults || e.Digests.Journeys != x.Digests.Journeys || e.Digests.Limits != x.Digests.Limits:
		return false
	case e.Verdict != Held && e.Verdict != Refuted:
		return true
	case p == nil:
		x.Past = &plan.Past{Verdict: string(e.Verdict), Last: r.Started, LastCommit: r.Commit, Since: r.Started, SinceCommit: r.Commit}
		return true
	case p.Verdict == string(e.Verdict):
		p.Since, p.SinceCommit = r.Started, r.Commit
		return true
	default:
		p.Before = string(e.Verdict)
		return false
	}
}
