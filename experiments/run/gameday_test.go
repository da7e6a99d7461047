package run_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A waitingView tells when a run waits for a decision.
type waitingView chan journal.Event

func (v waitingView) Record(e journal.Event) {
	if e.Kind == journal.Waiting {
		v <- e
	}
}

func (waitingView) Observe(journal.Observation) {}
func (waitingView) Close()                      {}

// newGameDay is a bench with a game day of its experiment, how to decide, and the waits.
func newGameDay(t *testing.T) (*bench, chan *run.Control, waitingView) {
	t.Helper()
	b := newBench(t, systemtest.Options{})
	b.plan.GameDay = &plan.GameDay{Name: "november", Items: []plan.GameDayItem{
		{Experiment: b.plan.Experiments[0].ID, Owner: "ann", Expect: experiments.ExpectHeld, Question: "Does it hold?"},
	}}
	waits, control := make(waitingView, 10), make(chan *run.Control, 1)
	b.options.View = func(*plan.Plan) run.View { return waits }
	b.options.Control = func(_ *plan.Plan, c *run.Control) { control <- c }
	return b, control, waits
}

// left is how long the lease of the run lasts without another renewal, in seconds.
func (b *bench) left(t *testing.T) float64 {
	t.Helper()
	var list []struct{ Seconds float64 }
	if err := json.Unmarshal([]byte(get(t, b.system.Toxiproxy+"/blastgauge/leases")), &list); err != nil || len(list) != 1 {
		t.Fatalf("%d leases, %v", len(list), err)
	}
	return list[0].Seconds
}

// While a game day waits, its lease is renewed and no fault is in force; then it goes on.
func TestAGameDayWaitsWithItsLease(t *testing.T) {
	t.Parallel()
	b, control, waits := newGameDay(t)
	ended := make(chan *run.Outcome, 1)
	go func() {
		out, err := run.Run(t.Context(), b.plan, b.options)
		if err != nil {
			t.Error(err)
		}
		ended <- out
	}()
	c, e := <-control, <-waits
	if toxics := get(t, b.system.Toxiproxy+"/proxies/"+systemtest.Dependency+"/toxics"); toxics != "[]" {
		t.Errorf("while it waits there are %s", toxics)
	}
	last := b.left(t)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		now := b.left(t)
		if now > last {
			break
		}
		if last = now; time.Now().After(deadline) {
			t.Fatal("the lease is not renewed")
		}
	}
	if err := c.Note("ann", "we look at the alerts", true); err != nil {
		t.Error(err)
	}
	if err := c.Decide(journal.Decide{Experiment: e.Experiment, Decision: journal.Continue, Author: "ann"}); err != nil {
		t.Error(err)
	}
	out := <-ended
	if out == nil {
		t.FailNow()
	}
	g := out.Result.GameDay
	if len(g.Items) != 1 || g.Items[0].Decision != "continue" || g.Items[0].By != "ann" || g.Items[0].Waited <= 0 {
		t.Fatalf("game day %+v", g)
	}
	// On a busy machine it may be invalid, which is no answer and surprises as well.
	if item := g.Items[0]; item.Verdict == result.NotRun || item.Verdict != out.Result.Experiments[0].Verdict || !item.Surprise || len(g.FollowUps) != 2 || g.FollowUps[1].Of != result.OfNote {
		t.Errorf("item %+v, follow-ups %+v", item, g.FollowUps)
	}
	if first := out.Result.Experiments[0].Phases[0]; first.Start > 1 {
		t.Errorf("its warm-up begins %g s after it: the wait is in it", first.Start)
	}
	b.wantClean(t)
}

// Ctrl-C and the end of the time to decide end the wait as they end any run; what was not
// run was interrupted.
func TestAGameDayThatIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*bench, context.CancelCauseFunc, *run.Control){
		"by a signal": func(_ *bench, cancel context.CancelCauseFunc, _ *run.Control) {
			cancel(&engine.Interrupt{Signal: "INT"})
		},
		"by a person": func(_ *bench, _ context.CancelCauseFunc, c *run.Control) { _ = c.Stop("eve", "incident") },
		"by nobody":   func(*bench, context.CancelCauseFunc, *run.Control) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, control, waits := newGameDay(t)
			b.options.DecideWithin, b.plan.Choices.Flags = time.Hour, []string{plan.SilentFlag}
			if name == "by nobody" {
				b.options.DecideWithin = 300 * time.Millisecond
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() {
				c := <-control
				<-waits
				stop(b, cancel, c)
			}()
			out, err := run.Run(ctx, b.plan, b.options)
			if out == nil {
				t.Fatal(err)
			}
			if r := out.Result; r.Run.Outcome != result.Interrupted || r.Run.ExitCode != result.ExitINT || !r.Experiments[0].HasReason(result.ReasonInterrupted) {
				t.Errorf("outcome %s, exit code %d, reasons %q", r.Run.Outcome, r.Run.ExitCode, r.Experiments[0].Reasons)
			}
			if flags, want := out.Result.Run.Choices.Flags, []string{plan.SilentFlag, plan.WithinFlag + figures.Span(b.options.DecideWithin)}; !slices.Equal(flags, want) {
				t.Errorf("flags %q, want %q", flags, want)
			}
			b.wantClean(t)
		})
	}
}

// Whoever runs a game day says who decides, or that nobody does.
func TestWhoDecidesOfAGameDay(t *testing.T) {
	t.Parallel()
	b, _, _ := newGameDay(t)
	b.options.Control = nil
	if out, err := run.Run(t.Context(), b.plan, b.options); out != nil || run.ExitCode(err) != result.ExitUsage {
		t.Errorf("nobody decides: %+v, %v", out, err)
	}
	b.options.Unattended = true
	out := b.run(t.Context(), t)
	if item := out.Result.GameDay.Items[0]; item.Decision != "" || item.Verdict == result.NotRun {
		t.Errorf("by itself: %+v", item)
	}
	if flags := out.Result.Run.Choices.Flags; !slices.Contains(flags, plan.UnattendedFlag) {
		t.Errorf("flags %q: the same again would ask", flags)
	}
}
