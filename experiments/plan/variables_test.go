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
	if got, want := p.EnvNames(), []string{"A_1", "BODY", "DSN", "PATH_PART", "TOKEN"}; !slices.Equal(got, want) {
		t.Errorf("EnvNames() = %q, want %q", got, want)
	}
}
