package run_test

import (
	"context"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// A vacuousCase is a system, and what has to come of an experiment on it. Its
// outcome is certain on any machine: a journey may take four seconds, and either
// all or none of them are harmed.
type vacuousCase struct {
	name    string
	options systemtest.Options
	during  func(*testing.T, *systemtest.System) // once the fault is in force
	verdict result.Verdict
	code    int
	reason  result.ReasonCode
	unmet   result.UnmetCode // why the fault met nothing; empty: not asked
}

// Ways to measure nothing and, for comparison, a fault that harms and one that
// does not. Rules and wording are proven in experiments/result; here real traffic
// meets a real proxy.
func vacuousCases() []vacuousCase {
	status := func(code int) func(string) http.Handler {
		return func(string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		}
	}
	failing := func(backend string) http.Handler {
		client := systemtest.Client(time.Second)
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			systemtest.Answers(client, backend)
			w.WriteHeader(http.StatusInternalServerError)
		})
	}
	return []vacuousCase{
		{"harm", systemtest.Options{Control: systemtest.Calls}, nil, result.Refuted, 3, result.ReasonHarmful, ""},
		{"no harm", systemtest.Options{Control: systemtest.Calls, Faults: "{inject: latency, into: backend, latency: 1ms}"}, nil, result.Held, 0, result.ReasonHarmless, ""},
		{"the proxy is bypassed", systemtest.Options{Entry: status(http.StatusOK)}, nil, result.Invalid, 5, result.ReasonNotExercised, result.UnmetNoConnection},
		{"a path that is never called", systemtest.Options{Faults: "{inject: http_error, into: backend, status: 503, match: {path: /nowhere}}"}, nil, result.Invalid, 5, result.ReasonNotExercised, result.UnmetNoMatch},
		{"journeys fail already", systemtest.Options{Entry: failing}, nil, result.Invalid, 5, result.ReasonBaselineHarmed, ""},
		{"a broken control", systemtest.Options{Control: status(http.StatusInternalServerError)}, nil, result.Invalid, 5, result.ReasonBaselineHarmed, ""},
		{"no journeys", systemtest.Options{Rate: "1/h"}, nil, result.Invalid, 5, result.ReasonTooFewJourneys, ""},
		{"the proxy is deleted in the middle", systemtest.Options{}, deleteProxy, result.Invalid, 5, result.ReasonFaultVanished, ""},
	}
}

func deleteProxy(t *testing.T, s *systemtest.System) {
	req, err := http.NewRequest(http.MethodDelete, s.Toxiproxy+"/proxies/"+systemtest.Dependency, nil)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.Body.Close() != nil || resp.StatusCode != http.StatusNoContent {
		t.Errorf("delete the proxy: %v, %v", resp, err)
	}
}

func TestNothingIsMeasuredInVain(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup // all wait, so none waits for another's processor
	for _, c := range vacuousCases() {
		all.Go(func() { c.check(t) })
	}
	all.Wait()
}

func (c vacuousCase) check(t *testing.T) {
	o := c.options
	o.SlowAfter, o.Timeout = "4s", "8s"
	o.Phases, o.Limits = "{warmup: 300ms, baseline: 2s, fault: 9s, recovery: 0s}", "{blast_radius: 20%, baseline: 20%}"
	s, err := systemtest.Start(t.TempDir(), o)
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	defer s.Close() //nolint:errcheck // its proxy may be deleted
	// A preflight would find some of them before anything is measured.
	out, err := perform(t, s, run.Options{NoPreflight: true, View: func(*plan.Plan) run.View { return &faultWatcher{act: func() { c.act(t, s) }} }})
	if err != nil {
		t.Errorf("%s: %v", c.name, err)
		return
	}
	e := out.Result.Experiments[0]
	if e.Verdict != c.verdict || out.Result.Run.ExitCode != c.code || !e.HasReason(c.reason) {
		t.Errorf("%s: %s, exit %d, %v %q; want %s, exit %d, %s", c.name, e.Verdict, out.Result.Run.ExitCode, e.ReasonCodes, e.Reasons, c.verdict, c.code, c.reason)
	}
	for _, f := range e.Faults {
		if c.unmet != "" && f.Exercised.Unmet != c.unmet {
			t.Errorf("%s: %s (%s), want %s", c.name, f.Exercised.Unmet, f.Exercised.Note, c.unmet)
		}
		if f.Intended && !f.RemovalVerified {
			t.Errorf("%s: the removal of %s is not verified", c.name, f.Name)
		}
	}
}

func (c vacuousCase) act(t *testing.T, s *systemtest.System) {
	if c.during != nil {
		c.during(t, s)
	}
}

// perform performs a system's experiment in this process.
func perform(t *testing.T, s *systemtest.System, o run.Options) (*run.Outcome, error) {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		return nil, err
	}
	o.Dir = filepath.Join(s.Dir, "run")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return run.Run(ctx, p, o)
}

// A faultWatcher acts once, beside the run, when a fault is in force.
type faultWatcher struct {
	act  func()
	once sync.Once
	done sync.WaitGroup
}

func (w *faultWatcher) Record(e journal.Event) {
	if e.Kind == journal.FaultInjected {
		w.once.Do(func() { w.done.Go(w.act) })
	}
}

func (w *faultWatcher) Observe(journal.Observation) {}

func (w *faultWatcher) Close() { w.done.Wait() }
