package compare

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// run is a result with one experiment, of which edit makes a case.
func run(id string, estimate, half float64, edit func(*result.Experiment)) Input {
	blast := &result.BlastRadius{Journey: "checkout", Estimate: estimate, Low: estimate - half, High: estimate + half, Confidence: 0.95, Control: result.ConcurrentControl}
	e := result.Experiment{
		ID: "payments-slow", Title: "Payments slow by 2 s", File: "experiments/payments-slow.yaml", Line: 2, Verdict: result.Held,
		Digests: result.Digests{Faults: "f", Journeys: "j", Load: "l", Limits: "m"},
		Limits:  result.Limits{BlastRadius: 0.05, Recovery: 30, Baseline: 0.02}, BlastRadius: blast,
		Journeys: []result.Journey{{
			Name: "checkout", Rate: 40, Limit: 0.05, Verdict: result.Held, BlastRadius: blast,
			Arms: result.Arms{Fault: result.Counts{Journeys: 1000, OK: 980, Failed: 20}, Control: &result.Counts{Journeys: 1000, OK: 999, Slow: 1}},
		}},
		Faults:     []result.Fault{{Inject: "latency", Into: "payments", Share: 1, Description: "latency 2s", Exercised: result.Exercised{Grade: result.GradeCounted}}},
		Invariants: []result.Invariant{{Name: "charged once", Before: new(0.0), After: new(0.0)}},
		Criteria:   []result.Criterion{{Kind: result.InvariantCriterion, Subject: "charged once", Name: "invariant charged once", Verdict: result.Held}},
		Recovery:   &result.Recovery{Seconds: 5},
	}
	if edit != nil {
		edit(&e)
	}
	r := &result.Result{
		Schema: result.Schema, Run: result.Run{ID: id, Started: time.Unix(0, 0).UTC(), Outcome: result.Completed},
		System: result.System{Name: "checkout", Environment: "staging", Dependencies: map[string]result.Dependency{
			"payments": {Criticality: "hard", Owner: "team-payments"},
		}},
		Experiments: []result.Experiment{e},
		Documents: []result.Document{
			{File: "blastgauge.yaml", Text: "version: 1\nurl: http://127.0.0.1:1234\njourneys:\n  checkout:\n    rate: 40/s\n    slow_after: 3s\n"},
			{File: "experiments/payments-slow.yaml", Text: "version: 1\nexperiment: payments-slow\ntitle: Payments slow\nfaults:\n  - inject: latency\n    latency: 2s\n"},
		},
	}
	return Input{Source: id, Result: r}
}

func one(t *testing.T, base, head Input) (*Comparison, Experiment) {
	t.Helper()
	c := Runs([]Input{base}, []Input{head}, DefaultMargin)
	if len(c.Experiments) != 1 {
		t.Fatalf("%d experiments, want 1", len(c.Experiments))
	}
	return c, c.Experiments[0]
}

