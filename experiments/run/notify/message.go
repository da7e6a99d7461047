package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Schema is the name and version of a message's JSON form. Fields are only ever added.
const Schema = "blastgauge/notification/v1"

// testNotice is the notice of a message that only shows that it arrives.
const testNotice experiments.Notice = "test"

// A Message is one thing that receivers are told. Its JSON form is the body for a webhook
// and the data of a CloudEvent.
type Message struct {
	Schema      string             `json:"schema"`
	ID          string             `json:"id"` // the same where it is sent again
	Event       experiments.Notice `json:"event"`
	At          time.Time          `json:"at"`
	Since       float64            `json:"since"` // seconds since the run started
	Run         string             `json:"run"`
	System      string             `json:"system"`
	Environment string             `json:"environment"`
	Experiment  string             `json:"experiment,omitempty"`
	// Summary is one line of ours: it holds ids, numbers and words, and nothing that a system
	// under test has said. Facts may hold that.
	Summary string `json:"summary"`
	Facts   []Fact `json:"facts,omitempty"`

	Fault     *Fault     `json:"fault,omitempty"`
	Guardrail *Guardrail `json:"guardrail,omitempty"`
	Verdict   *Verdict   `json:"verdict,omitempty"`
	Stopped   *Stopped   `json:"stopped,omitempty"`
	Note      *Note      `json:"note,omitempty"`
	Ended     *Ended     `json:"ended,omitempty"`
}

// A Fact is more of a message, in words: one line, masked and harmless on a terminal.
type Fact struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// A Fault is one that is in force, or gone.
type Fault struct {
	Name    string `json:"name"`
	Text    string `json:"text"`              // latency 2s into payments
	Removed *bool  `json:"removed,omitempty"` // proven gone; absent where it is in force
}

// A Guardrail is one that tripped. Value and Limit are in its own unit.
type Guardrail struct {
	Kind  string  `json:"kind"`
	Value float64 `json:"value"`
	Limit float64 `json:"limit"`
}

// A Verdict is that of an experiment. BlastRadius is absent where it is not known, or cannot
// be trusted.
type Verdict struct {
	Verdict     result.Verdict      `json:"verdict"`
	Reasons     []result.ReasonCode `json:"reasons,omitempty"`
	BlastRadius *BlastRadius        `json:"blast_radius,omitempty"`
}

