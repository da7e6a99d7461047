package progress

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Describe describes an event in a few words, under a topic of at most eight
// letters. The topic is empty where the event is of no interest during a run.
func Describe(p *plan.Plan, e journal.Event) (topic, text string) {
	switch e.Kind {
	case journal.FaultInjected:
		return "fault", "injected, read back: " + DescribeFault(p, e.Fault)
	case journal.InstanceJoined:
		return "fault", "another Toxiproxy has come, and is to carry it as well: " + e.Instance
	case journal.FaultVanished:
		return "fault", "VANISHED: " + e.Detail
	case journal.FaultRemoved:
		if !e.Verified {
			return "fault", "NOT REMOVED: " + DescribeFault(p, e.Fault) + ": " + e.Error
		}
		return "fault", "removed, read back as gone: " + DescribeFault(p, e.Fault)
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
		return DescribeReading(e.Check)
	case journal.AlertChanged:
		return describeAlert(e.Alert)
	case journal.Interrupted:
		return "stop", describeInterruption(e) + toBeRemoved
	case journal.Noted:
		return "note", e.Author + ": " + e.Detail
	case journal.SuiteStopped:
		return "stop", e.Detail
	case journal.Waiting:
		return "wait", "for a decision about " + e.Experiment
	case journal.Decided:
		text := describeDecision(e)
		if e.Author != "" {
			text += " (" + e.Author + ")"
		}
		return "decided", text
	case journal.ExperimentEnded:
		if e.Error != "" {
			return "end", e.Experiment + ": " + e.Error
		}
		return "end", e.Experiment
	}
	return "", ""
}

// toBeRemoved is what happens right after an interruption, and not any more once the run has ended.
const toBeRemoved = ": faults that are in force are removed"

// describeInterruption says who ended a run, and why.
func describeInterruption(e journal.Event) string {
	switch {
	case e.Author == "":
		return e.Detail + " received"
	case e.Reason == "":
		return "stopped by " + e.Author
	}
	return "stopped by " + e.Author + " (" + e.Reason + ")"
}

// DescribeReading says in a few words what the check of an invariant found.
func DescribeReading(r *journal.CheckResult) (topic, text string) {
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

// DescribeFaults says what is injected in an experiment.
func DescribeFaults(e plan.Experiment) string {
	list := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		list[i] = f.Describe()
	}
	return strings.Join(figures.Together(list), "; ")
}

// DescribeFault describes the fault with this name; one that the plan does not know
// is described by its name.
func DescribeFault(p *plan.Plan, name string) string {
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if f.Name == name {
				return f.Describe()
			}
		}
	}
	return name
}

// DescribeCause says what harmed journeys, in the words of the place where it showed.
func DescribeCause(c journal.SeenCause) string {
	text := c.Class
	switch class, _ := journal.CauseNamed(c.Class); {
	case c.Key == "":
	case class == journal.Status:
		code, _ := strconv.Atoi(c.Key)
		text = strings.TrimSpace(c.Key + " " + http.StatusText(code))
	case class == journal.Unmet:
		text = "not met: " + c.Key
	case class == journal.TooSlow:
		text = "slower than " + c.Key
	case class == journal.DNS:
		text = "no address for " + c.Key
	case class == journal.Redirects && c.Key == journal.Loop:
		text = "redirects in a loop"
	case class == journal.Redirects && c.Key == journal.SecretBody:
		text = "redirect of a secret to another host"
	case class == journal.Redirects:
		text = "more redirects than " + c.Key
	default:
		text = strings.ReplaceAll(c.Class, "_", " ") + " " + c.Key
	}
	if c.Step != "" {
		text = c.Step + ": " + text
	}
	return inert.Text(text)
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
