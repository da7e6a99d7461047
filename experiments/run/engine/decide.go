package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// DefaultDecideWithin is how long a game day waits for one decision where nothing else is
// asked for.
const DefaultDecideWithin = 4 * time.Hour

// decide waits for a decision about an experiment of a game day. Meanwhile nothing is
// injected and nothing is sent. A wait that takes too long interrupts the run as a signal
// does: it holds the lease of its Toxiproxies, and nobody else can use them.
func (o Options) decide(ctx context.Context, log experimentLog) (journal.DayDecision, error) {
	if o.Decide == nil {
		return journal.Continue, nil
	}
	wait := o.Decide(log.experiment) // before anybody is told that it waits
	if err := log.event(journal.Waiting, journal.Event{}); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.DecideWithin, &Interrupt{
		Signal: "INT", By: "blastgauge", Why: fmt.Sprintf("nobody decided within %s whether %s is run", figures.Span(o.DecideWithin), log.experiment),
	})
	defer cancel()
	d, err := wait(ctx)
	if ctx.Err() != nil { // also where both happened at once: to stop is the safe answer
		return "", log.interruption(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("%s: decision: %w", log.experiment, err)
	}
	if err := d.Check(); err != nil {
		return "", fmt.Errorf("%s: decision: %w", log.experiment, err)
	}
	return d.Decision, log.event(journal.Decided, journal.Event{Decision: d.Decision, Author: d.Author, Reason: d.Why})
}
