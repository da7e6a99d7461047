package run_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/preflight"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// answers is an entry that answers with what a function says.
func answers(status func(*http.Request) int) func(string) http.Handler {
	return func(string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status(r)) })
	}
}

// A system that does not work already has nothing injected: the result says so, the run
// is over and its server free.
func TestASystemThatFailsAlreadyIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Entry: answers(func(*http.Request) int { return http.StatusTeapot })})
	view := &watcher{}
	b.options.View = func(*plan.Plan) run.View { return view }
	begun := time.Now()
	out := b.run(t.Context(), t)
	e := out.Result.Experiments[0]
	if !errors.Is(out.Err, preflight.ErrFailed) || out.Result.Run.ExitCode != result.ExitInvalid || run.ExitCode(out.Err) != result.ExitInvalid {
		t.Errorf("exit %d, %v", out.Result.Run.ExitCode, out.Err)
	}
	if e.Verdict != result.NotRun || !e.HasReason(result.ReasonPreflight) || !strings.Contains(e.Reasons[0], "418") || e.Faults[0].Intended {
		t.Errorf("%s: %q, %+v", e.Verdict, e.Reasons, e.Faults)
	}
	if len(view.seen) > 0 || time.Since(begun) > time.Minute {
		t.Errorf("%v were seen after %s", view.seen, time.Since(begun))
	}
	text, err := os.ReadFile(filepath.Join(out.Dir, journal.EventsFile))
	if err != nil || strings.Contains(string(text), string(journal.FaultIntended)) || !strings.Contains(string(text), string(journal.PreflightFailed)) {
		t.Errorf("the journal: %v\n%s", err, text)
	}
	b.wantClean(t)
}

// What is wrong beyond the limits of an allowance is allowed, as not_run is.
func TestAllowingInvalidAllowsAPreflightThatFails(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Entry: answers(func(*http.Request) int { return http.StatusTeapot })})
	b.options.Allow = []result.Verdict{result.Invalid}
	if out := b.run(t.Context(), t); out.Result.Run.ExitCode != result.ExitHeld {
		t.Errorf("exit %d", out.Result.Run.ExitCode)
	}
}

// A host that is not allowed is refused, and leaves no run behind. So does an interrupt.
func TestAPreflightThatIsCutShortLeavesNothing(t *testing.T) {
	t.Parallel()
	away := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/x", http.StatusFound))
	defer away.Close()
	stopped, stop := context.WithCancelCause(t.Context())
	for name, tt := range map[string]struct {
		ctx  context.Context
		o    systemtest.Options
		code int
	}{
		"a host":    {t.Context(), systemtest.Options{}, result.ExitRefused},
		"interrupt": {stopped, systemtest.Options{Entry: answers(func(*http.Request) int { stop(&engine.Interrupt{Signal: "TERM"}); return http.StatusTeapot })}, result.ExitTERM},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, tt.o)
			if tt.code == result.ExitRefused { // known only when the answer is there
				steps := &b.plan.System.Journeys[0].Steps
				*steps = append([]experiments.Step{{Name: "where", Request: experiments.Request{Target: away.URL}, Expect: experiments.Expect{Status: []int{http.StatusFound}},
					Captures: []experiments.Capture{{Name: "far", From: experiments.FromHeader, Expr: "Location"}}}}, experiments.Step{Name: "far", Request: experiments.Request{Target: "${far}"}})
				b.plan.Experiments[0].Journeys[0].Steps = *steps
			}
			out, err := run.Run(tt.ctx, b.plan, b.options)
			if out != nil || run.ExitCode(err) != tt.code {
				t.Errorf("%+v, exit %d: %v", out, run.ExitCode(err), err)
			}
			if _, err := os.Stat(b.options.Dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it left its directory: %v", err)
			}
			b.wantClean(t)
		})
	}
}

// A readySystem is one that a run starts itself.
type readySystem struct{ ended chan struct{} }

func (readySystem) KeepLog(string) error     { return nil }
func (s readySystem) Ended() <-chan struct{} { return s.ended }
func (readySystem) Close() error             { return nil }

// startedHere makes the bench start its system.
func (b *bench) startedHere(s run.System) {
	url := b.plan.System.Toxiproxy
	b.plan.System.Toxiproxy = experiments.Embedded
	b.options.Start = func(_ context.Context, p *plan.Plan) (run.System, error) {
		p.System.Toxiproxy = url
		return s, nil
	}
}

// A system that has ended will not get ready, so nobody waits for it.
func TestNobodyWaitsForASystemThatHasEnded(t *testing.T) {
	t.Parallel()
	s := readySystem{make(chan struct{})}
	var once sync.Once
	b := newBench(t, systemtest.Options{Entry: answers(func(*http.Request) int {
		once.Do(func() { close(s.ended) })
		return http.StatusBadGateway
	})})
	b.startedHere(s)
	begun := time.Now()
	out, err := run.Run(t.Context(), b.plan, b.options)
	if took := time.Since(begun); out != nil || run.ExitCode(err) != result.ExitError || errors.Is(err, preflight.ErrFailed) || took > 20*time.Second {
		t.Errorf("after %s: %+v, %v", took, out, err)
	}
	b.wantClean(t)
}

// What interrupts a preflight had no fault to remove, and nothing claims that it had.
func TestAnInterruptedPreflightRemovedNothing(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancelCause(t.Context())
	b := newBench(t, systemtest.Options{Entry: answers(func(*http.Request) int {
		stop(&engine.Interrupt{Signal: "TERM"})
		return http.StatusBadGateway
	})})
	out, err := run.Run(ctx, b.plan, b.options)
	if out != nil || run.ExitCode(err) != result.ExitTERM || !strings.Contains(err.Error(), "before anything was injected") || strings.Contains(result.ExitMeaning(run.ExitCode(err)), "removed") {
		t.Errorf("%+v, %v", out, err)
	}
	b.wantClean(t)
}

// The command that has started the system is kept for reports, without its secrets.
func TestTheCommandIsKeptWithoutSecrets(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Entry: answers(func(*http.Request) int { return http.StatusOK }), Phases: "{warmup: 0s, baseline: 300ms, fault: 2s, recovery: 0s}"})
	b.startedHere(readySystem{})
	b.options.Command = []string{"./shop", "--port", "80", "--password", "hunter2hunter2", "--token=c4n4ry-of-nobody", "SECRET=c4n4ry-of-nobody", "postgres://ann:c4n4ry-of-nobody@127.0.0.1/shop"}
	out := b.run(t.Context(), t)
	want := []string{"./shop", "--port", "80", "--password", "***", "--token=***", "SECRET=***", "postgres://ann:***@127.0.0.1/shop"}
	if got := out.Result.Run.Choices.Command; !slices.Equal(got, want) {
		t.Errorf("kept %q, want %q", got, want)
	}
}

// A system that the run has started gets its time to do its work; one that stands has
// had it.
func TestAStartedSystemGetsReady(t *testing.T) {
	t.Parallel()
	for name, starts := range map[string]bool{"started": true, "standing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			b := newBench(t, systemtest.Options{Entry: answers(func(*http.Request) int {
				if asked.Add(1) <= 4 { // of three tries
					return http.StatusBadGateway
				}
				return http.StatusOK
			}), Phases: "{warmup: 0s, baseline: 300ms, fault: 2s, recovery: 0s}"})
			if starts {
				b.startedHere(readySystem{})
			}
			out := b.run(t.Context(), t)
			if failed := errors.Is(out.Err, preflight.ErrFailed); failed == starts {
				t.Errorf("after %d requests: %v", asked.Load(), out.Err)
			}
		})
	}
}
