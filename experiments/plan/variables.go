package plan

import (
	"encoding/json"
	"regexp"
	"slices"
)

var envForm = regexp.MustCompile(`\$\{env:([^}]+)\}`)

// EnvNames returns the names of the environment variables that a plan uses anywhere,
// sorted.
func (p *Plan) EnvNames() []string {
	// Every text of the plan is looked at, so that no field can be forgotten.
	text, err := json.Marshal(p)
	if err != nil {
		return nil // impossible: a plan is written to the journal in this form
	}
	var names []string
	for _, m := range envForm.FindAllSubmatch(text, -1) {
		names = append(names, string(m[1]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}
