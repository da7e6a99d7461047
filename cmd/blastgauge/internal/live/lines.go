package live

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/results"
	"github.com/blastgauge/blastgauge/report/terminal"
)

// lines write one line per event, with the time of day in UTC. Between events they
// write a heartbeat, so that CI does not take the job for dead.
type lines struct {
	w     *logWriter
	plan  *plan.Plan
	label string // of the run, padded; empty where there is a single one
	color bool   // of verdicts

	mu     sync.Mutex
	index  int // of the current experiment; -1 before the first
	phase  journal.Phase
	counts progress.Counts // of the current phase
	last   time.Time       // when the last line was written
	unmet  progress.Unmet
}

const heartbeat = 10 * time.Second

// A logWriter takes whole lines from several views. After the first error it drops them:
// a reader that goes away, such as head, ends the progress and not the run.
type logWriter struct {
	mu   sync.Mutex
	w    io.Writer
	lost bool
}

func (l *logWriter) print(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost {
		return
	}
	_, err := io.WriteString(l.w, line+"\n")
	l.lost = err != nil
}

func newLines(w *logWriter, p *plan.Plan, label string, color bool) *lines {
	if label != "" {
		label = fmt.Sprintf("%-8s ", label)
	}
	return &lines{w: w, plan: p, label: label, color: color, index: -1, last: time.Now()}
}

func (l *lines) Close() {}

func (l *lines) Observe(o journal.Observation) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Add(o, nil)
	if now := time.Now(); l.phase != "" && now.Sub(l.last) >= heartbeat {
		l.last = now
		l.print(now, "progress", l.describeCounts())
	}
}

func (l *lines) Record(e journal.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = time.Now()
	switch e.Kind {
	case journal.ExperimentStarted:
		l.index = max(0, slices.IndexFunc(l.plan.Experiments, func(x plan.Experiment) bool { return x.ID == e.Experiment }))
		l.print(e.At, "start", fmt.Sprintf("%s %d/%d %s", e.Experiment, l.index+1, len(l.plan.Experiments), progress.DescribeFaults(l.plan.Experiments[l.index])))
	case journal.PhaseStarted:
		l.endPhase(e.At)
		l.phase = e.Phase
		l.print(e.At, "phase", string(e.Phase))
	default:
		if e.Kind == journal.ExperimentEnded { // perhaps in the middle of its phases
			l.endPhase(e.At)
		}
		if topic, text := progress.Describe(l.plan, e); topic != "" {
			l.print(e.At, topic, text)
		}
	}
}

// See tells that nothing comes to a fault.
func (l *lines) See(fault string, e journal.Evidence) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if topic, text := l.unmet.Look(l.plan, fault, e, now); topic != "" {
		l.last = now
		l.print(now, topic, text)
	}
}

// endPhase prints the score of the phase that ends, where it has one. The journeys that
// follow are of no phase until the next one starts.
func (l *lines) endPhase(at time.Time) {
	if l.phase == journal.Fault || l.phase == journal.Baseline {
		l.print(at, "counts", l.describeCounts())
	}
	l.phase, l.counts = "", nil
}

// describeCounts describes the current phase by the journey that is harmed most.
func (l *lines) describeCounts() string {
	worst := l.counts.Worst()
	c, name := l.counts.Journey(worst), ""
	if journeys := l.plan.Experiments[max(0, l.index)].Journeys; len(journeys) > 1 {
		name = journeys[worst].Name + " "
	}
	text := fmt.Sprintf("%s: %sharmed %s", l.phase, name, describe(c, plan.FaultArm))
	if c.Journeys[plan.ControlArm] > 0 {
		text += " in the fault arm"
		other := "in control"
		if l.plan.Experiments[max(0, l.index)].Turns != nil {
			other = "untouched by the fault"
		}
		text += fmt.Sprintf(", %s %s", describe(c, plan.ControlArm), other)
	}
	return text
}

// print writes one line.
func (l *lines) print(at time.Time, topic, text string) { l.printInert(at, topic, inert.Text(text)) }

func (l *lines) printInert(at time.Time, topic, text string) {
	l.w.print(line(at, l.label, topic, text))
}

// line is a line of a log.
func line(at time.Time, label, topic, text string) string {
	return fmt.Sprintf("%s %s%-8s %s", at.UTC().Format("15:04:05Z"), label, topic, text)
}

// Judge prints the verdict and the number of an experiment's result.
func (l *lines) Judge(e *result.Experiment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = time.Now()
	l.printInert(l.last, "verdict", results.Sentence(e, terminal.Options{Color: l.color}))
}
