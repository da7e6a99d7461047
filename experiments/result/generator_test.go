package result

import (
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// sentBy lets another program send the journeys of a story. Without a change, all came.
func sentBy(s *story, change func(*journal.TrafficAudit)) {
	s.plan.System.Traffic = &experiments.Traffic{Command: []string{"locust", "-f", "a b", "http://joe:hunter2@shop.test"}}
	a := &journal.TrafficAudit{Lines: 2000}
	for phase, planned := range map[journal.Phase]int{journal.Baseline: 250, journal.Fault: 500, journal.Recovery: 250} {
		for _, arm := range []string{"fault", "control"} {
			a.Journeys = append(a.Journeys, journal.TrafficCount{Journey: "checkout", Arm: arm, Phase: phase, Planned: planned, Seen: planned})
		}
	}
	slices.SortFunc(a.Journeys, func(x, y journal.TrafficCount) int {
		return strings.Compare(string(x.Phase)+x.Arm, string(y.Phase)+y.Arm)
	})
	if change != nil {
		change(a)
	}
	end := len(s.events) - 2
	audited := s.events[end]
	audited.Kind, audited.Audit = journal.TrafficAudited, a
	s.events = slices.Insert(s.events, end, audited)
	for i := range s.events {
		s.events[i].Seq = i + 1
	}
}

// seen changes how many journeys of the fault arm came in a phase.
func seen(phase journal.Phase, n int) func(*journal.TrafficAudit) {
	return func(a *journal.TrafficAudit) {
		for i := range a.Journeys {
			if c := &a.Journeys[i]; c.Phase == phase && c.Arm == "fault" {
				c.Seen = n
			}
		}
	}
}

// linesOf changes an audit further: some line was of so many journeys.
func linesOf(change func(*journal.TrafficAudit), n int) func(*journal.TrafficAudit) {
	return func(a *journal.TrafficAudit) {
		change(a)
		for i := range a.Journeys {
			a.Journeys[i].Together = n
		}
	}
}

// Journeys that did not come, came twice or cannot be read leave no verdict, whatever those
// show that came: also of a few, where the limit is low.
func TestAProgramThatDoesNotSendAllHasNoVerdict(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*journal.TrafficAudit)
		limit  float64
		code   ReasonCode // empty: the experiment is held
		says   []string
	}{
		"all came":                         {nil, 0.05, "", nil},
		"a few are missing":                {seen(journal.Fault, 489), 0.05, "", nil},
		"too many are missing":             {seen(journal.Fault, 487), 0.05, ReasonTrafficIncomplete, []string{"checkout", "fault arm", "fault phase", "487", "500", "98%"}},
		"too many for a low limit":         {seen(journal.Fault, 494), 0.006, ReasonTrafficIncomplete, []string{"494", "99.7%"}},
		"missing before the fault":         {seen(journal.Baseline, 200), 0.05, ReasonTrafficIncomplete, []string{"200", "250", "baseline"}},
		"missing after the fault":          {seen(journal.Recovery, 0), 0.05, ReasonTrafficIncomplete, []string{"250", "recovery", "0 came"}},
		"each came twice":                  {seen(journal.Fault, 1000), 0.05, ReasonTrafficExcess, []string{"1,000", "500"}},
		"a little more":                    {seen(journal.Fault, 511), 0.05, "", nil},
		"lines of many, at the edge":       {linesOf(seen(journal.Fault, 475), 24), 0.05, "", nil},
		"a line of all that is missing":    {linesOf(seen(journal.Fault, 400), 1_000_000), 0.05, ReasonTrafficIncomplete, []string{"400", "500", "fault phase"}},
		"a line of all that is too many":   {linesOf(seen(journal.Fault, 1000), 1_000_000), 0.05, ReasonTrafficExcess, []string{"1,000", "500"}},
		"a second behind":                  {func(a *journal.TrafficAudit) { a.Journeys[2].Behind = 25 }, 0.05, "", nil},
		"more than the limit beyond":       {seen(journal.Fault, 513), 0.05, ReasonTrafficExcess, []string{"513", "500"}},
		"more than a low limit beyond":     {seen(journal.Fault, 506), 0.006, ReasonTrafficExcess, []string{"506", "500"}},
		"longer behind than they may take": {func(a *journal.TrafficAudit) { a.Journeys[2].Behind = 40 }, 0.05, ReasonTrafficIncomplete, []string{"40", "fault phase", "waited"}},
		"seconds behind":                   {func(a *journal.TrafficAudit) { a.Journeys[2].Behind = 90 }, 0.05, ReasonTrafficIncomplete, []string{"90", "fault phase", "waited"}},
		"one line cannot be read": {func(a *journal.TrafficAudit) {
			a.Bad = []journal.BadLines{{Kind: "malformed", Count: 1, First: []string{"no JSON: oops"}}}
		}, 0.05, ReasonTrafficIncomplete, []string{"1 line", "malformed", "oops"}},
		"it died, all the same": {func(a *journal.TrafficAudit) { a.Ended = "locust ended before it was told to stop (exit status 3)" }, 0.05, ReasonTrafficIncomplete, []string{"exit status 3"}},
		"a journey that nobody plans": {func(a *journal.TrafficAudit) {
			a.Journeys = append(a.Journeys, journal.TrafficCount{Journey: "x", Planned: 9})
		}, 0.05, "", nil},
	} {
		s := newStory()
		s.rate = 500 // so that it would hold
		s.plan.Experiments[0].Journeys[0].Limit = tt.limit
		s.writeJournal()
		sentBy(s, tt.change)
		s.send()
		e := &s.fold(t).Experiments[0]
		if tt.code == "" {
			if e.Verdict != Held {
				t.Errorf("%s: %s: %v, want held", name, e.Verdict, e.Reasons)
			}
			continue
		}
		if e.Verdict != Invalid || e.ReasonCodes[0] != tt.code {
			t.Errorf("%s: %s for %v, want invalid for %s", name, e.Verdict, e.ReasonCodes, tt.code)
			continue
		}
		for _, want := range tt.says {
			if !strings.Contains(e.Reasons[0], want) {
				t.Errorf("%s: %q does not say %q", name, e.Reasons[0], want)
			}
		}
		if e.Generator == nil || e.Generator.Command != `locust -f "a b" http://***********@shop.test` {
			t.Errorf("%s: sent by %+v", name, e.Generator)
		}
	}
}

