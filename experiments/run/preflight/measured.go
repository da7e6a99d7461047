package preflight

import (
	"context"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/prometheus"
)

// measured are the journeys of an experiment that counters count.
func (c *checker) measured(e *plan.Experiment) []experiments.MeasuredJourney {
	if m := c.Plan.System.Measure; m != nil && e.Measured() {
		return m.Journeys
	}
	return nil
}

// counters is the question whether the counters of a journey can be measured.
func (c *checker) counters(j experiments.MeasuredJourney) question {
	env := c.Env
	if env == nil {
		env = func(string) (string, bool) { return "", false }
	}
	return question{ask: func(ctx context.Context) *Problem {
		f := prometheus.Look(ctx, &c.Plan.System, env, j)
		if f == nil {
			return nil
		}
		return &Problem{Check: "journey " + j.Name + ", measured by Prometheus", Asked: shorten(f.Asked), Expected: shorten(f.Expected), Came: shorten(f.Came), Do: f.Do, Err: f.Err}
	}}
}
