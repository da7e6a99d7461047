package live

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
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
	counts counts    // of the current phase
	last   time.Time // when the last line was written
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
	l.counts.add(o, nil)
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
		l.index++
		l.print(e.At, "start", fmt.Sprintf("%s %d/%d %s", e.Experiment, l.index+1, len(l.plan.Experiments), describeFaults(l.plan.Experiments[l.index])))
	case journal.PhaseStarted:
		l.endPhase(e.At)
		l.phase = e.Phase
		l.print(e.At, "phase", string(e.Phase))
	default:
		if e.Kind == journal.ExperimentEnded { // perhaps in the middle of its phases
			l.endPhase(e.At)
		}
		if topic, text := describeEvent(l.plan, e); topic != "" {
			l.print(e.At, topic, text)
		}
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
	worst := l.counts.worst()
	c, name := l.counts.journey(worst), ""
	if journeys := l.plan.Experiments[max(0, l.index)].Journeys; len(journeys) > 1 {
		name = journeys[worst].Name + " "
	}
	text := fmt.Sprintf("%s: %sharmed %s in the fault arm", l.phase, name, c.describe(plan.FaultArm))
	if c.journeys[plan.ControlArm] > 0 {
		other := "in control"
		if l.plan.Experiments[max(0, l.index)].Turns != nil {
			other = "untouched by the fault"
		}
		text += fmt.Sprintf(", %s %s", c.describe(plan.ControlArm), other)
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

// describeEvent describes an event in a few words, under a topic of at most eight
// letters. The topic is empty where the event is of no interest during a run.
func describeEvent(p *plan.Plan, e journal.Event) (topic, text string) {
	switch e.Kind {
	case journal.FaultInjected:
		return "fault", "injected, read back: " + describeFault(p, e.Fault)
	case journal.InstanceJoined:
		return "fault", "another Toxiproxy has come, and is to carry it as well: " + e.Instance
	case journal.FaultVanished:
		return "fault", "VANISHED: " + e.Detail
	case journal.FaultRemoved:
		if !e.Verified {
			return "fault", "NOT REMOVED: " + describeFault(p, e.Fault) + ": " + e.Error
		}
		return "fault", "removed, read back as gone: " + describeFault(p, e.Fault)
	case journal.TurnStarted:
		return "fault", fmt.Sprintf("touches %s of the journeys from now on", figures.ShortPercent(e.Value, 2))
	case journal.GuardrailTripped:
		return "guard", "TRIPPED " + e.Detail
	case journal.BaselineShared:
		if e.Shared == nil {
			return "", ""
		}
		return "base", "the end of the recovery of " + e.Shared.Of
	case journal.BaselineOwn:
		return "base", "its own: " + e.Detail
	case journal.BaselineHarmed:
		return "base", "HARMED ALREADY, the fault is not injected: " + e.Detail
	case journal.InvariantChecked:
		return describeReading(e.Check)
	case journal.AlertChanged:
		return describeAlert(e.Alert)
	case journal.Interrupted:
		return "stop", e.Detail + " received: faults that are in force are removed"
	case journal.SuiteStopped:
		return "stop", e.Detail
	case journal.ExperimentEnded:
		if e.Error != "" {
			return "end", e.Experiment + ": " + e.Error
		}
		return "end", e.Experiment
	}
	return "", ""
}

func describeReading(r *journal.CheckResult) (topic, text string) {
	switch {
	case r == nil:
		return "", ""
	case r.Error != "":
		return "invar", fmt.Sprintf("%s: could not be asked: %s", r.Invariant, r.Error)
	case r.Holds:
		return "invar", r.Invariant + ": holds"
	}
	return "invar", fmt.Sprintf("%s: BROKEN: %s", r.Invariant, r.Detail)
}

// describeAlert describes what was seen of an alert. The last look at one, which tells
// nothing new, is of no interest.
func describeAlert(l *journal.AlertLook) (topic, text string) {
	switch {
	case l == nil, l.LastAsked == l.Asked && l.Asked > 0:
		return "", ""
	case l.State == journal.AlertUnknown:
		return "alert", l.Alert + ": nobody answers: " + l.Error
	case l.State == journal.AlertFiring && l.Muted != "":
		return "alert", l.Alert + ": FIRES, and is " + l.Muted
	case l.State == journal.AlertFiring:
		return "alert", l.Alert + ": FIRES"
	}
	return "alert", l.Alert + ": " + string(l.State)
}

func describeFaults(e plan.Experiment) string {
	list := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		list[i] = f.Describe()
	}
	return strings.Join(figures.Together(list), "; ")
}

// describeFault describes the fault with this name; one that the plan does not know
// is described by its name.
func describeFault(p *plan.Plan, name string) string {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.Name == name {
				return f.Describe()
			}
		}
	}
	return name
}
