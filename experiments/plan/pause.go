package plan

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// inFlight is how long a journey may be in flight: what nineteen in twenty took in the
// last run, if that is known, and its longest pauses.
func (j Journey) inFlight() time.Duration { return j.Last.InFlight + j.Pauses().Most }

// inFlight is how long a journey of j may be in flight when a fault comes; of those that
// counters count, how far an interval between two scrapes may reach beyond it.
func (e Experiment) inFlight(j Journey) time.Duration {
	if e.Measured() {
		return e.Straddle()
	}
	return j.inFlight()
}

// sayPauses says how long the journey pauses; empty where it does not.
func (j Journey) sayPauses() string {
	p := j.Pauses()
	if p.Most == 0 {
		return ""
	}
	return fmt.Sprintf(" with pauses of %s", p)
}

// pauseWarnings are journeys whose first executions come to their last steps only in the
// baseline, which then has too few calls.
func (e Experiment) pauseWarnings() []string {
	var list []string
	for _, j := range e.Journeys {
		if p := j.Pauses(); j.Rate > 0 && p.Most > e.Phases.Warmup {
			list = append(list, fmt.Sprintf("%s: a warm-up of %s is shorter than its pauses (%s): the baseline begins with too few calls of its later steps: make the warm-up at least %s", j.Name, figures.Span(e.Phases.Warmup), p, figures.Span(p.Most)))
		}
	}
	return list
}
