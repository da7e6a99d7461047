package progress

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// At is how much of the planned time of the current experiment has passed.
func (p *Progress) At(now time.Time) time.Duration {
	return p.Current.Before + max(0, min(now.Sub(p.Current.PhaseStarted), p.PhaseLength()))
}

// WaitsForHealth reports whether an experiment waits for a system that the one before it
// has harmed.
func (p *Progress) WaitsForHealth(now time.Time) bool {
	return p.At(now) >= p.Current.Before+p.PhaseLength() && p.Current.Phase == journal.Warmup && p.Current.Index > 0
}

// Left is how long the rest of the run takes, about; of a scan how long at the most.
func (p *Progress) Left(now time.Time) time.Duration {
	if p.Plan.Scan != nil {
		return max(0, p.Plan.Scan.Budget-now.Sub(p.Began))
	}
	var left time.Duration
	next := p.Current.Index + 1
	if p.Current.Running {
		left = p.Experiment().Duration() - p.At(now)
	}
	for _, e := range p.Plan.Experiments[next:] {
		left += expected(e)
	}
	return left
}

// betweenExperiments is what an experiment takes beyond its phases: idle counters are
// read, invariants asked, and journeys in flight awaited.
const betweenExperiments = time.Second

func expected(e plan.Experiment) time.Duration { return e.Duration() + betweenExperiments }

// Expected returns about how long the experiments of a plan take if nothing stops them.
func Expected(p *plan.Plan) time.Duration {
	if p.Scan != nil {
		return p.Scan.Budget
	}
	var sum time.Duration
	for _, e := range p.Experiments {
		sum += expected(e)
	}
	return sum
}

// PhaseLength is the planned time of the current phase.
func (p *Progress) PhaseLength() time.Duration {
	if p.Current.Index < 0 {
		return 0
	}
	phases := p.Experiment().Phases
	switch p.Current.Phase {
	case journal.Warmup:
		return phases.Warmup
	case journal.Baseline:
		return phases.Baseline
	case journal.Fault:
		return phases.Fault
	case journal.Recovery:
		return phases.Recovery
	}
	return 0
}
