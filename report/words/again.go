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

// notifyKey begins the part of a system's document that names who is told.
var notifyKey = regexp.MustCompile(`^["']?notify["']?\s*:`)

// Variables are the variables of the environment that the documents of a run need, sorted,
// each once. Comments need none, and a run that tells nobody needs none of its receivers'.
func Variables(r *result.Result) []string {
	var names []string
	silent := slices.Contains(r.Run.Choices.Flags, result.SilentFlag)
	for _, d := range r.Documents {
		notify := false
		for line := range strings.Lines(d.Text) {
			switch {
			case strings.HasPrefix(strings.TrimSpace(line), "#"):
				continue
			case startsKey(line):
				notify = notifyKey.MatchString(line)
			}
			if notify && silent {
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

// startsKey reports whether a line of a document begins a key of its own: it is neither
// empty, nor indented, nor an entry of a list.
func startsKey(line string) bool {
	return strings.TrimSpace(line) != "" && !strings.ContainsAny(line[:1], " \t-]}")
}
