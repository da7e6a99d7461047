package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
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
	case b.deserted:
		return nil, "the traffic of " + b.e.ID + " ended early"
	case b.harmed:
		return nil, b.e.ID + " had no fault to recover from: its baseline was harmed"
	case b.counts.next == nil:
		return nil, b.e.ID + " had no recovery phase"
	case x.unwell:
		return nil, "the system was harmed again since the recovery of " + b.e.ID
	case b.cutShort:
		return nil, "the fault of " + b.e.ID + " ended early"
	}
	stretch := b.counts.next.baseline
	s := &journal.SharedStretch{Of: b.e.ID, From: stretch.from, To: stretch.to}
	for k, j := range x.e.Journeys {
		back, known := b.counts.back(k, s.From)
		switch {
		case !known:
			return nil, fmt.Sprintf("%s is not shown to be back as before the fault of %s, %s before the end of its recovery", j.Name, b.e.ID, figures.Span(x.e.Phases.Baseline))
		case back+stats.Settling > s.From:
			return nil, fmt.Sprintf("%s was back too late after the fault of %s: %s are left, and %s are needed", j.Name, b.e.ID, figures.Span(max(0, s.To-back-stats.Settling).Round(time.Second)), figures.Span(x.e.Phases.Baseline))
		}
	}
	return s, ""
}

// runShared is a baseline that was measured before. What is asked once before a fault is
// asked now.
func (x *experimentRun) runShared(ctx context.Context, s journal.SharedStretch) error {
	x.counts.adopt(x.before.counts.next)
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

// startRecovery counts the journeys that start from now on, for the experiment that may take
// the last part of them for its baseline.
func (c *journeyCounts) startRecovery(now time.Duration, next *plan.Experiment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recovery = interval{from: now, to: now + c.e.Phases.Recovery, begun: true}
	for arm := range c.afterward {
		for range c.e.Journeys {
			c.afterward[arm] = append(c.afterward[arm], make([]stats.Count, c.e.Phases.Recovery/stats.RecoveryStep))
		}
	}
	c.next = newJourneyCounts(next)
	c.next.startBaseline(c.recovery.to - next.Phases.Baseline)
	c.next.endBaseline(c.recovery.to)
}

// addToRecovery needs mu.
func (c *journeyCounts) addToRecovery(o journal.Observation, ended endedJourney) {
	list := c.afterward[o.Arm][o.Journey]
	if k := int((o.Intended - c.recovery.from) / stats.RecoveryStep); k < len(list) {
		count(&list[k], o.Harmed(), o.Times())
	}
	if c.next.baseline.contains(o.Intended) {
		c.next.addToBaseline(o, ended)
	}
}

// adopt takes what was counted of a stretch for the baseline.
func (c *journeyCounts) adopt(of *journeyCounts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.baseline, c.inBaseline, c.before, c.lasted = of.baseline, of.inBaseline, of.before, of.lasted
}

// back is when harm of a journey was over for good after the fault; false where what came
// until a moment does not show that, or something was bad again later.
func (c *journeyCounts) back(journey int, until time.Duration) (at time.Duration, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	whole, n := c.trials(journey), int((until-c.recovery.from)/stats.RecoveryStep)
	part := whole
	part.Fault = whole.Fault[:min(n, len(whole.Fault))]
	if c.e.Control == plan.Concurrent {
		part.Control = whole.Control[:len(part.Fault)]
	}
	r, all := stats.FindRecovery(part), stats.FindRecovery(whole)
	window := max(r.Window, all.Window)
	switch {
	case !r.Proven || r.System || r.Worse || r.Later > 0, all.System || all.StillHarmed || all.Later > 0:
		return 0, false
	case c.worseIn(journey, window, n):
		return 0, false
	}
	return c.recovery.from + time.Duration(window)*stats.RecoveryStep, true
}

// trials are the journeys of one kind after the removal. It needs mu.
func (c *journeyCounts) trials(journey int) stats.Trials {
	harm := c.afterward[plan.FaultArm][journey]
	t := stats.Trials{
		Fault: harm, FaultBefore: c.harmBefore(plan.FaultArm, journey), ControlBefore: c.harmBefore(plan.ControlArm, journey),
		Least: stats.StepsWithoutHarm(len(harm)), Limit: c.e.Journeys[journey].Limit,
	}
	t.Control = []stats.Count{t.FaultBefore}
	if c.e.Control == plan.Concurrent {
		t.Control = c.afterward[plan.ControlArm][journey]
	}
	return t
}

// harmBefore needs mu.
func (c *journeyCounts) harmBefore(arm plan.Arm, journey int) stats.Count {
	_, n := c.before[arm][journey].Share(c.baseline.to)
	return n
}

// worseIn reports whether an arm of a journey was harmed more in some steps of the recovery
// than before the fault. It needs mu.
func (c *journeyCounts) worseIn(journey, from, to int) bool {
	for _, arm := range c.e.Arms() {
		list := c.afterward[arm][journey]
		part := stats.Total(list[min(from, len(list)):max(min(from, len(list)), min(to, len(list)))])
		if stats.Newcombe(part, c.harmBefore(arm, journey)).Low > 0 {
			return true
		}
	}
	return false
}
