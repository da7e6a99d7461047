package result

import (
	"fmt"
	"os"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A fate is what became of a run.
type fate int

const (
	hasEnded    fate = iota // its journal says so
	unknownFate             // its journal has no end, and nobody was asked
	hasDied
	goesOn
)

// fateOf asks whether a process still holds the journal in dir, which has no end.
func fateOf(dir *os.Root) fate {
	alive, err := journal.Alive(dir)
	switch {
	case err != nil:
		return unknownFate
	case alive:
		return goesOn
	}
	return hasDied
}

// verb is what the run did, such as "died".
func (f fate) verb() string {
	switch f {
	case unknownFate:
		return "goes on, or it died"
	case goesOn:
		return "goes on"
	}
	return "died" // also where the journal misses the end of an experiment alone
}

// unwritten says why nothing tells what a fault met.
func (f fate) unwritten() string {
	switch f {
	case unknownFate:
		return "the run goes on, or it died before it wrote down what the fault had met"
	case goesOn:
		return "the run goes on, and has not written down yet what the fault met"
	case hasDied:
		return "the run died before it wrote down what the fault had met"
	}
	return "the run could not write down what the fault had met"
}

// unended says until when a run is known whose journal has no end.
func (f *fold) unended() string {
	var text strings.Builder
	text.WriteString("the run " + f.fate.verb())
	for _, r := range f.runs {
		if n := len(r.phases); r.start.Kind != "" && r.end == nil && n > 0 {
			fmt.Fprintf(&text, " in the %s phase of %s", strings.Replace(string(r.phases[n-1].Phase), "warmup", "warm-up", 1), r.plan.ID)
		}
	}
	if f.scan != nil {
		text.WriteString(f.scan.where())
	}
	if f.fate == hasDied {
		text.WriteString(": it was killed, or its machine stopped")
	}
	fmt.Fprintf(&text, "; nothing is known of it later than %s after its start", figures.Duration(seconds(f.last.Since)))
	return text.String()
}
