package live

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/terminal"
	"github.com/blastgauge/blastgauge/report/words"
)

// scanLines write one line for each cell of a scan that has ended, and few others: a cell
// takes seconds, so that no heartbeat is needed.
type scanLines struct {
	*lines
	known *progress.Progress
}

func newScanLines(w *logWriter, p *plan.Plan, label string, color bool) *scanLines {
	return &scanLines{lines: newLines(w, p, label, color), known: progress.New(p, time.Now())}
}

// Observe shows no single journey.
func (l *scanLines) Observe(journal.Observation) {}

func (l *scanLines) Record(e journal.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	experiment := &l.plan.Experiments[0]
	ended := l.known.Record(e, time.Now())
	switch e.Kind {
	case journal.PhaseStarted:
		if e.Phase == journal.Warmup || e.Phase == journal.Baseline {
			l.print(e.At, "phase", string(e.Phase))
		}
	case journal.Exercised:
		if e.Exercise != nil {
			l.print(e.At, "base", words.Exercise(experiment, e.Exercise))
		}
	case journal.CellEnded:
		if ended != nil {
			l.printInert(e.At, "cell", endedLine("", experiment, ended, terminal.Options{Color: l.color}))
		}
	case journal.ScanEnded:
		l.print(e.At, "scan", words.ScanEnded(e)+": "+describeTrials(&l.known.Trials))
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
	if topic, text := progress.Describe(l.plan, e); topic != "" {
		l.print(e.At, topic, text)
	}
}

// endedLine is the line of a cell that has ended: "harmful   payments hangs: checkout 63.0%
// (59.1 to 66.8), in 2.1s". It is cut to the width of the options, where they have one.
func endedLine(label string, e *plan.Experiment, t *progress.Trial, o terminal.Options) string {
	word := fmt.Sprintf("%-9s ", words.CellVerdict(t.Verdict))
	text := inert.Line(inert.Text(label + words.Trial(t.Cell) + ": " + words.TrialEnd(e, t.End, t.Unsettled)))
	if o.Width > 0 {
		text = terminal.Cut(text, o.Width-len(word))
	}
	return terminal.NewPrinter(o).Paint(words.CellTone(t.Verdict), word) + text
}
