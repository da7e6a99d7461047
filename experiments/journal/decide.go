package journal

import (
	"fmt"
	"slices"
)

// A DayDecision is what people decide about an experiment of a game day.
type DayDecision string

// The decisions.
const (
	Continue DayDecision = "continue" // it is run
	Skip     DayDecision = "skip"     // it is not run, and those after it may be
	End      DayDecision = "end"      // neither it nor those after it are run
)

// DayDecisions lists the decisions.
func DayDecisions() []DayDecision { return []DayDecision{Continue, Skip, End} }

// A Decide is a decision, with who made it and why.
type Decide struct {
	Experiment string // its id; empty: the one that is waited for
	Decision   DayDecision
	Author     string
	Why        string
}

// Check returns what is wrong with the decision itself.
func (d Decide) Check() error {
	if !slices.Contains(DayDecisions(), d.Decision) {
		return fmt.Errorf("%.40q is none of %q", string(d.Decision), DayDecisions())
	}
	return nil
}