func TestStatusOfAChange(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change stats.Interval
		margin float64
		want   Status
		code   ReasonCode
	}{
		"beyond the margin and shown":        {stats.Interval{Estimate: 0.045, Low: 0.031, High: 0.059}, 0.02, Regressed, ReasonMoreHarm},
		"shown, the margin is not":           {stats.Interval{Estimate: 0.021, Low: 0.0001, High: 0.05}, 0.02, Uncertain, ReasonMarginNotShown},
		"beyond the margin, not shown":       {stats.Interval{Estimate: 0.045, Low: 0, High: 0.09}, 0.02, Uncertain, ReasonUndecided},
		"shown, at the margin":               {stats.Interval{Estimate: 0.02, Low: 0.01, High: 0.03}, 0.02, Uncertain, ReasonUndecided},
		"shown, and shown not to matter":     {stats.Interval{Estimate: 0.01, Low: 0.005, High: 0.015}, 0.02, Unchanged, ReasonWithinMargin},
		"less harm":                          {stats.Interval{Estimate: -0.214, Low: -0.245, High: -0.182}, 0.02, Improved, ReasonLessHarm},
		"less harm, the margin is not shown": {stats.Interval{Estimate: -0.021, Low: -0.04, High: -0.002}, 0.02, Uncertain, ReasonMarginNotShown},
		"less harm, not shown":               {stats.Interval{Estimate: -0.03, Low: -0.07, High: 0.01}, 0.02, Uncertain, ReasonUndecided},
		"less harm, and shown not to matter": {stats.Interval{Estimate: -0.01, Low: -0.015, High: -0.005}, 0.02, Unchanged, ReasonWithinMargin},
		"within the margin":                  {stats.Interval{Estimate: 0.005, Low: -0.006, High: 0.017}, 0.02, Unchanged, ReasonWithinMargin},
		"exactly the margin":                 {stats.Interval{Estimate: 0, Low: -0.02, High: 0.02}, 0.02, Unchanged, ReasonWithinMargin},
		"as 90 % show, and 95 % do not":      {stats.Interval{Estimate: 0, Low: -0.0236, High: 0.0236}, 0.02, Unchanged, ReasonWithinMargin},
		"too wide":                           {stats.Interval{Estimate: -0.009, Low: -0.024, High: 0.006}, 0.02, Uncertain, ReasonUndecided},
		"every change matters":               {stats.Interval{Estimate: 0.001, Low: 0.0005, High: 0.0015}, 0, Regressed, ReasonMoreHarm},
		"nothing is small enough":            {stats.Interval{Estimate: 0, Low: -0.001, High: 0.001}, 0, Uncertain, ReasonUndecided},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zero := stats.Interval{}
			c := stats.Compare([]stats.Interval{zero}, []stats.Interval{tt.change})
			v := test{Comparison: c, margin: tt.margin, of: 1, p: c.AtMost(tt.margin)}
			if c.Estimate < 0 {
				v.p = c.AtLeast(-tt.margin)
			}
			v.adjusted = v.p
			if got, code, why := v.judge(); got != tt.want || code != tt.code || why == "" {
				t.Errorf("%+v within %g: %s, %s (%s), want %s, %s", tt.change, tt.margin, got, code, why, tt.want, tt.code)
			}
		})
	}
}

// What is rare in one comparison is met in forty, so a change that is called one alone is
// not among many; one that is large is.
func TestOneChangeAmongMany(t *testing.T) {
	t.Parallel()
	sides := func(change float64, others int) (base, head Input) {
		base, head = run("b", 0.03, 0.01, nil), run("h", 0.03+change, 0.01, nil)
		for i := range others {
			for _, in := range []Input{base, head} {
				e := run("x", 0.03, 0.01, nil).Result.Experiments[0]
				e.ID = "other-" + strings.Repeat("i", i+1)
				in.Result.Experiments = append(in.Result.Experiments, e)
			}
		}
		return base, head
	}
	for name, tt := range map[string]struct {
		change float64
		others int
		want   Status
		code   ReasonCode
	}{
		"alone":                 {0.035, 0, Regressed, ReasonMoreHarm},
		"among forty":           {0.035, 39, Uncertain, ReasonChanceOfMany},
		"a large one of forty":  {0.055, 39, Regressed, ReasonMoreHarm},
		"an improvement, alone": {-0.035, 0, Improved, ReasonLessHarm},
		"one of forty":          {-0.035, 39, Uncertain, ReasonChanceOfMany},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, head := sides(tt.change, tt.others)
			c := Runs([]Input{base}, []Input{head}, DefaultMargin)
			i := slices.IndexFunc(c.Experiments, func(e Experiment) bool { return e.ID == "payments-slow" })
			j := c.Experiments[i].Lead()
			if j.Status != tt.want || j.ReasonCode != tt.code {
				t.Errorf("%s, %s: %s, p = %.4f, adjusted %.4f; want %s, %s", j.Status, j.ReasonCode, j.Reason, j.Change.PValue, j.Change.Adjusted, tt.want, tt.code)
			}
			if want := map[bool]int{true: result.ExitRefuted}[tt.want == Regressed]; c.ExitCode != want {
				t.Errorf("exit code %d, want %d", c.ExitCode, want)
			}
			if u := c.Unseen; u == nil || u.Least <= c.Margin || u.Most < u.Least || j.Change.Unseen > u.Most {
				t.Errorf("unseen %+v, of the journey %g: want more than the margin, and the journey within", u, j.Change.Unseen)
			}
		})
	}
}

