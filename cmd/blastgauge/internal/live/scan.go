package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A scanTally is what a view knows of the cells of a scan.
type scanTally struct {
	now                          *journal.Cell // nil: none is under way
	harmful, harmless, undecided int
}

// record takes an event. It returns the cell that has ended with it, if any.
func (s *scanTally) record(x *plan.Experiment, e journal.Event) (ended *journal.Cell) {
	switch {
	case e.Kind == journal.CellStarted:
		s.now = e.Cell
	case e.Kind == journal.CellEnded && e.CellEnd != nil:
		ended, s.now = s.now, nil
		switch cellDecision(x, e.CellEnd) {
		case journal.Harmful:
			s.harmful++
		case journal.Harmless:
			s.harmless++
		case journal.Undecided:
			s.undecided++
		}
	}
	return ended
}

// describe says how many cells there were.
func (s *scanTally) describe() string {
	text := fmt.Sprintf("%d harmful, %d harmless", s.harmful, s.harmless)
	if s.undecided > 0 {
		text += fmt.Sprintf(", %d undecided", s.undecided)
	}
	return text
}

// describeCell says what fails in a cell, such as "payments hangs".
func describeCell(c *journal.Cell) string {
	if c == nil || len(c.Faults) == 0 {
		return "nothing"
	}
	if c.Stage == journal.Pool {
		var names []string
		for _, f := range c.Faults {
			names = append(names, f.Into)
		}
		return fmt.Sprintf("%s at once: each %s", figures.List(names, "and"), c.Faults[0].Mode.Does())
	}
	var parts []string
	for _, f := range c.Faults {
		does := f.Mode.Does()
		if late := f.Attributes.Duration("latency"); f.Mode == plan.Slow && late > 0 {
			does = "answers " + figures.Span(late.Round(time.Millisecond)) + " late"
		}
		parts = append(parts, f.Into+" "+does)
	}
	return figures.List(parts, "and")
}

// cellDecision is what a cell tells of all journeys together: harmful as soon as one of
// them is, or an invariant broke. Where this machine was too busy, journeys tell nothing.
func cellDecision(e *plan.Experiment, c *journal.CellEnd) journal.Decision {
	if len(c.Broken) > 0 {
		return journal.Harmful
	}
	if c.Distrust(e.Journeys) != "" {
		return journal.Undecided
	}
	decision := journal.Harmless
	for _, j := range c.Journeys {
		switch j.Decision {
		case journal.Harmful:
			return journal.Harmful
		case journal.Undecided:
			decision = journal.Undecided
		case journal.Harmless:
		}
	}
	if len(c.Journeys) == 0 {
		return journal.Undecided
	}
	return decision
}

// tone is the verdict on a hypothesis that has the colour of a decision.
func tone(d journal.Decision) result.Verdict {
	switch d {
	case journal.Harmful:
		return result.Refuted
	case journal.Harmless:
		return result.Held
	}
	return result.Inconclusive
}

// decisionWord is a decision in a word.
func decisionWord(d journal.Decision) string {
	if d == journal.Undecided {
		return "undecided"
	}
	return string(d)
}

// describeEnd says what became of a cell: of the journey that is harmed most the share and
// its interval, the invariants that broke, and what else there is to know.
func describeEnd(e *plan.Experiment, c *journal.CellEnd) string {
	var parts []string
	if i := worstOf(c); i >= 0 && i < len(e.Journeys) {
		parts = append(parts, e.Journeys[i].Name+" "+describeShare(c.Journeys[i].Share))
	}
	for _, b := range c.Broken {
		parts = append(parts, "BROKEN: "+b.Invariant)
	}
	switch c.Why {
	case journal.CellGuarded:
		parts = append(parts, "stopped by a guardrail")
	case journal.CellVanished:
		parts = append(parts, "the fault VANISHED")
	case journal.CellNotInjected:
		parts = append(parts, "not injected: "+c.Detail)
	case journal.CellCut:
		parts = append(parts, "cut short")
	}
	switch c.Distrust(e.Journeys) {
	case journal.CellLate:
		parts = append(parts, "traffic was LATE: this machine is too busy")
	case journal.CellShed:
		parts = append(parts, "journeys of the control could NOT BE STARTED")
	}
	if took := c.To - c.From; took > 0 {
		parts = append(parts, fmt.Sprintf("in %.1fs", took.Seconds()))
	}
	if c.Back < 0 && !c.LateBack(e.Journeys) {
		parts = append(parts, "and the system did NOT COME BACK")
	}
	return strings.Join(parts, ", ")
}

// worstOf is the index of the journey that is harmed most: of those that are harmful the
// one of which most is shown, else the one of which least is excluded; -1: none was counted.
func worstOf(c *journal.CellEnd) int {
	worst := -1
	for i, j := range c.Journeys {
		if j.Fault.Of > 0 && (worst < 0 || worse(j, c.Journeys[worst])) {
			worst = i
		}
	}
	return worst
}

func worse(a, b journal.CellJourney) bool {
	switch {
	case (a.Decision == journal.Harmful) != (b.Decision == journal.Harmful):
		return a.Decision == journal.Harmful
	case a.Decision == journal.Harmful:
		return a.Share.Low > b.Share.Low
	}
	return a.Share.High > b.Share.High
}

// describeShare writes a share with its interval, or its upper bound where no harm is shown.
func describeShare(s journal.Share) string {
	if s.Low <= 0 {
		return "≤" + figures.UpperPercent(s.High)
	}
	return fmt.Sprintf("%s (%s to %s)", figures.Percent(s.Estimate), figures.Points(s.Low), figures.Points(s.High))
}

// describeScanEnd says why a scan tries nothing more.
func describeScanEnd(e journal.Event) string {
	text, known := map[string]string{
		journal.ScanComplete:  "everything was tried",
		journal.ScanBudget:    "the budget is over",
		journal.ScanUnhealthy: "STOPPED: the system did not come back",
		journal.ScanHarmed:    "STOPPED: the system is not healthy without a fault",
		journal.ScanLate:      "STOPPED: this machine is too busy, and journeys are harmed without a fault",
		journal.ScanFenced:    "STOPPED: another process removes its faults",
		journal.ScanFailed:    "STOPPED: the proxy server or the tool failed",
	}[e.Detail]
	if !known {
		text = "STOPPED: " + e.Detail
	}
	if e.Error != "" {
		text += ": " + e.Error
	}
	return text
}

// describeExercise says what the baseline counted.
func describeExercise(e *plan.Experiment, x *journal.Exercise) string {
	var parts []string
	for i, counts := range x.Journeys {
		if i < len(e.Journeys) {
			all := counts.Fault.Of + counts.Control.Of
			parts = append(parts, fmt.Sprintf("%s harmed %d of %d", e.Journeys[i].Name, counts.Fault.Harmed+counts.Control.Harmed, all))
		}
	}
	return "without a fault: " + strings.Join(parts, ", ")
}
