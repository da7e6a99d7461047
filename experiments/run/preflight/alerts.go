package preflight

import (
	"context"
	"sync"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/run/alerts"
)

// alert is the question whether an alert can be judged. What it cannot be asked, or what is
// to be known beside it, is told once.
func (c *checker) alert(a experiments.Alert) question {
	var told sync.Once
	return question{ask: func(ctx context.Context) *Problem {
		f, remarks := alerts.Look(ctx, &c.Plan.System, c.Env, a)
		if f != nil {
			return &Problem{Check: "alert " + a.Selector(), Asked: c.alertText(f.Asked), Expected: c.alertText(f.Expected), Came: c.alertText(f.Came), Do: f.Do, Err: f.Err}
		}
		told.Do(func() {
			for _, text := range remarks {
				c.Log("warning: %s", c.alertText(text))
			}
		})
		return nil
	}}
}

// alertText makes one short line of what a server says of alerts, without secrets.
func (c *checker) alertText(text string) string { return c.Secrets.Plain(text, maxTold) }
