package result

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// newDayStory is a story of a game day: the experiment of newStory, and one after it that is
// not run.
func newDayStory(expect experiments.Expected) *story {
	s := newStory()
	second := s.plan.Experiments[0]
	second.ID, second.Faults = "carts-refuse", slices.Clone(second.Faults)
	second.Faults[0].Name = "blastgauge.r.2"
	s.plan.Experiments = append(s.plan.Experiments, second)
	s.plan.GameDay = &plan.GameDay{Name: "november", Items: []plan.GameDayItem{
		{Experiment: "payments-slow", Owner: "ann", Expect: expect, Question: "Does it hold?"},
		{Experiment: "carts-refuse", Owner: "bob", Expect: experiments.ExpectRefuted},
	}}
	return s
}

// decide adds what was decided about the second experiment, before the end of the journal.
func (s *story) decide(e journal.Event) {
	if s.events == nil {
		s.writeJournal()
	}
	end := s.events[len(s.events)-1]
	s.events = s.events[:len(s.events)-1]
	for _, event := range []journal.Event{{Kind: journal.Waiting}, e} {
		s.at(endAt, event)
		s.events[len(s.events)-1].Experiment = "carts-refuse"
	}
	end.Seq = len(s.events) + 1
	s.events = append(s.events, end)
}

// insertAt adds an event where it belongs by its time, in seconds since the start.
func (s *story) insertAt(second float64, e journal.Event) {
	e.Since = time.Duration(second * float64(time.Second))
	s.insert(e)
}

func surpriseCodes(i GameDayItem) (codes []SurpriseCode) {
	for _, s := range i.Surprises {
		codes = append(codes, s.Code)
	}
	return codes
}