// A change cannot be beyond all journeys, though the difference of two intervals
// may be; that holds for one run on each side and for several.
func TestChangeIsPossible(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		base, head []float64
		low, high  float64
	}{
		"all harm went":          {[]float64{0.99}, []float64{0}, -1, -0.9},
		"all harm came":          {[]float64{-0.02}, []float64{0.995}, 0.9, 1},
		"all harm went, repeats": {[]float64{0.99, 0.97, 1}, []float64{0.03, 0, -0.01}, -1, -0.9},
		"in the middle":          {[]float64{0.5}, []float64{0.2}, -0.36, -0.24},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			side := func(of []float64) (list []Input) {
				for _, v := range of {
					list = append(list, run("a", v, 0.04, nil))
				}
				return list
			}
			change := Runs(side(tt.base), side(tt.head), DefaultMargin).Experiments[0].Journeys[0].Change
			if change.Low < -1 || change.High > 1 || math.Abs(change.Estimate) > 1 {
				t.Fatalf("change = %+v, want it within -1 and 1", change)
			}
			if math.Abs(change.Low-tt.low) > 0.06 || math.Abs(change.High-tt.high) > 0.06 {
				t.Errorf("change = %+v, want about %g to %g", change, tt.low, tt.high)
			}
		})
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	other := func(status Status) Experiment { return Experiment{Status: status} }
	for name, tt := range map[string]struct {
		list []Experiment
		want int
	}{
		"nothing":                        {nil, 5},
		"nothing comparable":             {[]Experiment{other(NotComparable), other(NotComparable)}, 5},
		"something comparable":           {[]Experiment{other(NotComparable), other(Unchanged)}, 0},
		"improved":                       {[]Experiment{other(Improved), other(Uncertain)}, 0},
		"regressed":                      {[]Experiment{other(Improved), other(Regressed)}, 3},
		"regressed and not comparable":   {[]Experiment{other(NotComparable), other(Regressed)}, 3},
		"only inconclusive is no answer": {[]Experiment{other(Uncertain)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Comparison{Experiments: tt.list, Counts: map[Status]int{}}
			for _, e := range tt.list {
				c.Counts[e.Status]++
			}
			if got := c.exit(); got != tt.want {
				t.Errorf("exit code %d, want %d", got, tt.want)
			}
		})
	}
}

func TestWhatIsComparable(t *testing.T) {
	t.Parallel()
	fault := func(text string) func(*result.Experiment) {
		return func(e *result.Experiment) { e.Digests.Faults, e.Faults[0].Description = "f2", text }
	}
	for name, tt := range map[string]struct {
		edit   func(*result.Experiment)
		code   ReasonCode // empty: comparable
		reason string
	}{
		"the same":                   {nil, "", ""},
		"other limits are a note":    {func(e *result.Experiment) { e.Digests.Limits, e.Limits.BlastRadius = "m2", 0.1 }, "", ""},
		"another dose":               {fault("latency 3s"), ReasonFaultsDiffer, "the faults of head differ: latency 2s into payments → latency 3s into payments"},
		"other steps":                {func(e *result.Experiment) { e.Digests.Journeys = "j2" }, ReasonJourneysDiffer, "the journeys of head differ"},
		"another rate":               {func(e *result.Experiment) { e.Digests.Load, e.Journeys[0].Rate = "l2", 20 }, ReasonLoadDiffers, "the load of head differs: checkout at 40/s → 20/s"},
		"no digest":                  {func(e *result.Experiment) { e.Digests.Faults = "" }, ReasonNoDigest, "no digest of its faults"},
		"invalid":                    {func(e *result.Experiment) { e.Verdict, e.Reasons = result.Invalid, []string{"fault not exercised"} }, ReasonHeadUntrusted, "head is invalid: fault not exercised"},
		"not run":                    {func(e *result.Experiment) { e.Verdict, e.Reasons = result.NotRun, []string{"interrupted"} }, ReasonHeadUntrusted, "head is not run: interrupted"},
		"another name":               {func(e *result.Experiment) { e.ID = "other" }, ReasonOnlyInHead, "only head has it"},
		"other steps that count":     {func(e *result.Experiment) { e.Journeys[0].BlastRadius.CountedAt = []string{"pay"} }, ReasonCountedStepsDiffer, "the steps at which harm counts differ: all in base, pay in head"},
		"another kind of control":    {func(e *result.Experiment) { e.Journeys[0].BlastRadius.Control = result.BaselineControl }, ReasonControlsDiffer, "the kind of control differs: concurrent in base, baseline in head"},
		"nothing measured":           {func(e *result.Experiment) { e.Journeys[0].BlastRadius = nil }, ReasonNotMeasuredInHead, "not measured in head"},
		"inconclusive is an answer":  {func(e *result.Experiment) { e.Verdict = result.Inconclusive }, "", ""},
		"refuted is an answer, too":  {func(e *result.Experiment) { e.Verdict = result.Refuted }, "", ""},
		"a guardrail only is a note": {func(e *result.Experiment) { e.Guardrail = &result.Guardrail{Tripped: true} }, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Runs([]Input{run("b", 0.03, 0.004, nil)}, []Input{run("h", 0.03, 0.004, tt.edit)}, DefaultMargin)
			e := c.Experiments[0]
			if len(e.ReasonCodes) != len(e.Reasons) || slices.Contains(e.ReasonCodes, "") {
				t.Errorf("codes %q of %q, want one for each", e.ReasonCodes, e.Reasons)
			}
			if tt.code == "" {
				if e.Status != Unchanged {
					t.Errorf("%s: %v, want unchanged", e.Status, e.Reasons)
				}
				return
			}
			if e.Status != NotComparable || !strings.Contains(strings.Join(e.Reasons, "; "), tt.reason) {
				t.Errorf("%s: %v, want not comparable as %q", e.Status, e.Reasons, tt.reason)
			}
			if !slices.Contains(e.ReasonCodes, tt.code) {
				t.Errorf("codes %q, want %s", e.ReasonCodes, tt.code)
			}
			if c.ExitCode != result.ExitInvalid {
				t.Errorf("exit code %d, want 5", c.ExitCode)
			}
		})
	}
}

