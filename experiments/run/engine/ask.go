package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// askAgain is the pause between two looks at the invariants under a fault.
const askAgain = 5 * time.Second

// errProbe means that a guardrail's probe is not answered well although no fault
// is in force: nobody may make it worse.
var errProbe = errors.New("a guardrail's probe fails before the fault")

// readInvariants asks every invariant once; what it answers is a finding, that
// it could not be asked as well.
func (t *trial) readInvariants(ctx context.Context, when journal.Phase) error {
	if t.o.Ask == nil {
		return nil
	}
	for _, inv := range t.e.Invariants {
		if ctx.Err() != nil {
			return nil
		}
		reading := t.o.Ask(ctx, inv, t.started)
		if err := t.event(journal.InvariantChecked, journal.Event{Phase: when, Reading: &reading}); err != nil {
			return err
		}
	}
	return nil
}

// watchInvariants asks every invariant again and again under the fault. The
// journal learns what is new: the first answer, and any that is worse.
func (t *trial) watchInvariants(ctx context.Context) {
	defer t.catch("invariants")
	if t.o.Ask == nil || len(t.e.Invariants) == 0 {
		return
	}
	worst := map[string]float64{}
	for {
		for _, inv := range t.e.Invariants {
			reading := t.o.Ask(ctx, inv, t.started)
			if ctx.Err() != nil {
				return // cut short: what it saw had no time to settle
			}
			violations := reading.Violations
			if !reading.Holds {
				violations = max(violations, 1)
			}
			before, asked := worst[inv.Name]
			if reading.Error != "" || asked && violations <= before {
				continue
			}
			worst[inv.Name] = violations
			if err := t.event(journal.InvariantChecked, journal.Event{Phase: journal.Fault, Reading: &reading}); err != nil {
				t.fatal(err)
				return
			}
		}
		if !wait(ctx, askAgain) {
			return
		}
	}
}

// probes are those of the guardrails.
func (t *trial) probes() []experiments.Guardrail {
	var list []experiments.Guardrail
	for _, g := range t.e.Guardrails {
		if g.Probe != nil && t.o.Ask != nil {
			list = append(list, g)
		}
	}
	return list
}

// probesHold asks every probe once before the fault. One that fails may be
// unlucky, so it is asked as often as it would be under the fault.
func (t *trial) probesHold(ctx context.Context) error {
	for _, g := range t.probes() {
		for n := 1; ; n++ {
			reading := t.o.Ask(ctx, g.Probe.Invariant, t.started)
			if reading.Error == "" && reading.Holds || ctx.Err() != nil {
				break
			}
			if n >= g.Probe.Failures {
				return fmt.Errorf("%w: %s: %s", errProbe, g.Probe.Name, cmp.Or(reading.Error, reading.Detail))
			}
			wait(ctx, g.Probe.Every)
		}
	}
	return nil
}

// watchProbe asks a guardrail's probe again and again, and removes the fault when
// it was not answered well several times in a row.
func (t *trial) watchProbe(ctx context.Context, g experiments.Guardrail, stop context.CancelCauseFunc) {
	defer t.catch("guardrail")
	failed := 0
	for wait(ctx, g.Probe.Every) {
		reading := t.o.Ask(ctx, g.Probe.Invariant, t.started)
		if ctx.Err() != nil {
			return
		}
		if reading.Error == "" && reading.Holds {
			failed = 0
			continue
		}
		if failed++; failed < g.Probe.Failures {
			continue
		}
		how := fmt.Sprintf("%s (%d times in a row)", cmp.Or(reading.Error, reading.Detail, "not as expected"), failed)
		t.stopFor(ctx, trip{guardrail: g, how: how, excess: float64(failed), limit: float64(g.Probe.Failures)}, stop)
		return
	}
}
