package live

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
	"github.com/blastgauge/blastgauge/report/words"
)

// most is how many rows of a kind are shown.
const (
	mostCauses = 5
	mostTrials = 12
)

// A view is what the templates of the parts read.
type view struct {
	*progress.Progress
	Label string
	Now   time.Time
	begun bool // an experiment has
}

func newView(p *progress.Progress, label string, now time.Time) *view {
	return &view{p, label, now, p.Current.Index >= 0}
}

// IsScan reports whether the run is a scan.
func (v *view) IsScan() bool { return v.Plan.Scan != nil }

// Headline says what the run does.
func (v *view) Headline() string {
	switch c := v.Current; {
	case v.Over:
		return "The run is over"
	case v.Waiting != nil:
		return "Waits for a decision about " + inert.Text(v.Waiting.Experiment)
	case !v.begun:
		return "The run is about to begin"
	case v.IsScan():
		return v.scanHeadline()
	case !c.Running:
		return inert.Text(v.Experiment().ID) + " has ended"
	}
	return inert.Text(v.Experiment().ID) + ": " + v.phaseSays()
}

func (v *view) phaseSays() string {
	c := v.Current
	switch {
	case c.Phase == "":
		return "starts"
	case v.WaitsForHealth(v.Now):
		return "waits for a healthy system"
	case c.Phase == journal.Warmup:
		return "warms up, no fault yet"
	case c.Phase == journal.Baseline:
		return "baseline, no fault yet"
	case c.Phase == journal.Fault && c.Tripped != "":
		return "a guardrail tripped"
	case c.Phase == journal.Fault && v.inForce() > 0:
		return "fault in force"
	case c.Phase == journal.Fault:
		return "fault phase"
	}
	return "recovery, the fault is gone"
}

// inForce is how many faults are.
func (v *view) inForce() (n int) {
	for _, f := range v.Current.Faults {
		if f.Removed.IsZero() {
			n++
		}
	}
	return n
}

func (v *view) scanHeadline() string {
	switch {
	case v.Trials.Now != nil:
		return "Scan: " + inert.Text(words.Trial(v.Trials.Now))
	case v.Current.Phase == journal.Fault:
		return "Scan: waits for a healthy system"
	case v.Current.Phase == "":
		return "Scan: starts"
	}
	return "Scan: " + string(v.Current.Phase) + ", no fault yet"
}

// Lead says more of what goes on.
func (v *view) Lead() string {
	switch {
	case v.Stopping != "":
		return figures.Opening(inert.Text(v.Stopping))
	case v.Waiting != nil:
		return inert.Text(v.Waiting.Question)
	case !v.begun:
		return v.planned()
	case v.IsScan():
		harmful, harmless, undecided := v.Trials.Count()
		return fmt.Sprintf("%s: %d harmful, %d harmless, %d undecided.", figures.Plural(len(v.Trials.Ended), "trial", "trials"), harmful, harmless, undecided)
	}
	e := v.Experiment()
	return figures.Opening(inert.Text(progress.DescribeFaults(*e)))
}

// planned says what is going to run.
func (v *view) planned() string {
	if v.IsScan() {
		return "A scan of " + figures.Plural(len(v.Plan.Scan.Dependencies), "dependency", "dependencies") + "."
	}
	return figures.Plural(len(v.Plan.Experiments), "experiment", "experiments") + ", about " + figures.Duration(progress.Expected(v.Plan).Seconds()) + "."
}

// Number says which experiment it is.
func (v *view) Number() string {
	switch {
	case v.Asked() != nil:
		return v.position(v.Waiting.Index)
	case !v.begun:
		return ""
	case v.IsScan() && v.Trials.Now != nil:
		return fmt.Sprintf("trial %d", v.Trials.Now.Number)
	case v.IsScan():
		return ""
	}
	return v.position(v.Current.Index)
}

func (v *view) position(index int) string {
	return fmt.Sprintf("experiment %d of %d", index+1, len(v.Plan.Experiments))
}

// Earlier is the experiment before that all numbers are of while the run waits for a decision
// about another one; empty: they are of the one in the heading.
func (v *view) Earlier() string {
	if v.Waiting == nil || !v.begun {
		return ""
	}
	return inert.Text(v.Experiment().ID)
}

// Asked is the plan of the experiment that the run waits before; nil: it waits before none.
func (v *view) Asked() *plan.Experiment {
	if w := v.Waiting; w != nil && w.Index >= 0 && w.Index < len(v.Plan.Experiments) {
		return &v.Plan.Experiments[w.Index]
	}
	return nil
}

// Takes is how long the experiment that the run waits before takes.
func (v *view) Takes() string { return figures.Duration(v.Asked().Duration().Seconds()) }

// Waited is how long the run has waited for a decision.
func (v *view) Waited() string {
	return figures.Stopwatch(max(0, v.Now.Sub(v.Waiting.Since)).Seconds())
}

// Status is the line that a screen reader says when it changes: it has no numbers that move.
func (v *view) Status() string {
	text := v.Headline()
	if v.Current.Tripped != "" && !v.Over {
		text += ". Guardrail tripped: " + v.Current.Tripped
	}
	if v.Stopping != "" {
		text += ". " + figures.Opening(inert.Text(v.Stopping))
	}
	if n := len(v.Verdicts); n > 0 {
		last := v.Verdicts[n-1]
		text += ". " + figures.Capital(inert.Text(last.ID)) + " " + words.Verdict(last.Verdict)
	}
	return text
}