func TestDifferenceOfDifferences(t *testing.T) {
	t.Parallel()
	c, e := one(t, run("b", 0.015, 0.008, nil), run("h", 0.06, 0.012, nil))
	j := e.Lead()
	if e.Status != Regressed || c.ExitCode != 3 || j == nil {
		t.Fatalf("%s, exit code %d: %v", e.Status, c.ExitCode, e.Reasons)
	}
	want := stats.Minus(stats.Interval{Estimate: 0.06, Low: 0.048, High: 0.072}, stats.Interval{Estimate: 0.015, Low: 0.007, High: 0.023})
	if got := (stats.Interval{Estimate: j.Change.Estimate, Low: j.Change.Low, High: j.Change.High}); got != want || j.Change.Drift != nil {
		t.Errorf("change %+v, want %+v without drift", got, want)
	}
	if j.Base.Fault != 0.02 || j.Base.Against != 0.001 || j.Base.Journeys != 1000 {
		t.Errorf("raw shares %+v, want 2 %% of 1000 against 0.1 %%", j.Base)
	}
	if _, back := one(t, run("b", 0.06, 0.012, nil), run("h", 0.015, 0.008, nil)); back.Status != Improved {
		t.Errorf("the other way round it is %s, want improved", back.Status)
	}
}

func TestInvariantsDecideAsWell(t *testing.T) {
	t.Parallel()
	breaks := func(e *result.Experiment) {
		e.Verdict, e.Criteria[0].Verdict = result.Refuted, result.Refuted
		e.Invariants[0].After, e.Invariants[0].Keys = new(2.0), []string{"J-1", "J-2"}
	}
	breaksUnder := func(e *result.Experiment) {
		breaks(e)
		e.Invariants[0].During, e.Invariants[0].After = e.Invariants[0].After, new(0.0)
	}
	holdsUnder := func(e *result.Experiment) { e.Invariants[0].During = new(0.0) }
	void := func(edit func(*result.Experiment)) func(*result.Experiment) {
		return func(e *result.Experiment) {
			edit(e)
			e.Void = []result.ReasonCode{result.ReasonTooBusy}
			e.ReasonCodes = []result.ReasonCode{result.ReasonInvariantBroken, result.ReasonTooBusy}
			e.Reasons = []string{"it is broken", "the machine was too busy"}
		}
	}
	unasked := func(e *result.Experiment) { e.Criteria[0].Verdict = result.Inconclusive }
	for name, tt := range map[string]struct {
		base, head func(*result.Experiment)
		want       Status // of the invariant
		experiment Status
	}{
		"newly broken":         {nil, breaks, Regressed, Regressed},
		"repaired":             {breaks, nil, Improved, Improved},
		"broken in both":       {breaks, breaks, Unchanged, Unchanged},
		"not judged in base":   {unasked, breaks, Uncertain, Unchanged},
		"not judged in either": {unasked, unasked, Uncertain, Unchanged},
		// What broke only under the fault is not repaired where it was not asked then.
		"not asked under it":    {breaksUnder, nil, Uncertain, Unchanged},
		"repaired under it":     {breaksUnder, holdsUnder, Improved, Improved},
		"broken under it":       {nil, breaksUnder, Regressed, Regressed},
		"broken on a busy head": {nil, void(breaks), Regressed, Regressed},
		"broken on both, busy":  {void(breaks), void(breaks), Unchanged, NotComparable},
		"broken on a busy base": {void(breaks), nil, Improved, NotComparable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, e := one(t, run("b", 0.03, 0.004, tt.base), run("h", 0.03, 0.004, tt.head))
			if len(e.Invariants) != 1 || e.Invariants[0].Status != tt.want || e.Status != tt.experiment {
				t.Errorf("%s, invariants %+v; want %s and %s", e.Status, e.Invariants, tt.experiment, tt.want)
			}
		})
	}
}

