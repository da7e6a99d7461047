package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	recoveryStep     = 500 * time.Millisecond // windows that [stats.FindRecovery] asks for
	stepsWithoutHarm = 6                      // that show that harm is over
)

// shareBaseline returns the stretch of the experiment before that is the baseline of this
// one; nil where it has to measure its own. Where the plan lets it share one, why it does
// not is in the journal.
func (x *experimentRun) shareBaseline() (*journal.SharedStretch, error) {
	if !x.e.SharesBaseline {
		return nil, nil //nolint:nilnil // there is none to share
	}
	shared, why := x.findShared()
	if why != "" {
		return nil, x.log.event(journal.BaselineOwn, journal.Event{Detail: why})
	}
	return shared, x.log.event(journal.BaselineShared, journal.Event{Shared: shared})
}

// findShared finds the last part of the recovery before, as long as a baseline is to be. It
// has to begin [stats.Settling] after the system is back, which is to be shown by what
// came before it: a stretch that is chosen for its own few harmed journeys would be too good
// a baseline. Only a relapse for certain in it is a reason against it.
func (x *experimentRun) findShared() (shared *journal.SharedStretch, why string) {
	b := x.before
	switch {
	case b == nil:
		return nil, "the experiment before did not run to its end"
	case b.harmed:
		return nil, b.e.ID + " had no fault to recover from: its baseline was harmed"
	case x.unwell:
		return nil, "the system was harmed again since the recovery of " + b.e.ID
	case b.cutShort:
		return nil, "the fault of " + b.e.ID + " ended early"
	}
	s := &journal.SharedStretch{Of: b.e.ID, From: b.recovers.to - x.e.Phases.Baseline, To: b.recovers.to}
	for k, j := range x.e.Journeys {
		back, known := b.back(k, s.From)
		switch {
		case !known:
			return nil, fmt.Sprintf("%s is not shown to be back as before the fault of %s, %s before the end of its recovery", j.Name, b.e.ID, x.e.Phases.Baseline)
		case back+stats.Settling > s.From:
			return nil, fmt.Sprintf("%s was back too late after the fault of %s: %s are left, and %s are needed", j.Name, b.e.ID, max(0, s.To-back-stats.Settling).Round(time.Second), x.e.Phases.Baseline)
		}
	}
	return s, ""
}

// back is when harm of a journey was over for good after the fault; false where what came
// until a moment does not show that, or something was bad again later.
func (x *experimentRun) back(journey int, until time.Duration) (at time.Duration, known bool) {
	phase := x.recovers
	whole := stats.FindRecovery(x.counts.trials(journey, phase))
	phase.to = until
	r := stats.FindRecovery(x.counts.trials(journey, phase))
	at = phase.from + time.Duration(max(r.Window, whole.Window))*recoveryStep
	switch {
	case !r.Proven || r.System || r.Worse || r.Later > 0, whole.System || whole.StillHarmed || whole.Later > 0:
		return 0, false
	case at < until && x.counts.worseIn(journey, interval{from: at, to: until, begun: true}):
		return 0, false
	}
	return at, true
}

// runShared is a baseline that was measured before. What is asked once before a fault is
// asked now.
func (x *experimentRun) runShared(ctx context.Context, s journal.SharedStretch) error {
	x.counts.adopt(s, x.before.counts.kept)
	if err := x.checkInvariants(ctx, journal.Baseline); err != nil {
		return err
	}
	if err := x.checkGuardrailsOnce(ctx); err != nil {
		return err
	}
	x.exchangeBefore(ctx)
	return x.endIfHarmed(s.To)
}

// tailBoundaries are where the batches meet of what may be the baseline of the next
// experiment, as offsets from the beginning of the recovery phase, its ends included.
func (x *experimentRun) tailBoundaries() (list []time.Duration) {
	end, length := x.e.Phases.Recovery, x.e.Phases.Baseline
	list = append(list, end-length+counterMargin)
	for _, at := range batchBoundaries(length) {
		list = append(list, end-length+at)
	}
	return append(list, end-counterMargin)
}

// startRecovery keeps the journeys that start from now on, for the next experiment.
func (c *journeyCounts) startRecovery(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recovery = interval{from: now, begun: true}
}

// trials are the journeys of one kind after the removal.
func (c *journeyCounts) trials(journey int, phase interval) stats.Trials {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := int((phase.to - phase.from) / recoveryStep)
	harm := [2][]stats.Count{make([]stats.Count, n), make([]stats.Count, n)}
	for _, o := range c.kept {
		if k := int((o.Intended - phase.from) / recoveryStep); o.Journey == journey && k < n {
			count(&harm[o.Arm][k], o.Harmed())
		}
	}
	t := stats.Trials{
		Fault: harm[plan.FaultArm], FaultBefore: c.harmBefore(plan.FaultArm, journey), ControlBefore: c.harmBefore(plan.ControlArm, journey),
		Least: min(stepsWithoutHarm, max(2, n/2)), Limit: c.e.Journeys[journey].Limit,
	}
	t.Control = []stats.Count{t.FaultBefore}
	if c.e.Control == plan.Concurrent {
		t.Control = harm[plan.ControlArm]
	}
	return t
}

// harmBefore needs mu.
func (c *journeyCounts) harmBefore(arm plan.Arm, journey int) stats.Count {
	_, n := c.before[arm][journey].Share(c.baseline.to)
	return n
}

// worseIn reports whether an arm of a journey was harmed more in a part of the recovery than
// before the fault.
func (c *journeyCounts) worseIn(journey int, part interval) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var in [2]stats.Count
	for _, o := range c.kept {
		if o.Journey == journey && part.contains(o.Intended) {
			count(&in[o.Arm], o.Harmed())
		}
	}
	for _, arm := range c.e.Arms() {
		if stats.Newcombe(in[arm], c.harmBefore(arm, journey)).Low > 0 {
			return true
		}
	}
	return false
}

// adopt takes the journeys of a stretch for those of the baseline.
func (c *journeyCounts) adopt(s journal.SharedStretch, journeys []journal.Observation) {
	c.startBaseline(s.From)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.baseline.to = s.To
	for i := range journeys {
		if o := &journeys[i]; c.baseline.contains(o.Intended) {
			c.addToBaseline(*o, newEndedJourney(o))
		}
	}
}
