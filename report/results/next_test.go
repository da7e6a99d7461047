package results

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// stepsOf are what a report advises after one experiment of this verdict and these codes,
// whose reasons say "why N".
func stepsOf(v result.Verdict, change func(*result.Experiment), codes ...result.ReasonCode) []nextStep {
	e := result.Experiment{
		ID: "payments-down", Verdict: v, ReasonCodes: codes,
		Faults:   []result.Fault{{Inject: "down", Into: "payments", Exercised: result.Exercised{Grade: result.GradeNo}}},
		Recovery: &result.Recovery{SystemHarmed: true},
	}
	for i := range codes {
		e.Reasons = append(e.Reasons, "why "+strconv.Itoa(i))
	}
	if change != nil {
		change(&e)
	}
	return summarize(&result.Result{
		System:      result.System{Dependencies: map[string]result.Dependency{"payments": {Owner: "team-payments"}}},
		Experiments: []result.Experiment{e},
	}).next
}

// declaredCodes are the codes of reasons that the result room declares.
func declaredCodes(t *testing.T) []result.ReasonCode {
	t.Helper()
	return declared[result.ReasonCode](t, "ReasonCode", 30)
}

// declared are the constants of a type of the result room, whichever file declares them.
func declared[T ~string](t *testing.T, name string, least int) (codes []T) {
	t.Helper()
	files, err := filepath.Glob("../../experiments/result/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); ok && id.Name == name {
				text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, T(text))
			}
			return true
		})
	}
	if len(codes) < least {
		t.Fatalf("%d codes are declared, that cannot be all", len(codes))
	}
	return codes
}

// Each reason why there is no answer has its own advice. It does not repeat the reason.
func TestEveryReasonHasItsAdvice(t *testing.T) {
	t.Parallel()
	answers := []result.ReasonCode{ // of experiments that were not run, or for which a hypothesis held
		result.ReasonInterrupted, result.ReasonSuiteStopped, result.ReasonRunEnded, result.ReasonRunDied, result.ReasonFailed, result.ReasonNoFault,
		result.ReasonPreflight, result.ReasonHarmless, result.ReasonRecovered, result.ReasonNothingToRecover, result.ReasonInvariantHolds, result.ReasonAlertInTime, result.ReasonSkipped,
	}
	for _, code := range declaredCodes(t) {
		if slices.Contains(answers, code) {
			continue
		}
		if _, known := adviceFor(&result.Experiment{}, code); !known {
			t.Errorf("%s: no advice", code)
		}
		for _, n := range stepsOf(result.Invalid, nil, code) {
			if strings.Contains(n.text, "why 0") {
				t.Errorf("%s: the advice repeats the reason: %q", code, n.text)
			}
		}
	}
}

// Measuring again is advised where it helps by itself, and nowhere else.
func TestMeasuringAgainIsAdvisedWhereItHelps(t *testing.T) {
	t.Parallel()
	helps := []result.ReasonCode{result.ReasonFaultVanished, result.ReasonTooBusy, result.ReasonControlShed, result.ReasonTooFewJourneys, result.ReasonNotMeasured, result.ReasonScrapesMissing, result.ReasonClocksDiffer}
	for _, code := range declaredCodes(t) {
		again := slices.ContainsFunc(stepsOf(result.Invalid, nil, code), func(n nextStep) bool { return n.verb == measureAgain })
		if known := slices.Contains(helps, code); again != known {
			t.Errorf("%s: measure again: %v, want %v", code, again, known)
		}
	}
}

// The owner of a dependency has to act where the system is at fault, and not where the
// measuring is.
func TestOnlyTheSystemIsItsOwners(t *testing.T) {
	t.Parallel()
	for _, code := range declaredCodes(t) {
		for _, n := range stepsOf(result.Inconclusive, nil, code) {
			if owned := code == result.ReasonSystemNotBack; (len(n.owners) > 0) != owned {
				t.Errorf("%s: owners %q", code, n.owners)
			}
		}
	}
	advised := stepsOf(result.Refuted, func(e *result.Experiment) { e.IfRefuted = "Retry." }, result.ReasonHarmful)
	if len(advised) != 1 || advised[0].Owners() != "team-payments" || advised[0].text != "Retry." {
		t.Errorf("steps %+v, want those of the document for its owner", advised)
	}
}

