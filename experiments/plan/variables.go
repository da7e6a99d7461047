package plan

import (
	"encoding/json"

	"github.com/blastgauge/blastgauge/experiments"
)

// EnvNames returns the names of the environment variables that requests and checks of a
// plan use, sorted. Their values are secrets. Those of addresses and rates are not: the
// plan holds them, and reports say what was measured.
func (p *Plan) EnvNames() []string {
	// Every text of the plan is looked at, so that no field can be forgotten. The
	// documents say nothing that the plan does not, but for its addresses.
	resolved := *p
	resolved.Documents = nil
	text, err := json.Marshal(resolved)
	if err != nil {
		return nil // impossible: a plan is written to the journal in this form
	}
	return experiments.EnvNamesIn(text)
}
