package result

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Windows of the recovery rule: harm is back at the control's level from the
// first of a run of good windows that lasts three seconds, or half of a
// recovery phase that is shorter than six.
const (
	recoveryWindow = 500 * time.Millisecond
	recoveryRun    = 6
	recoveryMargin = 0.02 // of the harmed share, beyond the control's
)

// recovery is that of the journey that took longest. It is nil where nothing
// was watched after the removal.
func (t *trial) recovery(m times) *Recovery {
	var slowest *Recovery
	for i := range t.plan.Journeys {
		r := t.recoveryOf(i, m)
		if r == nil {
			continue
		}
		if slowest == nil || (r.Censored && !slowest.Censored) || (r.Censored == slowest.Censored && r.Seconds > slowest.Seconds) {
			slowest = r
		}
	}
	return slowest
}

func (t *trial) recoveryOf(i int, m times) *Recovery {
	n := int((m.end - m.removed) / recoveryWindow)
	if n < 2 {
		return nil
	}
	windows := make([]stats.Count, n)
	for _, o := range t.observed[i] {
		k := int((o.Intended - m.removed) / recoveryWindow)
		if o.Arm != plan.FaultArm || o.Intended < m.removed || k >= n {
			continue
		}
		windows[k].N++
		if o.Harmed() {
			windows[k].Hits++
		}
	}
	enough := min(recoveryRun, max(2, n/2))
	k := stats.Recovered(windows, t.levelAfter(i, m), recoveryMargin, enough)
	if k < 0 {
		return &Recovery{Seconds: seconds(m.end - m.removed), Censored: true}
	}
	return &Recovery{Seconds: seconds(time.Duration(k) * recoveryWindow)}
}

// levelAfter is the control's harmed share while recovery is watched.
func (t *trial) levelAfter(i int, m times) float64 {
	if t.plan.Control == plan.Concurrent {
		c := tally(t.observed[i], plan.ControlArm, span{m.removed, m.end})
		return c.harm().Share()
	}
	return tally(t.observed[i], plan.FaultArm, m.baseline).harm().Share()
}