// What a fault missed decides what lets it meet traffic.
func TestAdviceFitsWhatAFaultMissed(t *testing.T) {
	t.Parallel()
	seen := map[string]result.UnmetCode{}
	for _, unmet := range declared[result.UnmetCode](t, "UnmetCode", 8) {
		if unmet == result.UnmetNotInjected {
			continue // what kept it from being injected has its own advice
		}
		steps := stepsOf(result.Invalid, func(e *result.Experiment) { e.Faults[0].Exercised.Unmet = unmet }, result.ReasonNotExercised)
		if len(steps) != 1 || steps[0].verb != reach {
			t.Errorf("%s: %+v", unmet, steps)
			continue
		}
		if other, twice := seen[steps[0].text]; twice {
			t.Errorf("%s and %s have the same advice", unmet, other)
		}
		seen[steps[0].text] = unmet
	}
}

// Of a system that did not work before anything was injected, one step says so, for all
// experiments.
func TestAPreflightThatFailedIsOneStep(t *testing.T) {
	t.Parallel()
	e := result.Experiment{ID: "a", Verdict: result.NotRun, Reasons: []string{"why 0"}, ReasonCodes: []result.ReasonCode{result.ReasonPreflight}}
	other := e
	other.ID = "b"
	next := summarize(&result.Result{Experiments: []result.Experiment{e, other}}).next
	if len(next) != 1 || next[0].others != 1 || next[0].verb != lookBefore || !strings.Contains(next[0].text, "blastgauge try") {
		t.Errorf("steps %+v, want one", next)
	}
}

// What follows from a system that failed before the fault is not advised beside it.
func TestAHarmedBaselineIsMendedFirst(t *testing.T) {
	t.Parallel()
	steps := stepsOf(result.Invalid, nil, result.ReasonBaselineHarmed, result.ReasonNotExercised, result.ReasonArmsDiffer)
	if len(steps) != 1 || steps[0].verb != lookBefore {
		t.Errorf("steps %+v, want one", steps)
	}
	steps = stepsOf(result.Invalid, nil, result.ReasonBaselineHarmed, result.ReasonNotExercised, result.ReasonTooBusy)
	if len(steps) != 2 || steps[1].verb != measureAgain {
		t.Errorf("steps %+v, want another one: a busy machine may be why the baseline is harmed", steps)
	}
}

// A reason that only a later version knows is told as it stands.
func TestAnUnknownReasonIsTold(t *testing.T) {
	t.Parallel()
	for _, codes := range [][]result.ReasonCode{nil, {"of_tomorrow"}} {
		steps := stepsOf(result.Inconclusive, func(e *result.Experiment) { e.Reasons = []string{"the moon"} }, codes...)
		if len(steps) != 1 || steps[0].verb != settle || steps[0].text != "the moon" {
			t.Errorf("%v: steps %+v", codes, steps)
		}
	}
}

// criterionOf is the criterion of an invariant.
func criterionOf(name string, code result.ReasonCode) result.Criterion {
	return result.Criterion{Kind: result.InvariantCriterion, Subject: name, Name: "invariant " + name, Verdict: result.Inconclusive, Code: code}
}

