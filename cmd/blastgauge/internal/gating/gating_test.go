package gating_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/gating"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

const (
	documentOfSystem = `version: 1
system: shop
environment: test
toxiproxy: http://127.0.0.1:1
url: http://127.0.0.1:3
dependencies:
  settings: {listen: "127.0.0.1:4", upstream: "http://127.0.0.1:2"}
journeys:
  visit: {rate: 50/s, slow_after: 1s, timeout: 2s, steps: [{name: visit, request: GET /}]}
defaults:
  phases: {warmup: 0s, baseline: 10s, fault: 15s, recovery: 5s}
`
	documentOfExperiment = `version: 1
experiment: settings-next
hypothesis: It works.
faults: [{inject: http_config, into: settings, candidate: {file: ../next.json}, match: {path: /settings}}]
`
)

// A stage plays the runs of a gate in fake time: each takes as long as its plan says, and a
// config that sells harms nobody.
type stage struct {
	*testing.T
	o gating.Options
	// before is called before each run, with how many there were; what it returns in place
	// of nil is its outcome.
	before func(n int) (*run.Outcome, error)
	runs   int
	// unknown is an experiment that decides nothing and knows no number; empty: none.
	unknown string
	// close is an experiment that holds, and comes near to its limit; empty: none.
	close string
	// open is the verdict of the candidate's run in place of its own; empty: its own counts.
	open result.Verdict
	busy int // the run that decides nothing, because the machine is busy; 0: none
}

func newStage(t *testing.T, candidate string) *stage {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"blastgauge.yaml": documentOfSystem, "experiments/next.yaml": documentOfExperiment, "next.json": candidate, "served.json": servedText} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	s := &stage{T: t, before: func(int) (*run.Outcome, error) { return nil, nil }} //nolint:nilnil // the run is played
	s.o = gating.Options{
		Flags:  gating.Flags{File: filepath.Join(dir, "next.json"), Served: filepath.Join(dir, "served.json"), Neighborhood: true, Smallest: true},
		System: filepath.Join(dir, "blastgauge.yaml"), Plan: plan.Options{Version: "test", Phases: plan.NoOverride()},
		Runs: filepath.Join(dir, "runs"), Getenv: os.LookupEnv, Logf: t.Logf, Perform: s.perform,
	}
	return s
}

