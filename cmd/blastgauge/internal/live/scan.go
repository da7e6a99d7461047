package live

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/words"
)

// A scanTally is what a view knows of the trials of a scan: of cells, of pools and pairs, and
// of the levels that are tried in search of a breaking point.
type scanTally struct {
	scan  *scan.Scan    // what the map knows so far; nil: no event came
	now   *journal.Cell // nil: none is under way
	ended []int         // the numbers of those that have
}

// A trial is one that has ended.
type trial struct {
	cell    *journal.Cell // nil: the journal does not say what was tried
	end     *journal.CellEnd
	verdict scan.Verdict
	// unsettled is that a cell before may have broken what broke.
	unsettled bool
}

// record takes an event. It returns the trial that has ended with it; nil: none has.
func (s *scanTally) record(p *plan.Plan, e journal.Event) *trial {
	if s.scan == nil {
		s.scan = scan.New(p)
	}
	s.scan.Event(e)
	switch {
	case e.Kind == journal.CellStarted:
		s.now = e.Cell
	case e.Kind == journal.CellEnded && e.CellEnd != nil:
		t := &trial{cell: s.now, end: e.CellEnd, verdict: scan.Undecided}
		if t.cell != nil {
			t.verdict, t.unsettled = s.scan.Verdict(t.end.Number), s.scan.Unsettled(t.end.Number)
		}
		s.now, s.ended = nil, append(s.ended, t.end.Number)
		return t
	}
	return nil
}

// describe says how many trials there were. They are more than the cells of the map.
func (s *scanTally) describe() string {
	return figures.Plural(len(s.ended), "trial", "trials") + ": " + s.counts()
}

// counts says how they ended, as the map has it now: a later one may settle what broke.
func (s *scanTally) counts() string {
	harmful, harmless, undecided := s.count()
	text := fmt.Sprintf("%d harmful, %d harmless", harmful, harmless)
	if undecided > 0 {
		text += fmt.Sprintf(", %d undecided", undecided)
	}
	return text
}

func (s *scanTally) count() (harmful, harmless, undecided int) {
	for _, number := range s.ended {
		switch s.scan.Verdict(number) {
		case scan.Harmful:
			harmful++
		case scan.Harmless:
			harmless++
		default:
			undecided++
		}
	}
	return harmful, harmless, undecided
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
		parts = append(parts, f.Failing())
	}
	return figures.List(parts, "and")
}

// describeEnd says what became of a cell: of the journey that is harmed most the share and
// its interval, the invariants that broke, and what else there is to know.
func describeEnd(e *plan.Experiment, t *trial) string {
	var parts []string
	c, broken := t.end, "BROKEN: "
	if t.unsettled {
		broken = "BROKEN by this or what failed before: "
	}
	if text := describeWorst(e, c); text != "" {
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

// describeWorst says what became of the journey that is harmed most; empty: none was counted.
func describeWorst(e *plan.Experiment, c *journal.CellEnd) string {
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
	return worst.Journey + " " + words.Harm(worst)
}

// describeScanEnd says why a scan tries nothing more.
func describeScanEnd(e journal.Event) string {
	text := "STOPPED: " + words.EndOfScan(e.Detail)
	switch e.Detail {
	case journal.ScanComplete:
		text = "everything was tried"
	case journal.ScanBudget:
		text = words.EndOfScan(e.Detail)
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
