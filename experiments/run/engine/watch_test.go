package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// Who watches does so from the start of an experiment to the end of its recovery, and what
// it finds is between the two in the journal.
func TestWhatIsWatchedIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		var watched time.Duration
		b.opts.Watch = func(ctx context.Context, experiment int, epoch time.Time, record func(journal.Event)) {
			record(journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertInactive}})
			<-ctx.Done()
			record(journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{Alert: "A", State: journal.AlertFiring}})
			watched = time.Since(epoch)
			if experiment != 0 {
				t.Errorf("experiment %d", experiment)
			}
		}
		if err := b.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		kinds := b.mem.kinds()
		ended := slices.Index(kinds, journal.ExperimentEnded)
		if kinds[ended-1] != journal.AlertChanged || slices.Index(kinds, journal.AlertChanged) > slices.Index(kinds, journal.FaultIntended) || watched.Round(time.Second) != 19*time.Second {
			t.Errorf("it watched for %s: %v", watched, kinds)
		}
		if e, _ := b.mem.find(journal.AlertChanged); e.Experiment != "payments-slow" || e.Seq == 0 {
			t.Errorf("recorded %+v", e)
		}
	})
}

// Who watches holds up no removal, also where it hangs, and is not heard any more then.
func TestWhoWatchesHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		released := make(chan struct{})
		b.opts.Watch = func(_ context.Context, _ int, _ time.Time, record func(journal.Event)) {
			<-released // whatever its context says
			record(journal.Event{Kind: journal.AlertChanged, Alert: &journal.AlertLook{}})
		}
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(9*time.Second, func() { stop(&Interrupt{Signal: "INT"}) })
		start := time.Now()
		_ = b.run(ctx) // which says that it was interrupted
		took := time.Since(start)
		removed, _ := b.mem.find(journal.FaultRemoved)
		if removed.Since > 9*time.Second+100*time.Millisecond || took > 9*time.Second+watchGrace+100*time.Millisecond || b.in.harming() {
			t.Errorf("removed after %s, over after %s", removed.Since, took)
		}
		close(released)
		synctest.Wait()
		if _, found := b.mem.find(journal.AlertChanged); found {
			t.Error("something was recorded after the end")
		}
	})
}

// A panic of who watches ends the experiment, and not the process before the faults are
// gone.
func TestAPanicOfWhoWatchesRemovesTheFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		b.opts.Watch = func(context.Context, int, time.Time, func(journal.Event)) {
			time.Sleep(9 * time.Second)
			panic("watching")
		}
		if err := b.run(t.Context()); err == nil || b.in.harming() {
			t.Errorf("%v, the fault is in force: %v", err, b.in.harming())
		}
	})
}