// An invariant that could not be asked, or not be judged, has a remedy whatever the
// verdict; and one that was not asked is told.
func TestInvariantsThatWereNotAskedAreTold(t *testing.T) {
	t.Parallel()
	for _, v := range []result.Verdict{result.Held, result.Refuted, result.Inconclusive, result.Invalid} {
		change := func(e *result.Experiment) {
			e.Phases = []result.Phase{{Name: "baseline"}}
			e.Invariants = []result.Invariant{{Name: "asked", Before: new(0.0), After: new(0.0)}, {Name: "once", Detail: "no route"}, {Name: "dirty", Before: new(3.0), After: new(4.0)}}
			e.Criteria = []result.Criterion{criterionOf("asked", result.ReasonInvariantHolds), criterionOf("once", result.ReasonInvariantNotAsked), criterionOf("dirty", result.ReasonInvariantBrokenBefore)}
		}
		var about []string
		for _, n := range stepsOf(v, change, result.ReasonHarmful) {
			if n.verb == repair {
				about = append(about, n.text)
			}
		}
		if len(about) != 2 || !strings.Contains(about[0], "once") || !strings.Contains(about[1], "dirty") {
			t.Errorf("%s: remedies %q, want one for each", v, about)
		}
		e := result.Experiment{ID: "payments-down", Verdict: v}
		change(&e)
		s := summarize(&result.Result{Experiments: []result.Experiment{e}})
		if len(s.unasked) != 1 || s.unasked[0].Names() != "“once”" || s.unasked[0].Why() != "no route" {
			t.Errorf("%s: not asked %+v, want one", v, s.unasked)
		}
	}
}

// That a guardrail removed the fault is told once, also where it decided nothing.
func TestATrippedGuardrailIsTold(t *testing.T) {
	t.Parallel()
	g := &result.Guardrail{Tripped: true, Detail: "harmed 95%"}
	for name, e := range map[string]result.Experiment{
		"another criterion decided": {Reasons: []string{"harm"}, ReasonCodes: []result.ReasonCode{result.ReasonHarmful}, Guardrail: g},
		"it decided":                {Reasons: []string{"guardrail tripped: harmed 95%"}, ReasonCodes: []result.ReasonCode{result.ReasonGuardrailTripped}, Guardrail: g},
		"it decided, long ago":      {Reasons: []string{"guardrail tripped: harmed 95%"}, Guardrail: g},
	} {
		told := 0
		for _, text := range whys(&e) {
			told += strings.Count(text, "harmed 95%")
		}
		if told != 1 {
			t.Errorf("%s: told %d times in %q", name, told, whys(&e))
		}
	}
	if list := whys(&result.Experiment{Reasons: []string{"harm"}, Guardrail: &result.Guardrail{}}); len(list) != 1 {
		t.Errorf("a guardrail that did not trip is told: %q", list)
	}
}

// A longer recovery phase is advised where it shows more, and not where a later outage is
// what hides the recovery.
func TestALaterOutageNeedsAnotherRun(t *testing.T) {
	t.Parallel()
	text := func(r result.Recovery) string {
		steps := stepsOf(result.Inconclusive, func(e *result.Experiment) { e.Recovery = &r }, result.ReasonRecoveryUndecided)
		if len(steps) != 1 {
			t.Fatalf("%+v", steps)
		}
		return steps[0].text
	}
	longer := text(result.Recovery{Seconds: 60, Censored: true})
	for name, r := range map[string]result.Recovery{
		"goes on": {Seconds: 60, Censored: true, Metastable: true, Later: 47}, "no recovery": {},
	} {
		if got := text(r); got != longer {
			t.Errorf("%s: %q, want %q", name, got, longer)
		}
	}
	if got := text(result.Recovery{Seconds: 60, Censored: true, Later: 47}); got == longer || !strings.HasPrefix(got, "run it again") {
		t.Errorf("a later outage: %q", got)
	}
}

// A measurement that an interruption cut short was not designed too short.
func TestWhatWasInterruptedIsRunToItsEnd(t *testing.T) {
	t.Parallel()
	for _, code := range declaredCodes(t) {
		if code == result.ReasonInterrupted || !tooShort(code) {
			continue
		}
		for _, n := range stepsOf(result.Inconclusive, nil, result.ReasonInterrupted, code) {
			if strings.Contains(n.text, "long") || !strings.Contains(n.text, "to its end") {
				t.Errorf("%s: %q", code, n.text)
			}
		}
	}
}
