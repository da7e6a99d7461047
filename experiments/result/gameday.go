package result

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// GameDay is what people expected of the experiments of a game day, what they decided, what
// came of it, and what is left to do.
type GameDay struct {
	Name  string        `json:"name"`
	Items []GameDayItem `json:"items"` // in the order in which they were planned
	// FollowUps are what is left to do: every surprise, then the notes that ask for it.
	FollowUps []FollowUp `json:"follow_ups,omitempty"`
}

// GameDayItem is one experiment of a game day.
type GameDayItem struct {
	Experiment string  `json:"experiment"` // its id
	Owner      string  `json:"owner,omitempty"`
	Question   string  `json:"question,omitempty"`
	Expect     Verdict `json:"expect"` // held or refuted
	// Decision is continue, skip or end. It is absent where nobody was asked: the game day
	// ran by itself, or was over before.
	Decision string    `json:"decision,omitempty"`
	By       string    `json:"by,omitempty"` // who decided
	Why      string    `json:"why,omitempty"`
	Decided  time.Time `json:"decided,omitzero"`
	Waited   float64   `json:"waited,omitempty"` // seconds for the decision
	Verdict  Verdict   `json:"verdict"`
	// Surprise reports that something happened that was not expected, and Surprises what.
	Surprise  bool       `json:"surprise"`
	Surprises []Surprise `json:"surprises,omitempty"`
}

// A Surprise is something that was not expected of an experiment.
type Surprise struct {
	Code SurpriseCode `json:"code"`
	Text string       `json:"text"`
}

// A SurpriseCode is a kind of surprise, for programs.
type SurpriseCode string

// The kinds of surprises.
const (
	OtherVerdict     SurpriseCode = "other_verdict"     // held where refuted was expected, or the other way round
	NoAnswer         SurpriseCode = "no_answer"         // inconclusive or invalid
	GuardrailTripped SurpriseCode = "guardrail_tripped" // whatever verdict was expected: the fault was removed early
	InvariantBroken  SurpriseCode = "invariant_broken"  // whatever verdict was expected
)

// A FollowUp is something that is left to do after a game day.
type FollowUp struct {
	Of         FollowUpKind `json:"of"`
	Experiment string       `json:"experiment,omitempty"` // its id; absent where a note is about none
	Owner      string       `json:"owner,omitempty"`      // of the experiment
	Author     string       `json:"author,omitempty"`     // of the note
	At         time.Time    `json:"at,omitzero"`          // of the note
	Text       string       `json:"text"`
}

// A FollowUpKind says where a follow-up comes from.
type FollowUpKind string

// Where follow-ups come from.
const (
	OfSurprise FollowUpKind = "surprise"
	OfNote     FollowUpKind = "note"
)

// Of is what the game day says of an experiment, by its id; nil where there is none, or it
// says nothing.
func (g *GameDay) Of(experiment string) *GameDayItem {
	if g == nil {
		return nil
	}
	i := slices.IndexFunc(g.Items, func(item GameDayItem) bool { return item.Experiment == experiment })
	if i < 0 {
		return nil
	}
	return &g.Items[i]
}

// Surprising counts the experiments of which something was not expected.
func (g *GameDay) Surprising() (n int) {
	for _, item := range g.Items {
		if item.Surprise {
			n++
		}
	}
	return n
}

// gameDay is what came of the game day; nil where the run is of none.
func (f *fold) gameDay(r *Result) *GameDay {
	if f.plan.GameDay == nil {
		return nil
	}
	g := &GameDay{Name: f.plan.GameDay.Name, Items: []GameDayItem{}}
	for _, planned := range f.plan.GameDay.Items {
		i := slices.IndexFunc(f.runs, func(run *experimentRun) bool { return run.plan.ID == planned.Experiment })
		if i < 0 { // which no run has recorded
			continue
		}
		item := newGameDayItem(planned, f.runs[i])
		item.Verdict = r.Experiments[i].Verdict
		item.Surprises = surprises(item.Expect, &r.Experiments[i])
		item.Surprise = len(item.Surprises) > 0
		g.Items = append(g.Items, item)
		for _, s := range item.Surprises {
			g.FollowUps = append(g.FollowUps, FollowUp{Of: OfSurprise, Experiment: item.Experiment, Owner: item.Owner, Text: s.Text})
		}
	}
	for _, n := range r.Run.Notes {
		if n.FollowUp {
			g.FollowUps = append(g.FollowUps, FollowUp{Of: OfNote, Experiment: n.Experiment, Owner: f.plan.GameDay.Of(n.Experiment).Owner, Author: n.Author, At: n.At, Text: n.Text})
		}
	}
	return g
}

// newGameDayItem is what was planned and decided.
func newGameDayItem(planned plan.GameDayItem, run *experimentRun) GameDayItem {
	item := GameDayItem{Experiment: planned.Experiment, Owner: planned.Owner, Question: planned.Question, Expect: cmp.Or(Verdict(planned.Expect), Held)}
	if d := run.decided; d != nil {
		item.Decision, item.By, item.Why, item.Decided = string(d.Decision), d.Author, d.Reason, d.At
		if run.waiting != nil {
			item.Waited = seconds(max(0, d.Since-run.waiting.Since))
		}
	}
	return item
}

// surprises are what was not expected of an experiment. What was not run surprises nobody:
// people have decided so, or the run says why. A guardrail that trips and an invariant that
// breaks are surprises also where the experiment was expected to be refuted: nobody plans
// harm beyond a guardrail, or wrong data.
func surprises(expect Verdict, e *Experiment) (list []Surprise) {
	switch e.Verdict {
	case NotRun, expect:
	case Held, Refuted:
		list = append(list, Surprise{OtherVerdict, fmt.Sprintf("it was expected to be %s and is %s", expect, e.Verdict)})
	default:
		list = append(list, Surprise{NoAnswer, fmt.Sprintf("it was expected to be %s and is %s", expect, e.Verdict)})
	}
	if e.Guardrail != nil && e.Guardrail.Tripped {
		list = append(list, Surprise{GuardrailTripped, "a guardrail removed the fault early: " + e.Guardrail.Detail})
	}
	if !e.Judged() {
		return list
	}
	for _, c := range e.Criteria {
		if c.Kind == InvariantCriterion && c.Verdict == Refuted {
			list = append(list, Surprise{InvariantBroken, "an invariant broke: " + c.Detail})
		}
	}
	return list
}

// skipped is why people did not let an experiment of a game day run; nil where they did, or
// were not asked.
func (f *fold) skipped(r *experimentRun) *reason {
	decided := func(what string, d *journal.Event) *reason {
		if d.Author != "" {
			what += " by " + d.Author
		}
		if d.Reason != "" {
			what += ": " + d.Reason
		}
		return &reason{ReasonSkipped, what}
	}
	switch d := r.decided; {
	case d != nil && d.Decision == journal.Skip:
		return decided("skipped", d)
	case f.dayEnded != nil:
		return decided("the game day was ended before it", f.dayEnded)
	}
	return nil
}