func TestWhatSurprises(t *testing.T) {
	t.Parallel()
	breaks := func(s *story) {
		for i := range s.plan.Experiments {
			s.plan.Experiments[i].Invariants = []experiments.Invariant{{Name: "charged once"}}
		}
		s.writeJournal()
		for at, check := range map[float64]journal.CheckResult{
			faultAt - 1: {Invariant: "charged once", Holds: true},
			endAt:       {Invariant: "charged once", Violations: 3, Detail: "$.count is 3, expected 0"},
		} {
			phase := journal.Baseline
			if at == endAt {
				phase = journal.Recovery
			}
			s.insertAt(at, journal.Event{Kind: journal.InvariantChecked, Phase: phase, Check: &check})
		}
	}
	trips := func(s *story) {
		s.writeJournal()
		s.insertAt(faultAt+10, journal.Event{Kind: journal.GuardrailTripped, Guardrail: "blast_radius", Detail: "blast radius of checkout beyond 40%", Value: 0.5, Limit: 0.4})
		s.edit(journal.FaultRemoved, func(e *journal.Event) {
			e.Since = (faultAt + 10) * time.Second
			e.Began, e.At = e.Since, epoch.Add(e.Since)
		})
	}
	for name, c := range map[string]struct {
		expect  experiments.Expected
		harm    float64
		change  func(*story)
		verdict Verdict
		codes   []SurpriseCode
	}{
		"as expected: held":      {experiments.ExpectHeld, 0, nil, Held, nil},
		"as expected: refuted":   {experiments.ExpectRefuted, 0.5, nil, Refuted, nil},
		"refuted":                {experiments.ExpectHeld, 0.5, nil, Refuted, []SurpriseCode{OtherVerdict}},
		"held":                   {experiments.ExpectRefuted, 0, nil, Held, []SurpriseCode{OtherVerdict}},
		"nothing expected: held": {"", 0, nil, Held, nil},
		"no answer": {experiments.ExpectHeld, 0, func(s *story) {
			s.edit(journal.FaultRemoved, func(e *journal.Event) { e.Evidence = &journal.Evidence{Present: true, Counted: true} })
		}, Invalid, []SurpriseCode{NoAnswer}},
		"an invariant":           {experiments.ExpectHeld, 0, breaks, Refuted, []SurpriseCode{OtherVerdict, InvariantBroken}},
		"an invariant, expected": {experiments.ExpectRefuted, 0, breaks, Refuted, []SurpriseCode{InvariantBroken}},
		"a guardrail, expected":  {experiments.ExpectRefuted, 0.5, trips, Refuted, []SurpriseCode{GuardrailTripped}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDayStory(c.expect)
			s.harm = duringFault(c.harm)
			if c.change != nil {
				c.change(s)
			}
			s.decide(journal.Event{Kind: journal.Decided, Decision: journal.Skip, Author: "bob"})
			r := s.fold(t)
			item := r.GameDay.Items[0]
			if item.Verdict != c.verdict || item.Verdict != r.Experiments[0].Verdict {
				t.Fatalf("verdict %s, want %s: %q", item.Verdict, c.verdict, r.Experiments[0].Reasons)
			}
			if got := surpriseCodes(item); !slices.Equal(got, c.codes) || item.Surprise != (len(c.codes) > 0) {
				t.Errorf("surprises %q (%v), want %q", got, item.Surprise, c.codes)
			}
			if second := r.GameDay.Items[1]; second.Surprise || second.Verdict != NotRun {
				t.Errorf("what was skipped is %+v, and surprises nobody", second)
			}
			if err := r.check(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Of an invalid experiment no criterion is judged: nothing broke as far as anybody knows.
func TestAnInvalidExperimentOnlyHasNoAnswer(t *testing.T) {
	t.Parallel()
	e := &Experiment{Verdict: Invalid, Criteria: []Criterion{{Kind: InvariantCriterion, Subject: "charged once", Verdict: Refuted, Detail: "3 more"}}}
	for verdict, want := range map[Verdict][]SurpriseCode{Invalid: {NoAnswer}, NotRun: nil, Refuted: {OtherVerdict, InvariantBroken}} {
		e.Verdict = verdict
		if got := surpriseCodes(GameDayItem{Surprises: surprises(Held, e)}); !slices.Equal(got, want) {
			t.Errorf("%s: surprises %q, want %q", verdict, got, want)
		}
	}
}

func TestWhatPeopleDecided(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		decided  journal.Event
		code     ReasonCode
		says     string
		decision string
	}{
		"skipped": {journal.Event{Kind: journal.Decided, Decision: journal.Skip, Author: "bob", Reason: "no time"}, ReasonSkipped, "skipped by bob: no time", "skip"},
		"ended":   {journal.Event{Kind: journal.Decided, Decision: journal.End, Author: "bob"}, ReasonSkipped, "the game day was ended before it by bob", "end"},
		"let run": {journal.Event{Kind: journal.Decided, Decision: journal.Continue, Author: "bob"}, ReasonRunEnded, "the run ended before it", "continue"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDayStory(experiments.ExpectHeld)
			s.decide(c.decided)
			r := s.fold(t)
			e, item := r.Experiments[1], r.GameDay.Items[1]
			if e.Verdict != NotRun || !e.HasReason(c.code) || e.Reasons[0] != c.says {
				t.Errorf("%s because of %q %q", e.Verdict, e.ReasonCodes, e.Reasons)
			}
			if item.Decision != c.decision || item.By != "bob" || item.Why != c.decided.Reason || item.Decided.IsZero() {
				t.Errorf("item %+v", item)
			}
			if r.Run.Outcome != Completed || r.Run.ExitCode != ExitInvalid {
				t.Errorf("outcome %s, exit code %d: a run that people end early has ended as it should", r.Run.Outcome, r.Run.ExitCode)
			}
		})
	}
}

// Follow-ups are the surprises, with their owner, and the notes that ask for it.
func TestFollowUps(t *testing.T) {
	t.Parallel()
	s := newDayStory(experiments.ExpectHeld)
	s.harm = duringFault(0.5)
	s.writeJournal()
	for _, e := range []journal.Event{{Detail: "everybody is here"}, {Detail: "nobody was paged", FollowUp: true}} {
		e.Kind, e.Author = journal.Noted, "eve"
		s.insertAt(faultAt+1, e)
	}
	r := s.fold(t)
	list := r.GameDay.FollowUps
	if len(list) != 2 || list[0].Of != OfSurprise || list[0].Owner != "ann" || list[1].Of != OfNote || list[1].Author != "eve" || list[1].Text != "nobody was paged" || list[1].Experiment != "payments-slow" || list[1].Owner != "ann" {
		t.Errorf("follow-ups %+v", list)
	}
	if r.GameDay.Surprising() != 1 {
		t.Errorf("%d surprised", r.GameDay.Surprising())
	}
}

// What no game day is ends the report, or is left out of it.
func TestWildGameDays(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*plan.GameDay){
		"name":        func(g *plan.GameDay) { g.Name = "<b>" },
		"experiment":  func(g *plan.GameDay) { g.Items[0].Experiment = "../x" },
		"expectation": func(g *plan.GameDay) { g.Items[0].Expect = "perhaps" },
		"many":        func(g *plan.GameDay) { g.Items = slices.Repeat(g.Items, 5000) },
	} {
		s := newDayStory(experiments.ExpectHeld)
		spoil(s.plan.GameDay)
		s.writeJournal()
		if _, _, err := foldText(s.lines(t), nil, nil); err == nil {
			t.Errorf("%s: it is folded", name)
		}
	}
	s := newDayStory(experiments.ExpectHeld)
	s.plan.GameDay.Items = append(s.plan.GameDay.Items, plan.GameDayItem{Experiment: "nowhere"})
	s.decide(journal.Event{Kind: journal.Decided, Decision: journal.Skip})
	s.decide(journal.Event{Kind: journal.Decided, Decision: journal.End})
	if r := s.fold(t); len(r.GameDay.Items) != 2 || r.GameDay.Items[1].Decision != "skip" {
		t.Errorf("items %+v, want those that there are, and the first decision", r.GameDay.Items)
	}
	s = newDayStory(experiments.ExpectHeld)
	s.decide(journal.Event{Kind: journal.Decided, Decision: "perhaps"})
	if r, _, err := foldText(s.lines(t), nil, nil); err != nil || len(r.Warnings) == 0 || !strings.Contains(r.Warnings[0], "decision") {
		t.Errorf("an unknown decision: %v, %+v", err, r)
	}
	for name, spoil := range map[string]func(*GameDay){
		"name":       func(g *GameDay) { g.Name = "a b" },
		"expect":     func(g *GameDay) { g.Items[0].Expect = Invalid },
		"decision":   func(g *GameDay) { g.Items[0].Decision = "perhaps" },
		"waited":     func(g *GameDay) { g.Items[0].Waited = 1e300 },
		"experiment": func(g *GameDay) { g.Items[0].Experiment = "\x1b" },
		"follow-up":  func(g *GameDay) { g.FollowUps = []FollowUp{{Experiment: "@here"}} },
		"surprise":   func(g *GameDay) { g.Items[0].Surprises = []Surprise{{Code: "A B"}} },
	} {
		r := newDayStory(experiments.ExpectHeld).fold(t)
		spoil(r.GameDay)
		if r.check() == nil {
			t.Errorf("%s: it is a result", name)
		}
	}
}
