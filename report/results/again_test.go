package results

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// The commands of a report run the same again: the system file with what was set in it,
// the phases, the experiments and the seed, each as one word of a shell.
func TestCommandsRunTheSameAgain(t *testing.T) {
	t.Parallel()
	documents := []result.Document{{File: "blastgauge.yaml"}, {File: result.SetDocument, Text: "url=http://a b\nhosts=[x]\n"}, {File: "experiments/x y.yaml"}}
	list := []result.Experiment{{ID: "down", File: "experiments/x y.yaml"}, {ID: "slow", File: "experiments/x y.yaml"}}
	elsewhere := []result.Document{{File: "staging/blast.yaml"}, {File: "-x.yaml"}}
	for name, tt := range map[string]struct {
		documents  []result.Document
		choices    result.Choices
		file       string
		whole, one string
	}{
		"all": {documents[:1], result.Choices{}, "a.yaml",
			"blastgauge run --seed 7", "blastgauge run --only down --seed 7 a.yaml"},
		"set and phases": {documents, result.Choices{Set: []string{"url=it's\na"}, Phases: "baseline=20s,fault=30s"}, "",
			"blastgauge run --set 'url=it'\\''s\na' --phases baseline=20s,fault=30s --seed 7",
			"blastgauge run --set 'url=it'\\''s\na' --phases baseline=20s,fault=30s --only down --seed 7 'experiments/x y.yaml'"},
		"a command": {documents[:1], result.Choices{Command: []string{"sh", "-c", "exec ./shop --port 80", "--", "it's", ""}}, "a.yaml",
			`blastgauge run --seed 7 -- sh -c 'exec ./shop --port 80' -- 'it'\''s' ''`, `blastgauge run --only down --seed 7 a.yaml -- sh -c 'exec ./shop --port 80' -- 'it'\''s' ''`},
		"of an older version": {documents, result.Choices{}, "",
			"blastgauge run --set 'url=http://a b' --set 'hosts=[x]' --seed 7",
			"blastgauge run --set 'url=http://a b' --set 'hosts=[x]' --only down --seed 7 'experiments/x y.yaml'"},
		"of the demo": {documents, result.Choices{Selected: true, Demo: []string{"demo", "--rate=20"}}, "", "blastgauge demo --rate=20 down slow", "blastgauge demo --rate=20 down"},
		"flags of the run": {documents[:1], result.Choices{Flags: []string{"--create-proxies", "--allow=invalid", "--x=a b"}}, "a.yaml",
			"blastgauge run --create-proxies --allow=invalid '--x=a b' --seed 7", "blastgauge run --create-proxies --allow=invalid '--x=a b' --only down --seed 7 a.yaml"},
		"a game day": {documents[:1], result.Choices{GameDay: "days/nov ember.yaml", Flags: []string{result.SilentFlag, "--yes"}}, "a.yaml",
			"blastgauge run -f blastgauge.yaml --gameday 'days/nov ember.yaml' --notify=off --yes --seed 7",
			"blastgauge run -f blastgauge.yaml --notify=off --only down --seed 7 a.yaml"},
		"a game day that waits": {documents[:1], result.Choices{GameDay: "day.yaml", Flags: []string{"--decide-within=30m", "--no-preflight"}}, "a.yaml",
			"blastgauge run -f blastgauge.yaml --gameday day.yaml --decide-within=30m --no-preflight --seed 7",
			"blastgauge run -f blastgauge.yaml --no-preflight --only down --seed 7 a.yaml"},
		"incidents": {documents[:1], result.Choices{Selected: true, Bind: []string{"down.cache=carts", "down.list=/a b", "slow.cache=orders", "slow.number=$.x"}}, "incidents/x.yaml",
			"blastgauge incidents run down slow --bind down.cache=carts --bind 'list=/a b' --bind slow.cache=orders --bind 'number=$.x' --seed 7",
			"blastgauge incidents run down --bind cache=carts --bind 'list=/a b' --seed 7"},
		"named": {elsewhere, result.Choices{Selected: true}, "-x.yaml",
			"blastgauge run -f staging/blast.yaml --only down --only slow --seed 7 ./-x.yaml", "blastgauge run -f staging/blast.yaml --only down --seed 7 ./-x.yaml"},
	} {
		r := &result.Result{Run: result.Run{Seed: 7, Choices: tt.choices}, Documents: tt.documents}
		for _, e := range list {
			if tt.file != "" {
				e.File = tt.file
			}
			r.Experiments = append(r.Experiments, e)
		}
		if got := runCommand(r); got != tt.whole {
			t.Errorf("%s: the whole run is %s, want %s", name, got, tt.whole)
		}
		if got := newExperiment(summarize(r), &r.Experiments[0]).Command(); got != tt.one {
			t.Errorf("%s: one experiment is %s, want %s", name, got, tt.one)
		}
	}
}

