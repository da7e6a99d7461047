package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/waiting"
)

// watchdogArgument makes the test binary the watchdog process of a run:
//
//	run.test watchdog STATE DIR
const watchdogArgument = "watchdog"

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == watchdogArgument {
		err := cleanup.Watch(os.Args[3], os.Stdin, os.Stdout, cleanup.Options{Registry: journal.OpenRegistry(os.Args[2])})
		if err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 4 && os.Args[1] == scanArgument {
		_, _ = fmt.Fprintln(os.Stderr, scanUntilKilled(os.Args[2], os.Args[3]))
		os.Exit(1)
	}
	if len(os.Args) == 5 && os.Args[1] == strikeArgument {
		_, _ = fmt.Fprintln(os.Stderr, strike(os.Args[2], os.Args[3], os.Args[4]))
		os.Exit(1)
	}
	if len(os.Args) == 2 && os.Args[1] == proxiesArgument {
		if err := serveProxies(); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(waiting.Tests{M: m}.Run())
}

// A bench is a small system under test, the plan of one experiment on it, and the
// options of a run. All requests of the fault arm fail under the fault, and none of
// the control, so that the outcome is certain however busy the machine is.
type bench struct {
	system  *systemtest.System
	plan    *plan.Plan
	options run.Options
}

func newBench(t *testing.T, o systemtest.Options) *bench {
	t.Helper()
	dir := t.TempDir()
	o.Control = systemtest.Calls
	if o.Phases == "" {
		o.Phases = "{warmup: 100ms, baseline: 1s, fault: 2s, recovery: 200ms}"
	}
	s, err := systemtest.Start(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	state := filepath.Join(dir, "state")
	return &bench{system: s, plan: planOf(t, s), options: run.Options{
		Dir: filepath.Join(dir, "run"), Registry: journal.OpenRegistry(state), Watchdog: []string{os.Args[0], watchdogArgument, state},
	}}
}

func planOf(t *testing.T, s *systemtest.System) *plan.Plan {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// run performs the plan and wants a result.
func (b *bench) run(ctx context.Context, t *testing.T) *run.Outcome {
	t.Helper()
	out, err := run.Run(ctx, b.plan, b.options)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// wantClean wants no toxic and no lease on the server, no open run in the registry,
// and no watchdog left in the run's directory.
func (b *bench) wantClean(t *testing.T) {
	t.Helper()
	for path, want := range map[string]string{"/proxies/" + systemtest.Dependency + "/toxics": "[]", "/blastgauge/leases": "[]"} {
		if got := get(t, b.system.Toxiproxy+path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if list, err := b.options.Registry.All(); len(list) > 0 || err != nil {
		t.Errorf("open runs: %+v, %v", list, err)
	}
	if text, err := os.ReadFile(filepath.Join(b.options.Dir, cleanup.LogFile)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the watchdog left its log: %q, %v", text, err)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// wantRemoved wants the one fault of the experiment injected and proven removed.
func wantRemoved(t *testing.T, e result.Experiment) {
	t.Helper()
	if len(e.Faults) != 1 || e.Faults[0].Injected.IsZero() || !e.Faults[0].RemovalVerified {
		t.Errorf("faults: %+v", e.Faults)
	}
}

// A watcher is a view that calls a function at every event.
type watcher struct {
	record func(journal.Event)

	mu     sync.Mutex
	seen   []journal.Kind
	judged []*result.Experiment
	closed bool
}

func (w *watcher) Record(e journal.Event) {
	w.mu.Lock()
	w.seen = append(w.seen, e.Kind)
	w.mu.Unlock()
	if w.record != nil {
		w.record(e)
	}
}

func (w *watcher) Observe(journal.Observation) {}

func (w *watcher) Judge(e *result.Experiment) { w.judged = append(w.judged, e) }

// wantTheResult wants the view to have been told what the result says, once.
func (w *watcher) wantTheResult(t *testing.T, r *result.Result) {
	t.Helper()
	if len(w.judged) != len(r.Experiments) {
		t.Fatalf("%d experiments were judged, want %d", len(w.judged), len(r.Experiments))
	}
	for i, e := range w.judged {
		got, err1 := json.Marshal(e)
		want, err2 := json.Marshal(r.Experiments[i])
		if err := errors.Join(err1, err2); err != nil || string(got) != string(want) {
			t.Errorf("the view was told\n%s, %v\nthe result says\n%s", got, err, want)
		}
	}
}

func (w *watcher) Close() { w.closed = true }

func TestRunToItsVerdict(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{SlowAfter: "4s", Timeout: "8s", Limits: "{blast_radius: 20%, baseline: 100%}",
		Phases: "{warmup: 100ms, baseline: 2s, fault: 9s, recovery: 200ms}"}) // no journey is late, and none is slow
	w := &watcher{}
	b.options.View = func(*plan.Plan) run.View { return w }
	out := b.run(t.Context(), t)
	e := out.Result.Experiments[0]
	if out.Err != nil || out.Decisive || e.Verdict != result.Refuted || out.Result.Run.ExitCode != result.ExitRefuted {
		t.Errorf("verdict %s, exit code %d, because of %v, %v", e.Verdict, out.Result.Run.ExitCode, e.Reasons, out.Err)
	}
	wantRemoved(t, e)
	b.wantClean(t)
	w.wantTheResult(t, out.Result)
	if !w.closed || w.seen[0] != journal.RunStarted || w.seen[len(w.seen)-1] != journal.RunEnded {
		t.Errorf("the view saw %v, closed %v", w.seen, w.closed)
	}
	write := func(w io.Writer, r *result.Result) error { return json.NewEncoder(w).Encode(r.Run) }
	if err := run.WriteFiles(out.Dir, out.Result, map[string]run.Format{result.File: write}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(b.options.Dir, result.File)); err != nil || !strings.Contains(string(text), b.plan.Run) {
		t.Errorf("%s holds %q, %v", result.File, text, err)
	}
	if _, err := run.Run(t.Context(), b.plan, b.options); run.ExitCode(err) != result.ExitUsage {
		t.Errorf("a second run in the same directory: %v", err)
	}
}

func TestGuardrailStopsTheFault(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Phases: "{warmup: 100ms, baseline: 1s, fault: 60s, recovery: 0s}", More: "guardrails: [{blast_radius: 30%}]\n"})
	began := time.Now()
	out := b.run(t.Context(), t)
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("it ended after %s", took)
	}
	e := out.Result.Experiments[0]
	if out.Err != nil || e.Guardrail == nil || !e.Guardrail.Tripped {
		t.Errorf("guardrail %+v, %v", e.Guardrail, out.Err)
	}
	wantRemoved(t, e)
	b.wantClean(t)
}

// An interrupt removes the fault, and its result is kept like any other.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	for signal, code := range map[string]int{"INT": result.ExitINT, "TERM": result.ExitTERM} {
		t.Run(signal, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, systemtest.Options{Phases: "{warmup: 100ms, baseline: 500ms, fault: 60s, recovery: 0s}"})
			ctx, stop := context.WithCancelCause(t.Context())
			defer stop(nil)
			w := &watcher{record: func(e journal.Event) {
				if e.Kind == journal.FaultInjected {
					stop(&engine.Interrupt{Signal: signal})
				}
			}}
			b.options.View = func(*plan.Plan) run.View { return w }
			out := b.run(ctx, t)
			if out.Result.Run.ExitCode != code || out.Decisive {
				t.Errorf("exit code %d, want %d: %v", out.Result.Run.ExitCode, code, out.Err)
			}
			if !slices.Contains(w.seen, journal.Interrupted) {
				t.Errorf("the journal holds %v", w.seen)
			}
			wantRemoved(t, out.Result.Experiments[0])
			w.wantTheResult(t, out.Result)
			b.wantClean(t)
		})
	}
}

