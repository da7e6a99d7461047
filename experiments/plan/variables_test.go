package plan

import (
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
)

// A variable is found wherever a plan uses it.
func TestEnvNames(t *testing.T) {
	t.Parallel()
	p := &Plan{
		System: experiments.System{
			Journeys: []experiments.Journey{{Steps: []experiments.Step{{Request: experiments.Request{
				Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:TOKEN}"}}, JSON: map[string]any{"a": []any{"<${env:BODY}>"}}, HasJSON: true}}}}},
		},
		Experiments: []Experiment{{
			Invariants: []experiments.Invariant{{DSN: "${env:DSN}", Command: []string{"x", "${env:TOKEN}${env:A_1}"}}},
			Faults:     []Fault{{Fault: experiments.Fault{Reload: &experiments.Reload{Request: experiments.Request{Target: "/${env:PATH_PART}"}}}}},
		}},
	}
	// The addresses of the plan are resolved, and are no secrets.
	p.Documents = []Document{{"blastgauge.yaml", "url: ${env:SHOP_URL}"}}
	if got, want := p.EnvNames(), []string{"A_1", "BODY", "DSN", "PATH_PART", "TOKEN"}; !slices.Equal(got, want) {
		t.Errorf("EnvNames() = %q, want %q", got, want)
	}
}

// What is taken for a variable of the environment when it is filled in is one for those
// who look for secrets as well, in whatever form it is written.
func TestEnvNamesFindsEachForm(t *testing.T) {
	t.Parallel()
	taken := 0
	for _, form := range []string{"env:A", "env A", "env: A", "env:A ", "env :A", " env:A", "env:\u00a0A", "env:A\n", "env:\tA", "ENV:A", "env::A", "env:A:A", "env:A:-", "env:A:-x <y>", "env:A-x", "env:A:- ", "env\u00a0A"} {
		text := "${" + form + "}"
		parsed, err := experiments.ParseTemplate(text)
		if err != nil {
			continue // it is never filled in
		}
		p := &Plan{System: experiments.System{Journeys: []experiments.Journey{{Steps: []experiments.Step{{Request: experiments.Request{Body: text}}}}}}}
		for _, part := range parsed.Parts {
			if part.Name != "env" {
				continue
			}
			taken++
			if got := p.EnvNames(); !slices.Equal(got, []string{part.Arg}) {
				t.Errorf("%q is filled in with %s, and EnvNames() = %q", text, part.Arg, got)
			}
		}
	}
	if taken == 0 {
		t.Error("no form is taken")
	}
}
