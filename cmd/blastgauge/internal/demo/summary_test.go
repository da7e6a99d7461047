package demo

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// resultOf is the result of a shop with one experiment.
func resultOf(build string, v result.Verdict, estimate float64, journey string) shopResult {
	e := result.Experiment{ID: "x", Title: "Everything that can break does so at the very same time", Verdict: v, BlastRadius: &result.BlastRadius{Journey: journey, Estimate: estimate}}
	return shopResult{build, &result.Result{Experiments: []result.Experiment{e}}}
}

func summarize(t *testing.T, o terminal.Options, shops ...shopResult) string {
	t.Helper()
	var out strings.Builder
	if err := writeSummary(&out, shops, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestSummaryFitsItsTerminal(t *testing.T) {
	t.Parallel()
	naive := resultOf("naive", result.Refuted, 0.732, "checkout")
	const want = `
What share of checkout journeys did each fault harm, beyond
the control?

  fault         naive                  hardened
  Everythin...  × refuted       73.2%  ? inconclusive   0.0% of browse
`
	if got := summarize(t, terminal.Options{Width: 60}, naive, resultOf("hardened", result.Inconclusive, -0.01, "browse")); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	got := summarize(t, terminal.Options{Color: true, Width: 100}, naive, resultOf("hardened", result.Held, 0, "checkout"))
	if !strings.Contains(got, "\x1b[31m× refuted\x1b[0m  73.2%  \x1b[32m✓ held\x1b[0m      0.0%\n") {
		t.Errorf("in colour: %q", got)
	}
}

// Below the table stands what it does not show.
func TestSummaryFindings(t *testing.T) {
	t.Parallel()
	naive := resultOf("naive", result.Refuted, 0.5, "checkout")
	naive.result.Experiments[0].Criteria = []result.Criterion{{Kind: result.InvariantCriterion, Subject: "charged once", Verdict: result.Refuted, Measured: "7"}}
	naive.result.System.Dependencies = map[string]result.Dependency{"mail": {Criticality: "soft"}}
	naive.result.Experiments = append(naive.result.Experiments,
		result.Experiment{Title: "Mail is down", Verdict: result.Held, Faults: []result.Fault{{Into: "mail", Inject: "down"}}},
		result.Experiment{Title: "Mail hangs", Verdict: result.Refuted, Faults: []result.Fault{{Into: "mail", Inject: "timeout"}}})
	const want = `
  naive     everything that can break does so at the very same time: no longer
            charged once (7 violations).
  naive     mail is declared soft. The shop does without it when it refuses, and
            fails when it hangs.
`
	if got := summarize(t, terminal.Options{}, naive); !strings.HasSuffix(got, want) {
		t.Errorf("got %s\nwant at its end %s", got, want)
	}
}

func TestInvalidMeasurements(t *testing.T) {
	t.Parallel()
	held := result.Experiment{Title: "Payments hang", Verdict: result.Held, Reasons: []string{"checkout: 0%"}}
	late := result.Experiment{Title: "Carts are reset", Verdict: result.Invalid, Reasons: []string{"checkout: traffic was late", "and more"},
		ReasonCodes: []result.ReasonCode{result.ReasonTooBusy, result.ReasonControlShed}}
	unmet := result.Experiment{Title: "Mail hangs", Verdict: result.Invalid, Reasons: []string{"fault not exercised"}, ReasonCodes: []result.ReasonCode{result.ReasonNotExercised}}
	for name, c := range map[string]struct {
		experiments []result.Experiment
		want        []string
	}{
		"all measured": {[]result.Experiment{held}, nil},
		"one is late": {[]result.Experiment{held, late, unmet}, []string{
			"2 of 3 measurements are invalid. Carts are reset: checkout: traffic was late.",
			"fewer journeys are easier on a machine that has other work: blastgauge demo --rate 20",
		}},
		"only one": {[]result.Experiment{held, unmet}, []string{
			"1 of 2 measurements is invalid. Mail hangs: fault not exercised.",
		}},
		"another reason": {[]result.Experiment{unmet, late}, []string{
			"2 of 2 measurements are invalid. Mail hangs: fault not exercised.",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := invalidMeasurements(&result.Result{Experiments: c.experiments}); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// A terminal of 40 columns has no room for a table: each shop gets a line.
func TestSummaryOnANarrowTerminal(t *testing.T) {
	t.Parallel()
	got := summarize(t, terminal.Options{Width: 40}, resultOf("naive", result.Refuted, 0.732, "checkout"), resultOf("hardened", result.Held, 0, "checkout"))
	for line := range strings.Lines(got) {
		if n := terminal.Width(strings.TrimSuffix(line, "\n")); n > 40 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	for _, want := range []string{"\n    naive     × refuted  73.2%\n", "\n    hardened  ✓ held      0.0%\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in%s", want, got)
		}
	}
}

// What ended both runs is told once, and what ended one of them is not lost.
func TestErrorsOfBothRunsAreToldOnce(t *testing.T) {
	t.Parallel()
	a, b := errors.New("interrupted"), errors.New("a fault is left")
	err := joinDistinct([]error{a, nil, errors.New("interrupted"), b})
	if !errors.Is(err, a) || !errors.Is(err, b) || err.Error() != "interrupted\na fault is left" {
		t.Errorf("%v", err)
	}
	if err := joinDistinct([]error{nil, nil}); err != nil {
		t.Errorf("no error became %v", err)
	}
}