// perform plays a run.
func (s *stage) perform(ctx context.Context, p *plan.Plan, o run.Options, _ string, _ bool) (*run.Outcome, error) {
	s.runs++
	if out, err := s.before(s.runs); out != nil || err != nil {
		return out, err
	}
	dir := o.Dir
	if dir == "" {
		dir = filepath.Join(s.o.Runs, p.Run)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if o.Opened != nil {
		root, err := os.OpenRoot(dir)
		if err == nil {
			err = errors.Join(o.Opened(root, time.Now()), root.Close())
		}
		if err != nil {
			return nil, err
		}
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	r := &result.Result{Schema: result.Schema, Run: result.Run{ID: p.Run, Started: time.Now(), Outcome: result.Completed, Seed: p.Seed, Choices: result.Choices(p.Choices)}}
	for _, d := range p.Documents {
		r.Documents = append(r.Documents, result.Document(d))
	}
	time.Sleep(p.Duration())
	r.Run.Ended = time.Now()
	for _, e := range p.Experiments {
		found := played(e)
		if e.ID == s.unknown {
			found.Verdict, found.Journeys = result.Inconclusive, nil
		}
		if e.ID == s.close {
			found.Journeys[0].BlastRadius.High = 0.04
		}
		if s.runs == 1 && s.open != "" {
			found.Verdict = s.open
		}
		if s.runs == s.busy {
			found.Verdict = result.Invalid
		}
		r.Experiments = append(r.Experiments, found)
	}
	r.Run.ExitCode = r.Exit(nil)
	return &run.Outcome{Dir: dir, Result: r}, nil
}

// played is what an experiment finds.
func played(e plan.Experiment) result.Experiment {
	j := result.Journey{Name: "visit", Limit: 0.05, Verdict: result.Held, BlastRadius: &result.BlastRadius{Journey: "visit", High: 0.01, Confidence: 0.95}}
	if !sells([]byte(e.Faults[0].Body)) {
		j.Verdict = result.Refuted
		j.BlastRadius = &result.BlastRadius{Journey: "visit", Estimate: 1, Low: 0.97, High: 1, Confidence: 0.95}
	}
	return result.Experiment{ID: e.ID, Verdict: j.Verdict, Reasons: []string{"because"}, Journeys: []result.Journey{j}}
}

// codes are why something was not measured, each once.
func codes(r *gate.Report) (list []string) {
	for _, n := range r.NotMeasured {
		if !slices.Contains(list, n.Code) {
			list = append(list, n.Code)
		}
	}
	slices.Sort(list)
	return list
}

// All that the verdict on a candidate leaves to ask is asked, within the budget and the
// switches.
func TestWhatIsMeasured(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		candidate string
		flags     func(*gating.Flags)
		smallest  string // pointers; empty: none is found
		near      bool
		codes     []string
	}{
		"held":               {candidate: goodText, near: true},
		"held, not asked":    {candidate: goodText, flags: func(f *gating.Flags) { f.Neighborhood = false }, codes: []string{gate.Unasked}},
		"held, no time":      {candidate: goodText, flags: func(f *gating.Flags) { f.Budget = "31s" }, codes: []string{gate.NoTime}},
		"held, little time":  {candidate: goodText, flags: func(f *gating.Flags) { f.Budget = "3m" }, near: true, codes: []string{gate.NoTime}},
		"refuted":            {candidate: badText, smallest: "/price", codes: []string{gate.Failing}},
		"refuted, not asked": {candidate: badText, flags: func(f *gating.Flags) { f.Smallest = false }, codes: []string{gate.Failing, gate.Unasked}},
		"refuted, no time":   {candidate: badText, flags: func(f *gating.Flags) { f.Budget = "31s" }, codes: []string{gate.NoTime, gate.Failing}},
		"refuted, one part":  {candidate: strings.Replace(servedText, "5", "500", 1), codes: []string{gate.Failing}},
		"no served version":  {candidate: badText, flags: func(f *gating.Flags) { f.Served = "" }, codes: []string{gate.Failing, gate.Unserved}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, tt.candidate)
			if tt.flags != nil {
				tt.flags(&s.o.Flags)
			}
			synctest.Test(t, func(t *testing.T) {
				r, _ := measure(t.Context(), t, s.o)
				found := ""
				if r.Smallest != nil {
					found = strings.Join(r.Smallest.Pointers, " ")
				}
				slices.Sort(tt.codes)
				got := slices.DeleteFunc(codes(r), func(code string) bool { return code == gate.Unfit || code == gate.Same })
				if found != tt.smallest || tt.near != (len(r.Neighborhood) > 0) || !slices.Equal(got, tt.codes) {
					t.Errorf("smallest %q, %d neighbors, not measured: %q", found, len(r.Neighborhood), got)
				}
				if r.Spent > r.Budget {
					t.Errorf("%g s were spent of %g s", r.Spent, r.Budget)
				}
			})
		})
	}
}

// A question that a busy machine left open is asked once more.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	quiet, busy := newStage(t, badText), newStage(t, badText)
	busy.busy = 2 // the first question
	for _, s := range []*stage{quiet, busy} {
		synctest.Test(t, func(t *testing.T) {
			r, _ := measure(t.Context(), t, s.o)
			if r.Smallest == nil || !slices.Equal(r.Smallest.Pointers, []string{"/price"}) || !r.Smallest.Minimal {
				t.Errorf("the smallest part that fails: %+v", r.Smallest)
			}
		})
	}
	if busy.runs != quiet.runs+1 {
		t.Errorf("%d runs, and %d where nothing was left open", busy.runs, quiet.runs)
	}
}