func TestImpactOfAChange(t *testing.T) {
	t.Parallel()
	base, head := run("b", 0.01, 0.004, nil), run("h", 0.06, 0.004, nil)
	if _, e := one(t, base, head); e.Impact != nil {
		t.Errorf("impact %+v without traffic", e.Impact)
	}
	head.Result.System.Traffic = &result.Traffic{CheckoutsPerHour: 1000, Value: 2, Currency: "EUR", Journey: "checkout"}
	_, e := one(t, base, head)
	if i := e.Impact; i == nil || math.Abs(i.Checkouts.Estimate-50) > 1e-9 || math.Abs(i.Money.Low-2*i.Checkouts.Low) > 1e-9 || i.Checkouts.Low <= 40 {
		t.Errorf("five points of 1000 checkouts of 2 EUR: %+v", i)
	}
}

func TestAmplificationSideBySide(t *testing.T) {
	t.Parallel()
	calls := func(factor float64, storm bool) func(*result.Experiment) {
		return func(e *result.Experiment) {
			e.Amplification = []result.Amplification{{Dependency: "payments", Unit: result.Calls, Factor: factor, Storm: storm}, {Dependency: "mail", Unit: result.Calls}}
		}
	}
	c := Runs([]Input{run("b1", 0.03, 0.004, calls(3, true)), run("b2", 0.03, 0.004, calls(2, true))}, []Input{run("h", 0.03, 0.004, calls(1, false))}, DefaultMargin)
	got := c.Experiments[0].Amplification
	if want := (Amplification{"payments", result.Calls, 2.5, 1, true, false}); len(got) != 1 || got[0] != want {
		t.Errorf("%+v, want only %+v: mail was never called", got, want)
	}
}

func TestSeveralRuns(t *testing.T) {
	t.Parallel()
	steady := Runs([]Input{run("b1", 0.03, 0.01, nil), run("b2", 0.03, 0.01, nil), run("b3", 0.031, 0.01, nil)},
		[]Input{run("h1", 0.07, 0.01, nil)}, DefaultMargin)
	if e := steady.Experiments[0]; e.Status != Regressed || e.Lead().Change.Drift == nil || e.Base.Runs != 3 || len(e.Lead().Base.Runs) != 3 {
		t.Errorf("three runs that agree against one: %s %v", e.Status, e.Reasons)
	}
	drifting := Runs([]Input{run("b1", 0.00, 0.01, nil), run("b2", 0.03, 0.01, nil), run("b3", 0.06, 0.01, nil)},
		[]Input{run("h1", 0.07, 0.01, nil)}, DefaultMargin)
	if e := drifting.Experiments[0]; e.Status != Uncertain {
		t.Errorf("base drifts by three points from run to run, and head is %s: %v", e.Status, e.Reasons)
	}
	void := func(e *result.Experiment) { e.Verdict = result.Invalid }
	left := Runs([]Input{run("b1", 0.03, 0.004, nil), run("b2", 0.9, 0.004, void)}, []Input{run("h1", 0.03, 0.004, nil)}, DefaultMargin)
	if e := left.Experiments[0]; e.Status != Unchanged || e.Base.Runs != 1 || !strings.Contains(strings.Join(e.Notes, " "), "1 of 2 runs") {
		t.Errorf("an invalid run beside a good one: %s, %d runs, notes %v", e.Status, e.Base.Runs, e.Notes)
	}
	other := func(e *result.Experiment) { e.Digests.Faults = "f2" }
	mixed := Runs([]Input{run("b1", 0.03, 0.004, other), run("b2", 0.03, 0.004, nil)}, []Input{run("h1", 0.03, 0.004, nil)}, DefaultMargin)
	if e := mixed.Experiments[0]; e.Status != NotComparable || !strings.Contains(e.Reasons[0], "base run b1") {
		t.Errorf("runs of one side that differ: %s %v", e.Status, e.Reasons)
	}
}

