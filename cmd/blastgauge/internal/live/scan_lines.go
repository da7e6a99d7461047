package live

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// scanLines write one line for each cell of a scan that has ended, and few others: a cell
// takes seconds, so that no heartbeat is needed.
type scanLines struct {
	*lines
	tally scanTally
}

func newScanLines(w *logWriter, p *plan.Plan, label string, color bool) *scanLines {
	return &scanLines{lines: newLines(w, p, label, color)}
}

// Observe shows no single journey.
func (l *scanLines) Observe(journal.Observation) {}

func (l *scanLines) Record(e journal.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	experiment := &l.plan.Experiments[0]
	ended := l.tally.record(l.plan, e)
	switch e.Kind {
	case journal.PhaseStarted:
		if e.Phase == journal.Warmup || e.Phase == journal.Baseline {
			l.print(e.At, "phase", string(e.Phase))
		}
	case journal.Exercised:
		if e.Exercise != nil {
			l.print(e.At, "base", describeExercise(experiment, e.Exercise))
		}
	case journal.CellEnded:
		if ended != nil {
			l.printInert(e.At, "cell", endedLine("", experiment, ended, terminal.Options{Color: l.color}))
		}
	case journal.ScanEnded:
		l.print(e.At, "scan", describeScanEnd(e)+": "+l.tally.describe())
	case journal.FaultInjected, journal.ExperimentEnded, journal.InvariantChecked: // of each cell
	case journal.FaultRemoved:
		if !e.Verified {
			l.printEvent(e)
		}
	default:
		l.printEvent(e)
	}
}

func (l *scanLines) printEvent(e journal.Event) {
	if topic, text := describeEvent(l.plan, e); topic != "" {
		l.print(e.At, topic, text)
	}
}

// endedLine is the line of a cell that has ended: "harmful   payments hangs: checkout 63.0%
// (59.1 to 66.8), in 2.1s". It is cut to the width of the options, where they have one.
func endedLine(label string, e *plan.Experiment, t *trial, o terminal.Options) string {
	word := fmt.Sprintf("%-9s ", words.CellVerdict(t.verdict))
	text := inert.Line(inert.Text(label + describeCell(t.cell) + ": " + describeEnd(e, t)))
	if o.Width > 0 {
		text = terminal.Cut(text, o.Width-len(word))
	}
	return terminal.NewPrinter(o).Paint(words.CellTone(t.verdict), word) + text
}
