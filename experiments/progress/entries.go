package progress

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// An Entry is something that happened, or that somebody did.
type Entry struct {
	Seq   int // of its event; entries of one event are in order
	At    time.Time
	Topic string // as [Describe] has it
	By    string // who did it; empty: the run
	Text  string
	Bad   bool // it went wrong
	// Verdict is that of an experiment that has ended; nil for all else.
	Verdict *result.Experiment
}

// mostEntries bounds those of a long run. The oldest go first.
const mostEntries = 2000

// enter keeps what an event says to people.
func (p *Progress) enter(e journal.Event, ended *Trial) {
	entry := Entry{Seq: e.Seq, At: e.At}
	switch e.Kind {
	case journal.ExperimentStarted:
		if p.Plan.Scan != nil || p.Current.Index < 0 {
			return
		}
		x := p.Experiment()
		entry.Topic, entry.Text = "start", fmt.Sprintf("%s, %d of %d: %s", e.Experiment, p.Current.Index+1, len(p.Plan.Experiments), DescribeFaults(*x))
	case journal.PhaseStarted:
		entry.Topic, entry.Text = "phase", string(e.Phase)
	case journal.RunEnded:
		entry.Topic, entry.Text = "end", "the run has ended"
		if e.Error != "" {
			entry.Text += ": " + e.Error
		}
	default:
		if p.Plan.Scan != nil && e.Kind == journal.ExperimentEnded {
			return
		}
		entry.Topic, entry.Text = Describe(p.Plan, e)
	}
	if entry.Topic == "" || ended != nil {
		return
	}
	entry.Bad = isBad(e)
	p.add(entry)
}

// enterVerdict keeps a verdict beside the event that it belongs to.
func (p *Progress) enterVerdict(e *result.Experiment) {
	p.add(Entry{Seq: p.Seq, At: time.Now().UTC(), Topic: "verdict", Verdict: e})
}

func (p *Progress) add(e Entry) {
	e.Text, e.By = inert.Text(e.Text), inert.Text(e.By)
	p.Entries = append(p.Entries, e)
	if len(p.Entries) > mostEntries {
		p.Entries = p.Entries[len(p.Entries)-mostEntries:]
	}
}

// isBad reports whether an event is one that nobody wants.
func isBad(e journal.Event) bool {
	switch e.Kind {
	case journal.FaultVanished, journal.GuardrailTripped, journal.BaselineHarmed, journal.Interrupted, journal.SuiteStopped, journal.Fenced:
		return true
	case journal.FaultRemoved:
		return !e.Verified
	case journal.InvariantChecked:
		return e.Check != nil && !e.Check.Holds && e.Check.Error == ""
	case journal.ExperimentEnded, journal.RunEnded:
		return e.Error != ""
	}
	return false
}