func TestJourneysDecideTogether(t *testing.T) {
	t.Parallel()
	second := func(estimate, half float64) func(*result.Experiment) {
		return func(e *result.Experiment) {
			j := e.Journeys[0]
			j.Name = "browse"
			j.BlastRadius = &result.BlastRadius{Journey: "browse", Estimate: estimate, Low: estimate - half, High: estimate + half, Control: result.ConcurrentControl}
			e.Journeys = append(e.Journeys, j)
		}
	}
	for name, tt := range map[string]struct {
		checkout, browse, half float64 // in head; base has 0.1 each
		want                   Status
		lead                   string
	}{
		"one regressed, one improved":   {0.05, 0.2, 0.004, Regressed, "browse"},
		"one improved, one unknown":     {0.05, 0.09, 0.04, Improved, "checkout"},
		"one unknown, the other stayed": {0.1, 0.09, 0.04, Uncertain, "browse"},
		"both stayed":                   {0.1, 0.1, 0.004, Unchanged, "checkout"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, e := one(t, run("b", 0.1, 0.004, second(0.1, 0.004)), run("h", tt.checkout, 0.004, second(tt.browse, tt.half)))
			if e.Status != tt.want || e.Journey != tt.lead {
				t.Errorf("%s, led by %s: %v; want %s, led by %s", e.Status, e.Journey, e.Reasons, tt.want, tt.lead)
			}
		})
	}
}

func TestTheLineThatDiffers(t *testing.T) {
	t.Parallel()
	base := run("b", 0.03, 0.004, nil)
	head := run("h", 0.03, 0.004, func(e *result.Experiment) { e.Digests.Faults, e.Faults[0].Description = "f2", "latency 3s" })
	d := head.Result.Documents
	d[1].Text = "# a comment more\n" + strings.Replace(strings.Replace(d[1].Text, "latency: 2s", "latency: 3s", 1), "title: Payments slow", "title: Slow", 1)
	d[0].Text = strings.Replace(d[0].Text, "slow_after: 3s", "slow_after: 9s", 1)
	_, e := one(t, base, head)
	want := []FileDiff{{File: "experiments/payments-slow.yaml", Lines: []Line{
		{" ", 4, 5, "faults:"}, {" ", 5, 6, "  - inject: latency"}, {"-", 6, 0, "    latency: 2s"}, {"+", 0, 7, "    latency: 3s"},
	}}}
	if !sameDiff(e.Diff, want) {
		t.Errorf("diff %+v, want %+v: only what makes the faults others", e.Diff, want)
	}
}

func TestAddressesDoNotDiffer(t *testing.T) {
	t.Parallel()
	base := run("b", 0.03, 0.004, nil)
	head := run("h", 0.03, 0.004, func(e *result.Experiment) { e.Digests.Journeys = "j2" })
	d := head.Result.Documents
	d[0].Text = strings.NewReplacer("127.0.0.1:1234", "127.0.0.1:4321", "slow_after: 3s", "slow_after: 2s").Replace(d[0].Text)
	_, e := one(t, base, head)
	if len(e.Diff) != 1 || len(e.Diff[0].Lines) != 4 || e.Diff[0].Lines[2].Text != "    slow_after: 3s" {
		t.Errorf("diff %+v, want the two lines of slow_after with two around them", e.Diff)
	}
}

func sameDiff(a, b []FileDiff) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].File != b[i].File || len(a[i].Lines) != len(b[i].Lines) {
			return false
		}
		for k := range a[i].Lines {
			if a[i].Lines[k] != b[i].Lines[k] {
				return false
			}
		}
	}
	return true
}

func TestOrderAndCounts(t *testing.T) {
	t.Parallel()
	base, head := run("b", 0.03, 0.004, nil), run("h", 0.03, 0.004, nil)
	for i, size := range []float64{0.1, 0.3} {
		for side, in := range map[float64]Input{0: base, 1: head} {
			more := run("x", 0.01+side*size, 0.004, nil).Result.Experiments[0]
			more.ID = []string{"small", "large"}[i]
			in.Result.Experiments = append(in.Result.Experiments, more)
		}
	}
	c := Runs([]Input{base}, []Input{head}, DefaultMargin)
	var order []string
	for _, e := range c.Experiments {
		order = append(order, e.ID)
	}
	if got := strings.Join(order, " "); got != "large small payments-slow" {
		t.Errorf("order %q, want regressions first, the largest on top", got)
	}
	if c.Counts[Regressed] != 2 || c.Counts[Unchanged] != 1 || len(c.Counts) != len(Statuses()) {
		t.Errorf("counts %v", c.Counts)
	}
}