// A BlastRadius is the share of journeys that a fault harmed beyond the control.
type BlastRadius struct {
	Journey  string  `json:"journey"`
	Estimate float64 `json:"estimate"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Stopped is what stopped a run before its end.
type Stopped struct {
	Signal string `json:"signal,omitempty"`
	By     string `json:"by,omitempty"`
	Why    string `json:"why,omitempty"`
}

// A Note is what somebody noted while the run went on.
type Note struct {
	Author   string `json:"author"`
	Text     string `json:"text"`
	FollowUp bool   `json:"follow_up,omitempty"`
}

// Ended is how a run ended.
type Ended struct {
	ExitCode int                    `json:"exit_code"`
	Outcome  string                 `json:"outcome"`            // completed, interrupted or failed
	Verdicts map[result.Verdict]int `json:"verdicts,omitempty"` // how many experiments have each
}

// isAlert reports whether somebody has to act at once: a fault may still be in force.
func (m *Message) isAlert() bool {
	return m.Ended != nil && m.Ended.ExitCode == result.ExitNotRemoved
}

// Bounds of what a message says.
const (
	mostText  = 500 // bytes of a text
	mostFacts = 12
	mostNamed = 10 // things that are listed by name
)

// shown makes a text one harmless line without secrets, of a bounded length.
func (n *Notifier) shown(text string) string { return n.line(text, mostText) }

func (n *Notifier) line(text string, most int) string { return n.secrets.Plain(inert.Text(text), most) }

// fact adds a fact to a message, if there is something to say.
func (n *Notifier) fact(m *Message, name, text string) {
	most := mostText
	if m.Note != nil { // people wrote it to be read
		most = journal.MostNote
	}
	if text = n.line(text, most); text != "" && len(m.Facts) < mostFacts {
		m.Facts = append(m.Facts, Fact{name, text})
	}
}

// ofEvent is what an event of the journal tells others; nil: nothing.
func (n *Notifier) ofEvent(e journal.Event) *Message {
	switch e.Kind {
	case journal.RunStarted:
		return n.ofStart()
	case journal.FaultInjected:
		return n.ofFault(e, experiments.NoticeFault)
	case journal.FaultRemoved:
		return n.ofFault(e, experiments.NoticeRemoved)
	case journal.GuardrailTripped:
		m := &Message{Event: experiments.NoticeGuardrail, Experiment: e.Experiment, Guardrail: &Guardrail{n.shown(e.Guardrail), e.Value, e.Limit}}
		m.Summary = fmt.Sprintf("%s: a guardrail tripped (%s): the fault is removed", n.shown(e.Experiment), m.Guardrail.Kind)
		n.fact(m, "Guardrail", e.Detail)
		return m
	case journal.Interrupted:
		return n.ofInterrupt(e)
	case journal.Noted:
		return n.ofNote(e)
	case journal.Waiting:
		return n.ofWait(e)
	case journal.SuiteStopped:
		return n.ofStop(Stopped{Why: n.shown(e.Detail)})
	case journal.Fenced:
		return n.ofStop(Stopped{By: "another process", Why: n.shown(e.Detail)})
	}
	return nil
}

// ofStart tells that the run started.
func (n *Notifier) ofStart() *Message {
	m := &Message{Event: experiments.NoticeStarted}
	if n.plan.Scan != nil {
		m.Summary = "scan started, at most " + figures.Span(n.plan.Scan.Budget)
		return m
	}
	m.Summary = fmt.Sprintf("run started: %s, about %s", figures.Plural(len(n.plan.Experiments), "experiment", "experiments"), figures.Span(n.plan.Duration()))
	for i, e := range n.plan.Experiments {
		if i == mostNamed {
			n.fact(m, "More", figures.Count(len(n.plan.Experiments)-i))
			break
		}
		n.fact(m, e.ID, e.Title)
	}
	return m
}

// ofFault tells that a fault is in force, or gone.
func (n *Notifier) ofFault(e journal.Event, notice experiments.Notice) *Message {
	m := &Message{Event: notice, Experiment: e.Experiment, Fault: &Fault{Name: n.shown(e.Fault), Text: n.shown(n.faults[e.Fault])}}
	what := "fault injected, read back"
	switch {
	case notice == experiments.NoticeFault:
	case e.Verified:
		what, m.Fault.Removed = "fault removed, read back as gone", &e.Verified
	default:
		what, m.Fault.Removed = "FAULT NOT REMOVED", &e.Verified
	}
	m.Summary = what
	if e.Experiment != "" {
		m.Summary = n.shown(e.Experiment) + ": " + what
	}
	n.fact(m, "Fault", n.faults[e.Fault])
	if notice == experiments.NoticeRemoved && !e.Verified {
		n.fact(m, "Error", e.Error)
	}
	return m
}

// ofInterrupt tells that somebody stops the run. A signal stands only for somebody who sent
// one.
func (n *Notifier) ofInterrupt(e journal.Event) *Message {
	s := Stopped{By: n.shown(e.Author), Why: n.shown(e.Reason)}
	if s.By == "" {
		s.Signal = n.shown(e.Detail)
	}
	return n.ofStop(s)
}

// ofNote tells what somebody noted.
func (n *Notifier) ofNote(e journal.Event) *Message {
	m := &Message{Event: experiments.NoticeNote, Experiment: n.underWay, Summary: "a note", Note: &Note{n.shown(e.Author), n.line(e.Detail, journal.MostNote), e.FollowUp}}
	if e.FollowUp {
		m.Summary = "a note to follow up"
	}
	n.fact(m, "By", e.Author)
	n.fact(m, "Note", e.Detail)
	return m
}

// ofWait tells that a game day waits for a decision, with what people wanted to know.
func (n *Notifier) ofWait(e journal.Event) *Message {
	item := n.plan.GameDay.Of(e.Experiment)
	m := &Message{Event: experiments.NoticeWaiting, Experiment: e.Experiment, Summary: n.shown(e.Experiment) + ": the game day waits for a decision whether it is run"}
	n.fact(m, "Question", item.Question)
	n.fact(m, "Owner", item.Owner)
	n.fact(m, "Expected", string(item.Expect))
	return m
}

// ofStop tells that something ends the run before its time.
func (n *Notifier) ofStop(s Stopped) *Message {
	m := &Message{Event: experiments.NoticeStopped, Stopped: &s, Summary: "the run is being stopped: its faults are removed"}
	n.fact(m, "By", cmp.Or(s.By, signalled(s.Signal)))
	n.fact(m, "Why", s.Why)
	return m
}

// signalled says that a signal stopped the run.
func signalled(signal string) string {
	if signal == "" {
		return ""
	}
	return "signal " + signal
}

// ofVerdict tells the verdict of an experiment.
func (n *Notifier) ofVerdict(e *result.Experiment) *Message {
	m := &Message{Event: experiments.NoticeVerdict, Experiment: e.ID, Verdict: &Verdict{Verdict: e.Verdict, Reasons: e.ReasonCodes}}
	m.Summary = n.shown(e.ID) + ": " + verdictWord(e.Verdict)
	if b := e.BlastRadius; b != nil && e.Void == nil {
		m.Verdict.BlastRadius = &BlastRadius{b.Journey, b.Estimate, b.Low, b.High}
	}
	if e.Title != e.ID {
		n.fact(m, "Experiment", e.Title)
	}
	if len(e.Reasons) > 0 {
		n.fact(m, "Why", e.Reasons[0])
	}
	for _, c := range e.Criteria {
		measured := strings.TrimSuffix(c.Measured+", limit "+c.Limit, ", limit ")
		switch headline := m.Verdict.BlastRadius; {
		case e.Void != nil:
		case c.Measured != "" && headline != nil && c.Kind == result.JourneyCriterion && c.Subject == headline.Journey:
			m.Summary += ", " + n.shown(c.Name+" "+measured)
		case c.Verdict != result.Refuted:
		case c.Measured != "":
			n.fact(m, n.shown(figures.Capital(c.Name)), measured)
		case len(e.Reasons) == 0 || c.Detail != e.Reasons[0]: // which is told already
			n.fact(m, n.shown(figures.Capital(c.Name)), c.Detail)
		}
	}
	n.fact(m, "Hypothesis", e.Hypothesis)
	if e.Verdict == result.Refuted {
		n.fact(m, "What to do", e.IfRefuted)
	}
	return m
}

// verdictWord is a verdict as people read it: "not run".
func verdictWord(v result.Verdict) string { return strings.ReplaceAll(string(v), "_", " ") }

// ofResult tells how the run ended.
func (n *Notifier) ofResult(r *result.Result) *Message {
	code := r.Run.ExitCode
	m := &Message{Event: experiments.NoticeEnded, Ended: &Ended{ExitCode: code, Outcome: r.Run.Outcome}}
	what := "run ended"
	if r.Scan != nil {
		what = "scan ended"
	}
	m.Summary = fmt.Sprintf("%s: exit %d, %s", what, code, r.ExitMeaning())
	for _, e := range r.Experiments {
		if m.Ended.Verdicts == nil {
			m.Ended.Verdicts = map[result.Verdict]int{}
		}
		m.Ended.Verdicts[e.Verdict]++
	}
	if m.isAlert() {
		n.factsOfLeft(m, r)
	}
	for _, v := range []result.Verdict{result.Refuted, result.Invalid, result.Inconclusive, result.Held, result.NotRun} {
		var ids []string
		for _, e := range r.Experiments {
			if e.Verdict == v {
				ids = append(ids, e.ID)
			}
		}
		if more := len(ids) - mostNamed; more > 0 {
			ids = append(slices.Clone(ids[:mostNamed]), figures.Count(more)+" more")
		}
		n.fact(m, figures.Capital(verdictWord(v)), strings.Join(ids, ", "))
	}
	if all := r.Experiments; len(all) > 0 && m.Ended.Verdicts[result.NotRun] == len(all) && len(all[0].Reasons) > 0 {
		n.fact(m, "Why", all[0].Reasons[0]) // no verdict has told it
	}
	n.fact(m, "Error", r.Run.Error)
	return m
}

// factsOfLeft adds which faults may be left, and what removes them.
func (n *Notifier) factsOfLeft(m *Message, r *result.Result) {
	left := 0
	name := func(what string) {
		if left++; left <= 3 {
			n.fact(m, "Fault that may be left", what)
		}
	}
	for _, e := range r.Experiments {
		for _, f := range e.Faults {
			if f.Intended && !f.RemovalVerified {
				name(cmp.Or(n.faults[f.Name], f.Name))
			}
		}
	}
	for _, f := range r.ScanFaults {
		if !f.RemovalVerified {
			name(cmp.Or(n.faults[f.Name], f.Name))
		}
	}
	n.fact(m, "What to do", "run `blastgauge recover` where the run was started; it says which commands remove a fault by hand")
}