// A journal that does not say what came of the journeys proves nothing.
func TestWithoutAnAuditThereIsNoVerdict(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.rate = 500
	s.plan.System.Traffic = &experiments.Traffic{Command: []string{"locust"}}
	s.writeJournal()
	s.send()
	if e := &s.fold(t).Experiments[0]; e.Verdict != Invalid || e.ReasonCodes[0] != ReasonTrafficIncomplete {
		t.Errorf("%s for %v", e.Verdict, e.ReasonCodes)
	}
}

// A program that died before the fault is the reason that there was none.
func TestAProgramThatDiedBeforeTheFault(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.writeJournal()
	s.events = slices.DeleteFunc(s.events, func(e journal.Event) bool {
		return e.Fault != "" || e.Phase == journal.Fault || e.Phase == journal.Recovery
	})
	sentBy(s, func(a *journal.TrafficAudit) { a.Ended = "it died" })
	s.send()
	if e := &s.fold(t).Experiments[0]; e.Verdict != Invalid || e.ReasonCodes[0] != ReasonTrafficIncomplete || !strings.Contains(e.Reasons[0], "it died") {
		t.Errorf("%s for %v", e.Verdict, e.Reasons)
	}
}

// Of an experiment that was interrupted, the journeys in flight are not known, which is
// nobody's fault; what its fault had shown until then counts.
func TestAnInterruptedProgramIsNoReason(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.8)
	s.interruptAt(faultAt + 10)
	sentBy(s, func(a *journal.TrafficAudit) {
		a.Journeys = slices.DeleteFunc(a.Journeys, func(c journal.TrafficCount) bool { return c.Phase == journal.Recovery })
		seen(journal.Fault, 300)(a)
	})
	if e := &s.fold(t).Experiments[0]; e.Verdict != Refuted || e.HasReason(ReasonTrafficIncomplete) {
		t.Errorf("%s for %v", e.Verdict, e.Reasons)
	}
}

// What a journal from elsewhere says is bounded.
func TestAHostileAudit(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.writeJournal()
	sentBy(s, func(a *journal.TrafficAudit) {
		long := strings.Repeat("x", 1<<20)
		a.Ended = long
		for range 5000 {
			a.Bad = append(a.Bad, journal.BadLines{Kind: "late", Count: 1, First: []string{long, long, long, long}})
			a.Journeys = append(a.Journeys, journal.TrafficCount{Journey: "checkout", Arm: "fault", Phase: journal.Fault, Planned: 100})
			a.Journeys = append(a.Journeys, journal.TrafficCount{Journey: long, Arm: long, Phase: journal.Phase(long), Planned: 100})
		}
	})
	s.send()
	e := &s.fold(t).Experiments[0]
	if len(e.Reasons) > 100 || len(strings.Join(e.Reasons, "")) > 1<<17 || len(e.Generator.Bad) > journal.MaxBadKinds || len(e.Generator.Journeys) > mostCounts {
		t.Errorf("%d reasons, %d kinds, %d counts", len(e.Reasons), len(e.Generator.Bad), len(e.Generator.Journeys))
	}
	r := &Result{Schema: Schema, Run: Run{ID: "r"}, System: System{Name: "shop"}, Experiments: []Experiment{*e}}
	if err := r.check(); err != nil {
		t.Errorf("what was folded is refused: %v", err)
	}
	for _, change := range []func(*Generator){
		func(g *Generator) { g.Lines = -1 }, func(g *Generator) { g.Journeys[0].Seen = -1 }, func(g *Generator) { g.Journeys[0].Arm = "third" },
		func(g *Generator) { g.Journeys[0].Phase = "lunch" }, func(g *Generator) { g.Bad[0].Count = -1 }, func(g *Generator) { g.Journeys[0].Journey = "<b>" },
	} {
		g := *e.Generator
		g.Journeys, g.Bad = slices.Clone(g.Journeys[:1]), slices.Clone(g.Bad[:1])
		change(&g)
		r.Experiments[0].Generator = &g
		if r.check() == nil {
			t.Errorf("%+v is read", g)
		}
	}
}