// Neighbors are measured nearest first, and none changes the exit code.
func TestNeighbors(t *testing.T) {
	t.Parallel()
	s := newStage(t, goodText)
	s.o.Budget = "2h"
	synctest.Test(t, func(t *testing.T) {
		r, _ := measure(t.Context(), t, s.o)
		n := r.NearestFailing()
		if r.ExitCode != result.ExitHeld || r.Verdict != result.Held || n == nil || n.Pointer != "/price" || n.Harm == nil || n.Limit != 0.05 || string(n.From) != "6" {
			t.Fatalf("exit %d: the nearest that fails is %+v", r.ExitCode, n)
		}
		if !strings.Contains(r.Sentence, "nearest that fails: /price "+string(n.Value)+" (6 in the candidate)") {
			t.Error(r.Sentence)
		}
		ids := map[string]bool{}
		for _, n := range r.Neighborhood {
			ids[n.Experiment] = true
		}
		if len(ids) != len(r.Neighborhood) {
			t.Errorf("%d experiments for %d neighbors", len(ids), len(r.Neighborhood))
		}
		c := r.Change()
		if len(c.Neighbourhood) != len(r.Neighborhood) || c.NearestFailing == nil || len(c.Pointers) != 1 || c.From == nil || c.To != r.Candidate.Digest {
			t.Errorf("a statement would say %+v", c)
		}
	})
}

// twoExperiments adds one to a stage that comes first.
func (s *stage) twoExperiments() {
	s.Helper()
	other := strings.Replace(documentOfExperiment, "settings-next", "settings-first", 1)
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.o.System), "experiments/first.yaml"), []byte(other), 0o600); err != nil {
		s.Fatal(err)
	}
}

// A candidate without an answer does not pass, and is not blamed: neither is what is near it
// measured, which would be as undecided, nor is the part searched that fails.
func TestACandidateWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		candidate string
		set       func(*stage)
		code      int
	}{
		"undecided":             {goodText, func(s *stage) { s.open = result.Inconclusive }, result.ExitInconclusive},
		"undecided, and harmed": {badText, func(s *stage) { s.open = result.Inconclusive }, result.ExitInconclusive},
		"invalid":               {goodText, func(s *stage) { s.open = result.Invalid }, result.ExitInvalid},
		"one of two undecided":  {goodText, func(s *stage) { s.twoExperiments(); s.unknown = "settings-first" }, result.ExitInconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, tt.candidate)
			tt.set(s)
			synctest.Test(t, func(t *testing.T) {
				r, _ := measure(t.Context(), t, s.o)
				if r.ExitCode != tt.code || s.runs != 1 || len(r.Neighborhood) > 0 || r.Smallest != nil || !slices.Equal(codes(r), []string{gate.Undecided}) {
					t.Errorf("exit %d after %d runs, %d neighbors, smallest %+v, not measured: %q", r.ExitCode, s.runs, len(r.Neighborhood), r.Smallest, codes(r))
				}
				for _, f := range r.Failures {
					if f.Verdict == result.Refuted || len(f.Reasons) == 0 || !strings.Contains(r.Sentence, f.Reasons[0]) {
						t.Errorf("%q of %+v", r.Sentence, f)
					}
				}
			})
		})
	}
}

// What is near is measured by the experiment that comes nearest to its limit, also where that
// is not the first one.
func TestTheExperimentNearestToItsLimit(t *testing.T) {
	t.Parallel()
	s := newStage(t, goodText)
	s.twoExperiments()
	s.close = "settings-next"
	synctest.Test(t, func(t *testing.T) {
		r, _ := measure(t.Context(), t, s.o)
		if len(r.Measured) != 2 || len(r.Neighborhood) == 0 {
			t.Fatalf("%+v, and %d neighbors: %+v", r.Measured, len(r.Neighborhood), r.NotMeasured)
		}
		for _, n := range r.Neighborhood {
			if !strings.HasPrefix(n.Experiment, "settings-next") {
				t.Errorf("%s was measured by %s", n.What, n.Experiment)
			}
		}
	})
}

// The report holds the command that measures the candidate again, with all of its words.
func TestTheCommandAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, badText)
	s.o.Experiments, s.o.Budget, s.o.Smallest, s.o.MaxAttempts = []string{"settings-next"}, "5m", false, 3
	s.o.Plan.Seed = 7
	synctest.Test(t, func(t *testing.T) {
		r, _ := measure(t.Context(), t, s.o)
		want := "blastgauge gate " + s.o.File + " settings-next --served=" + s.o.Served + " --budget=5m --smallest=false --max-attempts=3 -f " + s.o.System + " --seed 7"
		if r.Command != want {
			t.Errorf("%q, want %q", r.Command, want)
		}
	})
}

