package result

import (
	"reflect"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

// trial is an experiment with one fault in email, which harmed between low and high of its
// journeys at a limit of 5%.
func trial(id, inject string, low, high float64) Experiment {
	j := Journey{Name: "checkout", Limit: 0.05, BlastRadius: &BlastRadius{Journey: "checkout", Low: low, High: high}}
	v := Inconclusive
	switch {
	case low > 0.05:
		v = Refuted
	case high <= 0.05:
		v = Held
	}
	return Experiment{
		ID: id, Verdict: v, Journeys: []Journey{j}, BlastRadius: j.BlastRadius,
		Faults: []Fault{{Inject: inject, Into: "email", Share: 1, Exercised: Exercised{Grade: GradeCounted}}},
	}
}

// behaviourOf is the only behaviour in the result of these experiments.
func behaviourOf(t *testing.T, list ...Experiment) Behaviour {
	t.Helper()
	r := &Result{System: System{Dependencies: map[string]Dependency{"email": {Criticality: "soft"}}}, Experiments: list}
	all := r.Behaviours()
	if len(all) != 1 {
		t.Fatalf("behaviours = %+v, want one", all)
	}
	return all[0]
}

// A dependency that nobody misses while it refuses, and that stops everything when it
// hangs, needs a time-out.
func TestSoftWhenRefusedAndHardWhenItHangs(t *testing.T) {
	t.Parallel()
	got := behaviourOf(t, trial("hangs", "timeout", 0.6, 0.8), trial("down", "down", -0.01, 0.01))
	want := Behaviour{
		Dependency: "email", Declared: "soft", Behaves: BehavesHard, NeedsTimeout: true,
		Manners: []MannerOfFault{
			{Refused, BehavesSoft, 1, []string{"down"}},
			{Hanging, BehavesHard, 1, []string{"hangs"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestWhatABehaviourNeeds(t *testing.T) {
	t.Parallel()
	part := trial("part", "down", -0.01, 0.01)
	part.Faults[0].Share = 0.2
	sparse := trial("sparse", "down", -0.01, 0.01)
	sparse.Faults[0].Exercised.Grade = GradeSparse
	void := trial("void", "timeout", 0.6, 0.8)
	void.Verdict = Invalid
	broken := trial("broken", "down", -0.01, 0.01)
	broken.Verdict, broken.Criteria = Refuted, []Criterion{newCriterion(InvariantCriterion, "once", "")}
	broken.Criteria[0].Verdict = Refuted
	soon := trial("soon", "timeout", -0.01, 0.01)
	soon.Faults[0].Attributes = map[string]any{"timeout": 0.1}
	for name, tt := range map[string]struct {
		list    []Experiment
		behaves string
		first   string // how the first manner is taken
		timeout bool
	}{
		"slow alone is not how it behaves": {[]Experiment{trial("slow", "latency", 0, 0.01)}, "", BehavesSoft, false},
		"refused is":                       {[]Experiment{trial("down", "down", 0, 0.01)}, BehavesSoft, BehavesSoft, false},
		"hung is":                          {[]Experiment{trial("hung", "timeout", 0, 0.01)}, BehavesSoft, BehavesSoft, false},
		"cut short is not hung":            {[]Experiment{soon}, "", BehavesSoft, false},
		"a fifth refused is not":           {[]Experiment{part}, "", BehavesSoft, false},
		"hardly met is not":                {[]Experiment{sparse}, "", "", false},
		"invalid is nothing":               {[]Experiment{void}, "", "", false},
		"undecided":                        {[]Experiment{trial("down", "down", 0.01, 0.09)}, "", "", false},
		"soft and undecided":               {[]Experiment{trial("down", "down", 0, 0.01), trial("hung", "timeout", 0.01, 0.09)}, "", BehavesSoft, false},
		"an invariant broke":               {[]Experiment{broken}, "", Corrupts, false},
		"the worst of two":                 {[]Experiment{trial("a", "down", 0.5, 0.6), trial("b", "down", 0, 0.01)}, BehavesHard, BehavesHard, false},
		"hard in any case":                 {[]Experiment{trial("a", "down", 0.5, 0.6), trial("b", "timeout", 0.5, 0.6)}, BehavesHard, BehavesHard, false},
		"soft on errors, hard when slow":   {[]Experiment{trial("a", "http_error", 0, 0.01), trial("b", "http_latency", 0.5, 0.6)}, BehavesHard, BehavesSoft, true},
	} {
		got := behaviourOf(t, tt.list...)
		if got.Behaves != tt.behaves || got.Manners[0].Behaves != tt.first || got.NeedsTimeout != tt.timeout {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A result from elsewhere may lack the grade of its fault. Then nothing shows that it met
// traffic.
func TestAFaultWithoutAGradeShowsNothing(t *testing.T) {
	t.Parallel()
	e := trial("down", "down", 0, 0.01)
	e.Faults[0].Exercised = Exercised{}
	if got := behaviourOf(t, e); got.Behaves != "" || got.Manners[0].Behaves != "" {
		t.Errorf("behaviour = %+v, want none", got)
	}
}

// Faults in two dependencies at once say nothing of either.
func TestFaultsInSeveralDependenciesAreNobodys(t *testing.T) {
	t.Parallel()
	e := trial("both", "down", 0.5, 0.6)
	e.Faults = append(e.Faults, Fault{Inject: "down", Into: "payments"})
	if all := (&Result{Experiments: []Experiment{e}}).Behaviours(); all != nil {
		t.Errorf("behaviours = %+v, want none", all)
	}
}

// A kind of fault that reports cannot name would be missing from them. How a dependency
// fails by a command, nobody knows but its author.
func TestEveryKindOfFaultHasAManner(t *testing.T) {
	t.Parallel()
	for _, name := range injectors.Names() {
		f := Fault{Inject: name}
		if (f.Manner() == "") != (name == "slow_close" || name == "command") {
			t.Errorf("%s: manner %q", name, f.Manner())
		}
	}
}

// Of two journeys that are equally far over their limits, the one that is known better is
// in the headline.
func TestHeadlineTakesWhatIsKnownBetter(t *testing.T) {
	t.Parallel()
	vague := Journey{Limit: 0.05, BlastRadius: &BlastRadius{Journey: "vague", Estimate: 1, Low: 0.6, High: 1}}
	sure := Journey{Limit: 0.05, BlastRadius: &BlastRadius{Journey: "sure", Estimate: 1, Low: 0.97, High: 1}}
	for _, list := range [][]Journey{{vague, sure}, {sure, vague}} {
		if got := headline(list); got.Journey != "sure" {
			t.Errorf("headline is about %s", got.Journey)
		}
	}
}
