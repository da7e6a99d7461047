package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
)

// firstTurn begins the first turn of an experiment whose fault touches shares of the
// journeys, before there is a fault that could touch more.
func (x *experimentRun) firstTurn() error {
	if x.e.Turns == nil {
		return nil
	}
	if _, ok := x.generator.(Toucher); !ok {
		return fmt.Errorf("%s: this traffic cannot leave journeys untouched", x.e.ID)
	}
	return x.touch(x.e.Turns[0].Share)
}

// takeTurns begins the other turns when they are due, until ctx ends.
func (x *experimentRun) takeTurns(ctx context.Context, begun time.Time) {
	defer x.catchPanic("turns")
	for i := 1; i < len(x.e.Turns); i++ {
		if !wait.For(ctx, x.e.Turns[i].At-time.Since(begun)) {
			return
		}
		if err := x.touch(x.e.Turns[i].Share); err != nil {
			x.fatal(err)
			return
		}
	}
}

// touch begins a turn once the journal knows of it.
func (x *experimentRun) touch(share float64) error {
	if err := x.log.event(journal.TurnStarted, journal.Event{Value: share}); err != nil {
		return err
	}
	x.generator.(Toucher).Touch(share) //nolint:forcetypeassert // the first turn has looked
	return nil
}

// lastTurn ends the turns: from now on all journeys are of the fault arm again.
func (x *experimentRun) lastTurn() {
	if t, ok := x.generator.(Toucher); ok && x.e.Turns != nil {
		t.Touch(1)
	}
}