// The emergency stop ends a run that is alive, from outside.
func TestEmergencyStop(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Phases: "{warmup: 100ms, baseline: 500ms, fault: 60s, recovery: 0s}"})
	injected := make(chan struct{})
	b.options.View = func(*plan.Plan) run.View {
		return &watcher{record: func(e journal.Event) {
			if e.Kind == journal.FaultInjected {
				close(injected)
			}
		}}
	}
	done := make(chan *run.Outcome, 1)
	go func() {
		out, err := run.Run(t.Context(), b.plan, b.options)
		if err != nil {
			t.Error(err)
		}
		done <- out
	}()
	<-injected
	o := cleanup.Options{Registry: b.options.Registry}
	if err := cleanup.Run(t.Context(), b.options.Dir, o); !errors.Is(err, journal.ErrAlive) || run.ExitCode(err) != result.ExitRefused {
		t.Errorf("a run that is alive was cleaned up: %v", err)
	}
	if err := cleanup.All(t.Context(), nil, o); err != nil {
		t.Errorf("All() with a run that is alive = %v", err)
	}
	o.Stop = true
	if err := cleanup.Run(t.Context(), b.options.Dir, o); err != nil {
		t.Errorf("stop: %v", err)
	}
	out := <-done
	if e := out.Result.Experiments[0]; e.Verdict != result.Invalid && e.Verdict != result.NotRun {
		t.Errorf("verdict %s because of %v", e.Verdict, e.Reasons)
	}
	b.wantClean(t)
}

