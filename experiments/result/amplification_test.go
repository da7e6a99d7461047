package result

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// counted adds samples to a story whose proxy counts: so many calls per journey of the
// fault arm before the fault, and so many under it.
func counted(s *story, before, during float64) {
	s.plan.System.Dependencies = []experiments.Dependency{{Name: "payments", Upstream: "http://127.0.0.1:1"}}
	s.writeJournal()
	calls := int64(7) // of another client, long ago
	s.at(baselineAt, journal.Event{Kind: journal.Sampled, Detail: journal.BeforeBaseline, Traffic: carried(calls)})
	calls += int64(before * s.rate * (faultAt - baselineAt))
	s.at(faultAt, journal.Event{Kind: journal.Sampled, Detail: journal.BeforeFault, Traffic: carried(calls)})
	calls += int64(during * s.rate * (removedAt - faultAt))
	s.at(removedAt, journal.Event{Kind: journal.Sampled, Detail: journal.AfterFault, Traffic: carried(calls)})
}

func carried(calls int64) []journal.Traffic {
	return []journal.Traffic{{Proxy: "payments", Connections: calls / 10, Calls: &calls}}
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(got >= want-within && got <= want+within) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestARetryStormIsAmplification(t *testing.T) {
	t.Parallel()
	s := newStory()
	counted(s, 0.75, 2.25)
	s.harm = duringFault(0.75)
	rows := s.fold(t).Experiments[0].Amplification
	if len(rows) != 1 || rows[0].Dependency != "payments" || rows[0].Unit != Calls || !rows[0].Storm {
		t.Fatalf("amplification = %+v, want a retry storm of payments", rows)
	}
	a := rows[0]
	near(t, "calls per journey under the fault", a.Fault, 2.25, 0.02)
	near(t, "calls per journey in the baseline", a.Baseline, 0.75, 0.02)
	near(t, "factor", a.Factor, 3, 0.05)
	if a.Low >= a.Factor || a.High <= a.Factor || a.Low < 2 {
		t.Errorf("bounds %v to %v", a.Low, a.High)
	}
}

func TestNoMoreCallsAreNoStorm(t *testing.T) {
	t.Parallel()
	s := newStory()
	counted(s, 1, 1.05)
	a := s.fold(t).Experiments[0].Amplification
	if len(a) != 1 || a[0].Storm {
		t.Errorf("amplification = %+v, want no storm", a)
	}
}

// Connections come and go for other reasons than retries.
func TestConnectionsAreNoStorm(t *testing.T) {
	t.Parallel()
	s := newStory()
	counted(s, 1, 9)
	s.edit(journal.Sampled, func(e *journal.Event) { e.Traffic[0].Calls = nil })
	a := s.fold(t).Experiments[0].Amplification
	if len(a) != 1 || a[0].Unit != Connections || a[0].Factor < 8 || a[0].Storm {
		t.Errorf("amplification = %+v, want nine times the connections and no storm", a)
	}
}

// A server that was restarted counts from zero.
func TestCountersThatFellAreIgnored(t *testing.T) {
	t.Parallel()
	s := newStory()
	counted(s, 1, 3)
	s.edit(journal.Sampled, func(e *journal.Event) {
		if e.Detail == journal.AfterFault {
			e.Traffic = carried(3)
		}
	})
	if a := s.fold(t).Experiments[0].Amplification; a != nil {
		t.Errorf("amplification = %+v, want none", a)
	}
}

// Where both arms pass the proxies, the calls of the control arm are not the fault's.
func TestTheOtherArmsCallsAreAsUsual(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.plan.Experiments[0].Tagged = true
	counted(s, 2, 1+3) // each arm calls once; under the fault the fault arm does three times
	a := s.fold(t).Experiments[0].Amplification
	if len(a) != 1 {
		t.Fatalf("amplification = %+v", a)
	}
	near(t, "calls per journey under the fault", a[0].Fault, 3, 0.05)
	near(t, "calls per journey in the baseline", a[0].Baseline, 1, 0.05)
}

// twoJourneys has one journey that needs payments at its second step, and one
// that never does.
func twoJourneys(s *story) {
	e := &s.plan.Experiments[0]
	e.Journeys[0].Steps[1].Needs = []string{"payments"}
	look := e.Journeys[0]
	look.Name, look.Steps = "look", []experiments.Step{{Name: "browse"}, {Name: "product"}}
	e.Journeys = append(e.Journeys, look)
	s.send()
	for _, o := range s.obs {
		o.Journey = 1
		s.obs = append(s.obs, o)
	}
}

func TestOnlyJourneysThatNeedADependencyCallIt(t *testing.T) {
	t.Parallel()
	s := newStory()
	twoJourneys(s)
	counted(s, 1, 3)
	a := s.fold(t).Experiments[0].Amplification
	if len(a) != 1 {
		t.Fatalf("amplification = %+v", a)
	}
	near(t, "calls per journey in the baseline", a[0].Baseline, 1, 0.02)
}

func TestHarmOfJourneysWithoutTheDependencyIsSpread(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.5)
	twoJourneys(s) // harmed at the second step: where checkout needs payments, and look does not
	rows := s.fold(t).Experiments[0].Spread
	if len(rows) != 2 || rows[0].Journey != "checkout" || rows[1].Journey != "look" {
		t.Fatalf("spread = %+v, want a row for each journey", rows)
	}
	if rows[0].Harmed != 0 || rows[0].Low > 0 || rows[0].Estimate != 0 {
		t.Errorf("spread of checkout = %+v, want none: it was harmed where it needs payments", rows[0])
	}
	near(t, "spread of look", rows[1].Estimate, 0.5, 0.06)
	if rows[1].Low <= 0.3 || rows[1].Harmed == 0 || rows[1].Journeys < 400 {
		t.Errorf("spread of look = %+v", rows[1])
	}
}

// Journeys that the load generator could not start are not harm of the system.
func TestShedJourneysDidNotSpread(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm, s.shed = duringFault(0.5), true
	twoJourneys(s)
	for _, row := range s.fold(t).Experiments[0].Spread {
		if row.Harmed != 0 {
			t.Errorf("spread = %+v, want none", row)
		}
	}
}

func TestSpreadIsUnknownWhereNeedsAre(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.5)
	s.plan.Experiments[0].Faults = append([]plan.Fault{}, s.plan.Experiments[0].Faults...)
	if rows := s.fold(t).Experiments[0].Spread; rows != nil {
		t.Errorf("spread = %+v, although no step says what it needs", rows)
	}
}
