package gating_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/gating"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/attempts"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/history"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// Versions of a config. Prices above 50 are what no customer pays.
const (
	servedText = `{"revision": 1, "price": 5, "fee": 1, "name": "a"}`
	badText    = `{"revision": 2, "price": 500, "fee": 2, "name": "a"}`
	goodText   = `{"revision": 1, "price": 6, "fee": 1, "name": "a"}`
)

// sells reports whether customers are served well with a config.
func sells(text []byte) bool {
	var c struct{ Price *float64 }
	return json.Unmarshal(text, &c) == nil && c.Price != nil && *c.Price > 0 && *c.Price <= 50
}

// answering serves customers with the config that read finds, for each of them anew.
func answering(read func() ([]byte, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if text, err := read(); err != nil || !sells(text) {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
}

// fetching reads a config that a dependency serves.
func fetching(backend string) http.Handler {
	client := systemtest.Client(0)
	return answering(func() ([]byte, error) {
		resp, err := client.Get(backend + "/config.json")
		if err != nil {
			return nil, err
		}
		defer func() { _ = resp.Body.Close() }() // it was read
		return io.ReadAll(resp.Body)
	})
}

// serving serves the config at its path alone.
func serving(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/config.json" {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, servedText) // the test sees what is missing
}

// start starts a system under test, with a candidate in next.json beside its documents.
func start(t *testing.T, candidate string, o systemtest.Options) gating.Options {
	t.Helper()
	dir := t.TempDir()
	o.Rate, o.SlowAfter, o.Timeout, o.Phases = "200/s", "400ms", "800ms", "{warmup: 100ms, baseline: 700ms, fault: 1200ms, recovery: 100ms}"
	if err := os.WriteFile(filepath.Join(dir, "next.json"), []byte(candidate), 0o600); err != nil {
		t.Fatal(err)
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
	return gating.Options{
		Flags:  gating.Flags{File: filepath.Join(dir, "next.json"), Experiments: []string{filepath.Join(dir, systemtest.ExperimentFile)}, Neighborhood: true, Smallest: true},
		System: filepath.Join(dir, systemtest.SystemFile), Plan: plan.Options{Version: "test", Phases: plan.NoOverride()},
		Run:  run.Options{Dir: filepath.Join(dir, "runs", "candidate"), Registry: journal.OpenRegistry(filepath.Join(dir, "state"))},
		Runs: filepath.Join(dir, "runs"), Getenv: os.LookupEnv, Logf: t.Logf,
		Perform: func(ctx context.Context, p *plan.Plan, o run.Options, _ string, _ bool) (*run.Outcome, error) {
			return run.Run(ctx, p, o)
		},
	}
}

// measureReal gates the candidate on this machine. What a busy machine held up is measured again, with other
// runs, so that it is no attempt of the candidate's.
func measureReal(ctx context.Context, t *testing.T, o *gating.Options) (*gate.Report, *run.Outcome) {
	t.Helper()
	r, out := measure(ctx, t, *o)
	for again := 1; again < 5 && isBusy(r); again++ {
		o.Runs = filepath.Join(filepath.Dir(o.Runs), fmt.Sprintf("again-%d", again))
		o.Run.Dir = filepath.Join(o.Runs, "candidate")
		r, out = measure(ctx, t, *o)
	}
	return r, out
}

func isBusy(r *gate.Report) bool {
	return r.Verdict == result.Invalid && slices.ContainsFunc(r.Failures, func(f gate.Failure) bool {
		return slices.Contains(f.Codes, result.ReasonTooBusy)
	})
}

// measure gates the candidate.
func measure(ctx context.Context, t *testing.T, o gating.Options) (*gate.Report, *run.Outcome) {
	t.Helper()
	g, err := gating.Load(o)
	if err == nil {
		err = g.Prepare(ctx)
	}
	if err != nil {
		t.Fatal(experiments.Explain(err), err)
	}
	r, out, err := g.Measure(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r, out
}

// A candidate with three changes of which one harms: it is found what is served, what
// differs, and which of the three it is.
func TestABadCandidateOfADependency(t *testing.T) {
	t.Parallel()
	o := start(t, badText, systemtest.Options{
		Backend: http.HandlerFunc(serving), Entry: fetching, Control: fetching,
		Faults: "{inject: http_config, into: backend, candidate: {file: next.json}, match: {path: /config.json}}",
	})
	r, out := measureReal(t.Context(), t, &o)
	if r.Verdict != result.Refuted || r.ExitCode != result.ExitRefuted || len(r.Failures) != 1 {
		t.Fatalf("%s: %+v", r.Sentence, r.Failures)
	}
	var pointers []string
	for _, c := range r.Changed {
		pointers = append(pointers, c.Pointer)
	}
	if !slices.Equal(pointers, []string{"/revision", "/price", "/fee"}) || r.Served == nil || r.Served.Digest != statement.DigestOf([]byte(servedText)) {
		t.Errorf("%q differ from %+v", pointers, r.Served)
	}
	s := r.Smallest
	if s == nil || !slices.Equal(s.Pointers, []string{"/price"}) || !s.Minimal || s.Harm == nil || s.Harm.Low < s.Limit || sells([]byte(s.Document)) || !strings.Contains(s.Document, `"revision": 1`) {
		t.Errorf("the smallest part that fails: %+v", s)
	}
	if !strings.Contains(r.Sentence, "/price 5 → 500 harms ") {
		t.Error(r.Sentence)
	}
	if f := r.Failures[0]; f.Journey != "visit" || f.Step != "visit" || f.Cause != "status" || f.CauseKey != "500" || f.Example == nil {
		t.Errorf("%+v", f)
	}
	for _, id := range r.Near {
		if _, err := os.Stat(filepath.Join(out.Dir, history.BesideDir, id, journal.EventsFile)); err != nil {
			t.Error(err)
		}
	}
	if len(r.Near) == 0 {
		t.Error("nothing was asked about parts of the change")
	}
	a, err := attempts.CountIn(o.Runs, statement.OfFile("x.json", []byte(badText)), "another")
	if err != nil || a.Count != 1 || a.List[0].Verdict != result.Refuted {
		t.Errorf("the attempts are %+v, %v", a, err)
	}
}

// A candidate of a config file that holds: the file is as it was, and what is near is
// measured, the nearest first, until the budget is spent.
func TestAGoodCandidateOfAFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(servedText), 0o600); err != nil {
		t.Fatal(err)
	}
	o := start(t, goodText, systemtest.Options{
		Entry:  func(string) http.Handler { return answering(func() ([]byte, error) { return os.ReadFile(file) }) },
		Faults: fmt.Sprintf("{inject: config_file, into: config, file: %q, candidate: {file: next.json}}", file),
	})
	o.Budget = "10s"
	r, _ := measureReal(t.Context(), t, &o)
	if r.Verdict != result.Held || r.ExitCode != result.ExitHeld || len(r.Failures) > 0 || len(r.Measured) != 1 {
		t.Fatalf("%s: %+v", r.Sentence, r.Failures)
	}
	if len(r.Changed) != 1 || r.Changed[0].Pointer != "/price" || string(r.Changed[0].To) != "6" || r.Served == nil || r.Served.Source != file {
		t.Errorf("%+v differ from %+v", r.Changed, r.Served)
	}
	if len(r.Neighborhood) == 0 {
		t.Fatalf("nothing near it was measured: %+v", r.NotMeasured)
	}
	for _, n := range r.Neighborhood {
		var price float64
		if n.Pointer != "/price" || n.Verdict == result.Held && (json.Unmarshal(n.Value, &price) != nil || price <= 0 || price > 50) {
			t.Errorf("%s: %+v", n.Verdict, n)
		}
	}
	if !slices.ContainsFunc(r.NotMeasured, func(n gate.NotMeasured) bool { return n.Code == gate.NoTime }) {
		t.Errorf("all is said to be measured: %+v", r.NotMeasured)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != servedText {
		t.Errorf("the file is left as %q, %v", text, err)
	}
}