// An interruption keeps an invariant from being asked once more. It is no fault of the
// invariant's, so there is nothing to repair.
func TestAnInvariantThatWasCutOffNeedsNoRepair(t *testing.T) {
	t.Parallel()
	inv := result.Invariant{Name: "stock", Before: new(0.0), During: new(0.0), Detail: "the run was interrupted", CutOff: true}
	change := func(e *result.Experiment) {
		e.Phases = []result.Phase{{Name: "baseline"}}
		e.Invariants = []result.Invariant{inv}
		e.Criteria = []result.Criterion{criterionOf("stock", result.ReasonInvariantNotAsked)}
	}
	for _, n := range stepsOf(result.Inconclusive, change, result.ReasonInterrupted) {
		if n.verb == repair {
			t.Errorf("advice %q", n.sentence())
		}
	}
	e := result.Experiment{ID: "down"}
	change(&e)
	s := summarize(&result.Result{Experiments: []result.Experiment{e}})
	if len(s.unasked) != 1 || !s.cutOff() || s.unasked[0].sentence("down") != "stock was not asked after the fault, because the run was interrupted, down" {
		t.Errorf("not asked: %+v", s.unasked)
	}
}

// Where the removal of a fault failed, invariants were not asked after it for that alone.
func TestAnInvariantBehindAFailedRemovalNeedsNoRepair(t *testing.T) {
	t.Parallel()
	for _, removed := range []bool{true, false} {
		e := result.Experiment{Criteria: []result.Criterion{criterionOf("stock", result.ReasonInvariantNotAsked)}}
		if !removed {
			e.ReasonCodes = []result.ReasonCode{result.ReasonRemovalUnverified}
		}
		if got := invariantAdvice(&e, &result.Invariant{Name: "stock", Before: new(0.0)}); (got.verb == repair) != removed {
			t.Errorf("removed %t: %q", removed, got.text)
		}
	}
}

// A control on the way of the fault is contaminated however often it is measured.
func TestASharedControlNeedsItsOwnRoute(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{true, false} {
		list := stepsOf(result.Inconclusive, func(e *result.Experiment) { e.SharedControl = shared }, result.ReasonControlContaminated)
		if len(list) != 1 || (list[0].verb == repair) != shared {
			t.Errorf("shared %t: %+v", shared, list)
		}
	}
}

// No proxy keeps the fault of a file or of a command from the control.
func TestAFaultBesideProxiesNeedsAnotherControl(t *testing.T) {
	t.Parallel()
	for kind, verb := range map[string]string{"config_file": repair, "command": repair, "http_config": settle} {
		list := stepsOf(result.Inconclusive, func(e *result.Experiment) { e.Faults = []result.Fault{{Inject: kind, Into: "payments"}} }, result.ReasonControlContaminated)
		if len(list) != 1 || list[0].verb != verb {
			t.Errorf("%s: %+v", kind, list)
		}
	}
}

// What a gate measured is in no document, so the gate is repeated as a whole.
func TestAGateIsRepeatedAsAWhole(t *testing.T) {
	t.Parallel()
	r := &result.Result{Documents: []result.Document{{File: "shop/blastgauge.yaml"}, {File: "e.yaml"}}, Experiments: []result.Experiment{{ID: "settings-next--scale-price", File: "e.yaml"}}}
	r.Run.Seed, r.Run.Choices = 7, result.Choices{Gate: []string{"gate", "pull request/next.json", "settings-next"}, Phases: "fault=2s", Selected: true}
	const want = "blastgauge gate 'pull request/next.json' settings-next -f shop/blastgauge.yaml --phases fault=2s --seed 7"
	if one, all := newExperiment(summarize(r), &r.Experiments[0]).Command(), Again(r).Command; one != want || all != want {
		t.Errorf("commands %q and %q, want %q", one, all, want)
	}
}
