package draft

import (
	"slices"
	"testing"
)

func stepOf(target, header string, checks ...Check) *Step {
	s := &Step{Request: &Request{Method: "POST", Path: []*Slot{NewSlot(InPath, "", target, target)}}, Checks: checks}
	if header != "" {
		s.Request.Headers = []*Slot{NewSlot(InHeader, "X-Key", header, header)}
	}
	return s
}

// What all steps have stands at the journey. A check that most have holds for all.
func TestShare(t *testing.T) {
	t.Parallel()
	noErrors := Check{Path: "$.errors"}
	for name, tt := range map[string]struct {
		steps   []*Step
		url     string
		headers int
		checks  []Check // of the journey
		last    []Check // of its last step
	}{
		"one step":              {[]*Step{stepOf("graphql", "a", noErrors)}, "", 0, nil, []Check{noErrors}},
		"all the same":          {[]*Step{stepOf("graphql", "a", noErrors), stepOf("graphql", "a", noErrors)}, "/graphql", 1, []Check{noErrors}, nil},
		"other URLs":            {[]*Step{stepOf("a", "", noErrors), stepOf("b", "", noErrors)}, "", 0, []Check{noErrors}, nil},
		"another header":        {[]*Step{stepOf("a", "a"), stepOf("a", "b")}, "/a", 0, nil, nil},
		"no header":             {[]*Step{stepOf("a", "a"), stepOf("a", "")}, "/a", 0, nil, nil},
		"one without a check":   {[]*Step{stepOf("a", "", noErrors), stepOf("b", "", noErrors), stepOf("c", "", noErrors), stepOf("page", "")}, "", 0, []Check{noErrors}, []Check{{Path: "$.errors", Any: true}}},
		"one with another":      {[]*Step{stepOf("a", "", noErrors), stepOf("b", "", noErrors), stepOf("c", "", noErrors), stepOf("d", "", Check{Path: "$.errors", Value: "none"})}, "", 0, []Check{noErrors}, []Check{{Path: "$.errors", Value: "none"}}},
		"a check of few":        {[]*Step{stepOf("a", "", noErrors), stepOf("b", "")}, "", 0, nil, nil},
		"a check of a variable": {[]*Step{stepOf("a", "", Check{Path: "$.id", Value: "${id}"}), stepOf("b", "", Check{Path: "$.id", Value: "${id}"})}, "", 0, nil, []Check{{Path: "$.id", Value: "${id}"}}},
	} {
		j := &Journey{Steps: tt.steps}
		j.Share()
		if last := j.Steps[len(j.Steps)-1]; j.URL != tt.url || len(j.Headers) != tt.headers || !slices.Equal(j.Checks, tt.checks) || !slices.Equal(last.Checks, tt.last) {
			t.Errorf("%s: url %q, headers %v, checks %v, last %v", name, j.URL, j.Headers, j.Checks, last.Checks)
		}
	}
}