// An interrupt, and a fault that may be left, end a gate with their own exit codes; an error
// of a run beside is said.
func TestRunsBesideThatEnd(t *testing.T) {
	t.Parallel()
	interrupt := &engine.Interrupt{Signal: "INT"}
	for name, tt := range map[string]struct {
		candidate string
		outcome   func() (*run.Outcome, error)
		code      int
		runs      int // after which it ends; 0: it goes on
		why       string
	}{
		"interrupted, near":     {goodText, func() (*run.Outcome, error) { return nil, interrupt }, result.ExitINT, 2, gate.CutShort},
		"interrupted, search":   {badText, func() (*run.Outcome, error) { return nil, interrupt }, result.ExitINT, 2, gate.CutShort},
		"not removed":           {goodText, func() (*run.Outcome, error) { return nil, engine.ErrNotRemoved }, result.ExitNotRemoved, 2, gate.CutShort},
		"an error of one, near": {goodText, func() (*run.Outcome, error) { return nil, errors.New("no lease") }, result.ExitHeld, 0, gate.NotRun},
		"an error of one":       {badText, func() (*run.Outcome, error) { return nil, errors.New("no lease") }, result.ExitRefuted, 0, gate.NotRun},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, tt.candidate)
			s.before = func(n int) (*run.Outcome, error) {
				if n == 2 {
					return tt.outcome()
				}
				return nil, nil //nolint:nilnil // the run is played
			}
			synctest.Test(t, func(t *testing.T) {
				r, _ := measure(t.Context(), t, s.o)
				if r.ExitCode != tt.code || tt.runs > 0 && s.runs != tt.runs || tt.runs == 0 && s.runs < 3 || !slices.Contains(codes(r), tt.why) {
					t.Errorf("exit %d after %d runs, not measured: %q", r.ExitCode, s.runs, codes(r))
				}
			})
		})
	}
}

// A gate that is refused has injected nothing and is a mistake of who called it.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		flags func(*gating.Flags)
		says  string
	}{
		"no such file":     {func(f *gating.Flags) { f.File = "none.json" }, "does not exist"},
		"no duration":      {func(f *gating.Flags) { f.Budget = "soon" }, "--budget"},
		"no budget":        {func(f *gating.Flags) { f.Budget = "0s" }, "--budget"},
		"too little":       {func(f *gating.Flags) { f.Budget = "29s" }, "takes 30s"},
		"attempts below 0": {func(f *gating.Flags) { f.MaxAttempts = -1 }, "--max-attempts"},
		"no such version":  {func(f *gating.Flags) { f.Served = "none.json" }, "--served"},
		"nothing changed":  {func(f *gating.Flags) { f.Served = f.File }, "served already"},
		"no experiment":    {func(f *gating.Flags) { f.Experiments = []string{"settings-nxt"} }, "settings-next"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, goodText)
			tt.flags(&s.o.Flags)
			g, err := gating.Load(s.o)
			if err == nil {
				err = g.Prepare(t.Context())
			}
			if err == nil || exit.Code(err) != result.ExitUsage || !strings.Contains(err.Error(), tt.says) || s.runs > 0 {
				t.Errorf("%v after %d runs", err, s.runs)
			}
		})
	}
}

// Each attempt is noted before it begins, counts whatever became of it, and is refused at the
// most that are allowed; another layout is the same candidate.
func TestAttempts(t *testing.T) {
	t.Parallel()
	s := newStage(t, badText)
	s.o.Smallest = false
	synctest.Test(t, func(t *testing.T) {
		for n := range 2 {
			r, _ := measure(t.Context(), t, s.o)
			if r.Attempts.Count != n {
				t.Errorf("%d attempts before number %d", r.Attempts.Count, n+1)
			}
			time.Sleep(time.Minute)
		}
		if err := os.WriteFile(s.o.File, []byte(strings.ReplaceAll(badText, " ", "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		s.o.MaxAttempts = 2
		g, err := gating.Load(s.o)
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Prepare(t.Context()); exit.Code(err) != result.ExitUsage || !strings.Contains(err.Error(), "2 times already") || s.runs != 2 {
			t.Errorf("the third is answered with %v after %d runs", err, s.runs)
		}
	})
}
