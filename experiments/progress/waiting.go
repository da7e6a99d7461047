package progress

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Waiting is what a game day asks before an experiment.
type Waiting struct {
	Experiment, Owner, Expect, Question string
	Since                               time.Time
	Index                               int // of the experiment in the plan; -1: it is not there
}

// recordDecision takes from an event that the run waits for somebody, or that somebody has
// decided.
func (p *Progress) recordDecision(e journal.Event, now time.Time) {
	switch e.Kind {
	case journal.Waiting:
		item := p.Plan.GameDay.Of(e.Experiment)
		p.Waiting = &Waiting{e.Experiment, item.Owner, string(item.Expect), item.Question, now, p.indexOf(e.Experiment)}
	case journal.Decided:
		p.Waiting = nil
		switch e.Decision {
		case journal.Skip:
			p.next = 1 + p.indexOf(e.Experiment)
		case journal.End:
			p.next = len(p.Plan.Experiments)
		}
	case journal.Interrupted, journal.RunEnded:
		p.Waiting = nil
	}
}

// indexOf is where an experiment is in the plan; -1: nowhere.
func (p *Progress) indexOf(id string) int {
	return slices.IndexFunc(p.Plan.Experiments, func(x plan.Experiment) bool { return x.ID == id })
}

// describeDecision says what was decided on a game day, and why.
func describeDecision(e journal.Event) string {
	text := e.Experiment + " is run"
	switch e.Decision {
	case journal.Skip:
		text = e.Experiment + " is skipped"
	case journal.End:
		text = "the game day ends before " + e.Experiment
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}
