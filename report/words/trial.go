package words

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// Trial says what fails in a cell, such as "payments hangs".
func Trial(c *journal.Cell) string {
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
		parts = append(parts, f.Failing())
	}
	return figures.List(parts, "and")
}

// TrialEnd says what became of a cell: of the journey that is harmed most the share and
// its interval, the invariants that broke, and what else there is to know. Unsettled is that
// a cell before may have broken them.
func TrialEnd(e *plan.Experiment, c *journal.CellEnd, unsettled bool) string {
	var parts []string
	broken := "BROKEN: "
	if unsettled {
		broken = "BROKEN by this or what failed before: "
	}
	if text := worstOfTrial(e, c); text != "" {
		parts = append(parts, text)
	}
	for _, b := range c.Broken {
		parts = append(parts, broken+b.Invariant)
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

// worstOfTrial says what became of the journey that is harmed most; empty: none was counted.
func worstOfTrial(e *plan.Experiment, c *journal.CellEnd) string {
	var counted scan.Cell
	for i, j := range c.Journeys {
		if j.Fault.Of > 0 && i < len(e.Journeys) {
			counted.Journeys = append(counted.Journeys, scan.CellJourney{
				Journey: e.Journeys[i].Name, Verdict: scan.Verdict(j.Decision), Estimate: j.Share.Estimate, Low: j.Share.Low, High: j.Share.High,
			})
		}
	}
	worst := counted.Worst()
	if worst == nil {
		return ""
	}
	return worst.Journey + " " + Harm(worst)
}

// ScanEnded says why a scan tries nothing more.
func ScanEnded(e journal.Event) string {
	text := "STOPPED: " + EndOfScan(e.Detail)
	switch e.Detail {
	case journal.ScanComplete:
		text = "everything was tried"
	case journal.ScanBudget:
		text = EndOfScan(e.Detail)
	}
	if e.Error != "" {
		text += ": " + e.Error
	}
	return text
}

// Exercise says what the baseline counted.
func Exercise(e *plan.Experiment, x *journal.Exercise) string {
	var parts []string
	for i, counts := range x.Journeys {
		if i < len(e.Journeys) {
			all := counts.Fault.Of + counts.Control.Of
			parts = append(parts, fmt.Sprintf("%s harmed %d of %d", e.Journeys[i].Name, counts.Fault.Harmed+counts.Control.Harmed, all))
		}
	}
	return "without a fault: " + strings.Join(parts, ", ")
}
