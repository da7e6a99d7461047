package verdicts

import (
	"slices"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// The phase of each kind of answer.
func TestPhases(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files func(*world)
		phase Phase
		want  []policy.Code
	}{
		"held":    {func(w *world) { w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada)) }, Passed, nil},
		"nothing": {func(*world) {}, Inconclusive, []policy.Code{policy.NoStatement}},
		"refuted": {func(w *world) { w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Refuted), w.ada)) },
			Failed, []policy.Code{policy.VerdictNotHeld, policy.ExperimentFailed}},
		"inconclusive": {func(w *world) { w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Inconclusive), w.ada)) },
			Inconclusive, []policy.Code{policy.VerdictNotHeld, policy.ExperimentFailed}},
		"inconclusive above the limit": {func(w *world) {
			w.options.Requirements.MaxHarm = new(0.02)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Inconclusive), w.ada))
		}, Inconclusive, []policy.Code{policy.VerdictNotHeld, policy.ExperimentFailed, policy.LimitExceeded}},
		"invalid": {func(w *world) { w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Invalid), w.ada)) },
			Inconclusive, []policy.Code{policy.VerdictNotHeld, policy.ExperimentFailed}},
		"expired": {func(w *world) {
			w.now = start().Add(statement.ValidFor)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
		}, Inconclusive, []policy.Code{policy.Expired}},
		"expired and refuted": {func(w *world) {
			w.now = start().Add(statement.ValidFor)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Refuted), w.ada))
		}, Failed, []policy.Code{policy.Expired, policy.VerdictNotHeld, policy.ExperimentFailed}},
		"unsigned": {func(w *world) { w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held))) },
			Inconclusive, []policy.Code{policy.Unsigned}},
		"refuted by a stranger": {func(w *world) { w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Refuted), w.eve)) },
			Inconclusive, []policy.Code{policy.UnknownKey, policy.VerdictNotHeld, policy.ExperimentFailed}},
		"held, then refuted by a stranger": {func(w *world) {
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
			w.write("b.intoto.jsonl", w.lines(measured("r2", time.Minute, result.Refuted), w.eve))
		}, Passed, nil},
		"above the limit": {func(w *world) {
			w.options.Requirements.MaxHarm = new(0.02)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
		}, Failed, []policy.Code{policy.LimitExceeded}},
		"another experiment": {func(w *world) {
			w.options.Requirements.Experiments = []string{"payments-down"}
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
		}, Inconclusive, []policy.Code{policy.ExperimentMissing}},
		"another environment": {func(w *world) {
			w.options.Requirements.Environment = "preproduction"
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
		}, Inconclusive, []policy.Code{policy.WrongPlace}},
		"second approver missing": {func(w *world) {
			w.options.Requirements.SecondApproverAbove = new(0.01)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
		}, Inconclusive, []policy.Code{policy.SecondApproverMissing}},
		"second approver": {func(w *world) {
			w.options.Requirements.SecondApproverAbove = new(0.01)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada, w.bob))
		}, Passed, nil},
		"bypassed": {func(w *world) {
			w.statement.Bypass = &statement.Bypass{By: "ada", Reason: "the shop is down", At: start()}
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.NotRun), w.ada))
		}, Failed, []policy.Code{policy.Bypassed, policy.VerdictNotHeld, policy.ExperimentFailed}},
		"attempts in several files": {func(w *world) {
			w.options.Requirements.MaxAttempts = 2
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Refuted), w.ada))
			w.write("b/b.intoto.jsonl", w.lines(measured("r2", time.Minute, result.Refuted), w.ada))
			w.write("c.intoto.jsonl", w.lines(measured("r3", time.Hour/2, result.Held), w.ada))
		}, Failed, []policy.Code{policy.TooManyAttempts}},
		"refuted, then held": {func(w *world) {
			w.write("b.intoto.jsonl", w.lines(measured("r1", 0, result.Refuted), w.ada))
			w.write("a.intoto.jsonl", w.lines(measured("r2", time.Minute, result.Held), w.ada))
		}, Passed, nil},
		"held, then refuted": {func(w *world) {
			w.write("b.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
			w.write("a.intoto.jsonl", w.lines(measured("r2", time.Minute, result.Refuted), w.ada))
		}, Failed, []policy.Code{policy.Superseded}},
		"held, then inconclusive": {func(w *world) {
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada), w.lines(measured("r2", time.Minute, result.Inconclusive), w.ada))
		}, Inconclusive, []policy.Code{policy.Superseded}},
		"held twice, then refuted": {func(w *world) {
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada), w.lines(measured("r2", time.Minute, result.Held), w.ada), w.lines(measured("r3", time.Hour/2, result.Refuted), w.ada))
		}, Failed, []policy.Code{policy.Superseded}},
		"held, then worse than before": {func(w *world) {
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
			w.statement.Comparison = &statement.Comparison{Base: []string{"r0"}, Verdict: result.Refuted, ExitCode: result.ExitRefuted}
			w.write("b.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
		}, Failed, []policy.Code{policy.Superseded}},
		"held, then not approved": {func(w *world) {
			w.options.Requirements.SecondApproverAbove = new(0.01)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada, w.bob))
			w.write("b.intoto.jsonl", w.lines(measured("r2", time.Minute, result.Held), w.ada))
		}, Inconclusive, []policy.Code{policy.Superseded}},
		"approved in another file": {func(w *world) {
			w.options.Requirements.SecondApproverAbove = new(0.01)
			w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
			w.write("b.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada, w.bob))
		}, Passed, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.files(w)
			a := w.ask(w.handler(), sha())
			if a.Phase != tt.phase || !slices.Equal(codes(a), tt.want) {
				t.Errorf("%s %v, want %s %v: %s", a.Phase, codes(a), tt.phase, tt.want, a.Reason)
			}
		})
	}
}

// A commit is asked about like bytes, and what only looks alike is another change.
func TestOtherSubjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	h := w.handler()
	canonical, err := statement.CanonicalDocument("settings.json", candidate())
	if err != nil {
		t.Fatal(err)
	}
	for digest, want := range map[string]Phase{
		"gitCommit:" + commit():                Passed,
		sha():                                  Passed,
		statement.DigestOf(canonical).String(): Inconclusive, // nobody ships it
		statement.DigestOf([]byte("{\"retries\":3}")).String(): Inconclusive,
	} {
		if a := w.ask(h, digest); a.Phase != want {
			t.Errorf("%s: %s, want %s: %s", digest, a.Phase, want, a.Reason)
		}
	}
}
