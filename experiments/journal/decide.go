package journal

import (
	"fmt"
	"slices"
)

// A Decision is what people decide about an experiment of a game day.
type Decision string

// The decisions.
const (
	Continue Decision = "continue" // it is run
	Skip     Decision = "skip"     // it is not run, and those after it may be
	End      Decision = "end"      // neither it nor those after it are run
)

// Decisions lists the decisions.
func Decisions() []Decision { return []Decision{Continue, Skip, End} }

// A Decide is a decision, with who made it and why.
type Decide struct {
	Experiment string // its id; empty: the one that is waited for
	Decision   Decision
	Author     string
	Why        string
}

// Check returns what is wrong with the decision itself.
func (d Decide) Check() error {
	if !slices.Contains(Decisions(), d.Decision) {
		return fmt.Errorf("%.40q is none of %q", string(d.Decision), Decisions())
	}
	return nil
}
