package results

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestHeadline(t *testing.T) {
	t.Parallel()
	const h, r, i, v, n = result.Held, result.Refuted, result.Inconclusive, result.Invalid, result.NotRun
	run := func(outcome string, verdicts ...result.Verdict) *result.Result {
		res := &result.Result{Run: result.Run{Outcome: outcome}}
		for _, v := range verdicts {
			res.Experiments = append(res.Experiments, result.Experiment{Verdict: v})
		}
		return res
	}
	for want, in := range map[string]*result.Result{
		"No hypothesis was tested":                 run("completed"),
		"The hypothesis held":                      run("completed", h),
		"The hypothesis is refuted":                run("completed", r),
		"The hypothesis is inconclusive":           run("completed", i),
		"The measurement is invalid":               run("completed", v),
		"All 3 hypotheses held":                    run("completed", h, h, h),
		"2 of 4 hypotheses refuted":                run("completed", h, r, v, r),
		"1 of 3 measurements invalid":              run("completed", h, i, v),
		"1 of 2 hypotheses inconclusive":           run("completed", h, i),
		"Interrupted: 1 of 2 hypotheses held":      run("interrupted", h, n),
		"Interrupted: no hypothesis was tested":    run("interrupted", n, n),
		"The run failed: no hypothesis was tested": run("failed"),
	} {
		if got := summarize(in).headline(); got != want {
			t.Errorf("headline() = %q, want %q", got, want)
		}
	}
}

func TestRemoval(t *testing.T) {
	t.Parallel()
	gone := result.Fault{Intended: true, RemovalVerified: true}
	left := result.Fault{Injected: time.Unix(1, 0)} // from before "intended" was written
	for want, faults := range map[string][]result.Fault{
		"Nothing was injected.":                                        {{}},
		"The fault was removed and verified absent.":                   {gone, {}},
		"Both faults were removed and verified absent.":                {gone, gone},
		"All 3 faults were removed and verified absent.":               {gone, gone, gone},
		"1 of 2 faults are not proven gone and may still be in force.": {gone, left},
	} {
		s := summarize(&result.Result{Experiments: []result.Experiment{{Faults: faults}}})
		if got, ok := s.removal(); got != want || ok != (len(s.left) == 0) {
			t.Errorf("removal() = %q, %v, want %q", got, ok, want)
		}
	}
}

// of is a summary of one experiment whose fault goes into a dependency that is declared
// soft.
func of(e result.Experiment) *summary {
	e.Faults = []result.Fault{{Into: "names", Inject: "latency"}}
	return summarize(&result.Result{
		System:      result.System{Dependencies: map[string]result.Dependency{"names": {Criticality: "soft"}}},
		Experiments: []result.Experiment{e},
	})
}

// bracketed is an experiment whose control was harmed as well.
func bracketed(v result.Verdict, low, high float64) result.Experiment {
	b := &result.BlastRadius{
		Journey: "checkout", Estimate: low + 0.02, Low: low, High: high, Control: result.ContaminatedControl,
		SpillOver: &result.Amount{Estimate: 0.3, Low: 0.28, High: 0.32}, AgainstBaseline: &result.Amount{Estimate: 0.3, Low: 0.28, High: high},
	}
	control := result.Counts{Journeys: 1000, OK: 700, Failed: 300}
	return result.Experiment{Verdict: v, BlastRadius: b, Journeys: []result.Journey{{
		Name: "checkout", Limit: 0.05, BlastRadius: b, Arms: result.Arms{Fault: result.Counts{Journeys: 1000, OK: 690, Failed: 310}, Control: &control},
		Baseline: result.Arms{Fault: result.Counts{Journeys: 1000, OK: 1000}},
	}}}
}

// Where both arms were harmed alike nothing blames the fault: not the tile, not the
// matrix, not the effect. It is blamed for what it harms beyond the control.
func TestHarmOfBothArmsIsNotTheFaults(t *testing.T) {
	t.Parallel()
	alike := bracketed(result.Inconclusive, -0.01, 0.34)
	s := of(alike)
	if s.softBehavesHard(s.order[0]) || behaves(s.r, "names") != "" {
		t.Error("the fault is blamed for harm of both arms")
	}
	if f := s.blastFigure(); f.Tone == "bad" || strings.Contains(f.Notes[0].Text, "by the fault;") {
		t.Errorf("the tile blames the fault: %+v", f)
	}
	if c, name := compared(&s.order[0].Journeys[0]); name != "control" || c.Failed != 300 {
		t.Errorf("compared with %s %+v, want the control", name, c)
	}
	s = of(bracketed(result.Refuted, 0.25, 0.44))
	if !s.softBehavesHard(s.order[0]) || behaves(s.r, "names") != "hard" {
		t.Error("harm beyond the control is the fault's")
	}
}

// The tile of recovery names no time where there is none.
func TestRecoveryFigure(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]result.Recovery{
		"none needed": {Unharmed: true},
		"not back":    {Unharmed: true, SystemHarmed: true},
		"worse":       {Unharmed: true, Worse: true},
		"at once":     {},
		"> 26 s":      {Seconds: 26, Censored: true, Metastable: true},
		"> 4 s":       {Seconds: 26, Censored: true, Harmed: 4},
		"unknown":     {Seconds: 26, Censored: true},
	} {
		s := of(result.Experiment{Verdict: result.Inconclusive, Recovery: &r})
		if f := s.recoveryFigure(); f.Value != want {
			t.Errorf("%+v: %q, want %q", r, f.Value, want)
		}
	}
}

// The largest blast radius is the one of which most harm is shown, not the one of which
// least is known.
func TestTheLargestBlastRadiusIsShown(t *testing.T) {
	t.Parallel()
	radius := func(low, estimate float64) *result.BlastRadius {
		return &result.BlastRadius{Low: low, Estimate: estimate, High: 1}
	}
	order := []*result.BlastRadius{radius(0.3, 0.32), radius(0.1, 0.5), radius(0.1, 0.2), radius(-0.2, 0.6), radius(0, 0.1), radius(-0.1, 0.05)}
	for i, a := range order {
		for k, b := range order {
			if got := isLarger(a, b); got != (i < k) {
				t.Errorf("%+v is larger than %+v: %v", a, b, got)
			}
		}
	}
}
