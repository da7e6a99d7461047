package words

import (
	"regexp"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A Repetition is what repeats a run.
type Repetition struct {
	Command   string
	Variables []string // of the environment that its documents need, sorted
}

// variable is a reference to a variable of the environment that has no default.
var variable = regexp.MustCompile(`\$\{env:([A-Za-z_][A-Za-z0-9_]*)(?:\|raw)?\}`)

// Variables are the variables of the environment that documents need, sorted, each once.
// Comments need none.
func Variables(list []result.Document) []string {
	var names []string
	for _, d := range list {
		for line := range strings.Lines(d.Text) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			for _, found := range variable.FindAllStringSubmatch(line, -1) {
				names = append(names, found[1])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