// A system that a run starts is stopped by it, and its log is kept.
type startedSystem struct{ kept, closed string }

func (s *startedSystem) KeepLog(dir string) error { s.kept = dir; return nil }

func (s *startedSystem) Ended() <-chan struct{} { return nil }

func (s *startedSystem) Close() error { s.closed = "yes"; return errors.New("it had ended") }

func TestASystemThatEndsTooEarlyDecidesTheExitCode(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{})
	api := b.system.Toxiproxy
	b.plan.System.Toxiproxy = experiments.Embedded
	if _, err := run.Run(t.Context(), b.plan, b.options); run.ExitCode(err) != result.ExitUsage {
		t.Errorf("embedded proxies without a system: %v", err)
	}
	s := &startedSystem{}
	b.options.Start = func(_ context.Context, p *plan.Plan) (run.System, error) {
		p.System.Toxiproxy = api
		return s, nil
	}
	out := b.run(t.Context(), t)
	if s.kept != out.Dir || s.closed != "yes" {
		t.Errorf("%+v", s)
	}
	if !out.Decisive || out.Result.Run.ExitCode != result.ExitError {
		t.Errorf("exit code %d, decisive %v", out.Result.Run.ExitCode, out.Decisive)
	}
	wantRemoved(t, out.Result.Experiments[0])
	if _, err := run.Run(t.Context(), b.plan, b.options); run.ExitCode(err) != result.ExitUsage { // its proxies stand now
		t.Errorf("a system behind proxies that stand already: %v", err)
	}
}

// What a run would find can be looked at without injecting anything.
func TestInspect(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{})
	found, err := run.Inspect(t.Context(), b.plan, b.options)
	if err != nil || found.Toxiproxy.Kind != "blastgauge" || found.Unreachable != nil || found.Embedded {
		t.Errorf("Inspect() = %+v, %v", found, err)
	}
	b.plan.System.Toxiproxy = "http://127.0.0.1:1"
	if found, err = run.Inspect(t.Context(), b.plan, b.options); err != nil || found.Unreachable == nil {
		t.Errorf("Inspect() of no server = %+v, %v", found, err)
	}
	b.plan.System.Toxiproxy = "http://192.0.2.1:8474"
	if found, err = run.Inspect(t.Context(), b.plan, b.options); run.ExitCode(err) != result.ExitRefused {
		t.Errorf("Inspect() of a host that is not allowed = %+v, %v", found, err)
	}
	b.plan.System.Toxiproxy = experiments.Embedded
	if found, err = run.Inspect(t.Context(), b.plan, b.options); err != nil || !found.Embedded {
		t.Errorf("Inspect() of embedded proxies = %+v, %v", found, err)
	}
}
