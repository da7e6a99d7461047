package run

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

func TestTheFirstDecisionCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newTestControl(t)
		d := &decisions{}
		c.decide = d.decide
		notWaiting := func(made journal.Decide) {
			t.Helper()
			if _, ok := errors.AsType[*NotWaitingError](c.Decide(made)); !ok {
				t.Errorf("Decide(%+v) is taken", made)
			}
		}
		notWaiting(journal.Decide{Decision: journal.Continue})
		wait := d.open("first")
		if err := c.Decide(journal.Decide{Decision: "perhaps"}); err == nil {
			t.Error("what is no decision is taken")
		}
		notWaiting(journal.Decide{Experiment: "second", Decision: journal.Skip})
		// Before anybody waits: it is told at once that the run does.
		if err := c.Decide(journal.Decide{Experiment: "first", Decision: journal.Skip, Why: "the token is s3cret-token" + strings.Repeat("!", 1000)}); err != nil {
			t.Fatal(err)
		}
		notWaiting(journal.Decide{Decision: journal.Continue})
		got, err := wait(t.Context())
		if err != nil || got.Decision != journal.Skip || got.Author != "somebody" || strings.Contains(got.Why, "s3cret") || len(got.Why) > journal.MostReason {
			t.Errorf("decided %+v, %v", got, err)
		}
		wait = d.open("second")
		time.AfterFunc(time.Hour, func() {
			if err := c.Decide(journal.Decide{Decision: journal.End, Author: "ann"}); err != nil {
				t.Error(err)
			}
		})
		if got, err := wait(t.Context()); err != nil || got.Decision != journal.End || got.Author != "ann" {
			t.Errorf("decided %+v, %v", got, err)
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		wait = d.open("third")
		cancel(errors.New("stop"))
		if _, err := wait(ctx); err == nil || err.Error() != "stop" {
			t.Errorf("a wait that is over: %v", err)
		}
		notWaiting(journal.Decide{Decision: journal.Continue})
		c.end()
		if err := c.Decide(journal.Decide{Decision: journal.Continue}); !errors.Is(err, ErrOver) {
			t.Errorf("once the run is over: %v", err)
		}
	})
}
