package progress

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// scanFault is a fault of a scan.
func scanFault(into string, mode plan.FailureMode) plan.Fault {
	f := plan.Fault{Name: "blastgauge.x." + into, Proxy: into, Mode: mode}
	f.Fault = experiments.Fault{Inject: "timeout", Into: into}
	return f
}

func scanPlan() *plan.Plan {
	journeys := []plan.Journey{{Journey: experiments.Journey{Name: "checkout", SlowAfter: time.Second}}, {Journey: experiments.Journey{Name: "browse", SlowAfter: time.Second}}}
	return &plan.Plan{
		Scan:        &plan.Scan{Budget: 5 * time.Minute, Dependencies: []string{"payments", "mail", "reviews"}},
		Experiments: []plan.Experiment{{ID: plan.ScanID, Journeys: journeys, Control: plan.Concurrent, Faults: []plan.Fault{scanFault("payments", plan.Hang)}}},
	}
}

func started(stage journal.Stage, number int, faults ...plan.Fault) journal.Event {
	return journal.Event{Kind: journal.CellStarted, Cell: &journal.Cell{Number: number, Stage: stage, Faults: faults}}
}

func ended(c journal.CellEnd) journal.Event {
	return journal.Event{Kind: journal.CellEnded, CellEnd: &c}
}

// harmlessJourney is what a cell found of a kind of journey.
func harmlessJourney() journal.CellJourney {
	return journal.CellJourney{ArmCounts: journal.ArmCounts{Fault: journal.Tally{Harmed: 1, Of: 40}}, Decision: journal.Harmless, Share: journal.Share{Low: -0.01, High: 0.0188}}
}

// A line says what the map says: what was harmless while a fault was not in force all the
// while, or was not met, is no answer.
func TestLinesSayWhatTheMapSays(t *testing.T) {
	t.Parallel()
	harmless := []journal.CellJourney{harmlessJourney(), harmlessJourney()}
	for name, one := range map[string]struct {
		end  journal.CellEnd
		want scan.Verdict
	}{
		"decided":              {journal.CellEnd{Why: journal.CellDecided, Journeys: harmless}, scan.Harmless},
		"not met":              {journal.CellEnd{Why: journal.CellDecided, Journeys: harmless, Met: []journal.CellMet{{Fault: "blastgauge.x.payments", Counted: true, Of: 40}}}, scan.NotMet},
		"vanished":             {journal.CellEnd{Why: journal.CellVanished, Journeys: harmless}, scan.Undecided},
		"guarded":              {journal.CellEnd{Why: journal.CellGuarded, Journeys: harmless}, scan.Undecided},
		"one journey of two":   {journal.CellEnd{Why: journal.CellDecided, Journeys: harmless[:1]}, scan.Undecided},
		"not injected, broken": {journal.CellEnd{Why: journal.CellNotInjected, Broken: []journal.CheckResult{{Invariant: "x"}}}, scan.Undecided},
	} {
		s, p := Trials{}, scanPlan()
		one.end.Number = 1
		s.record(p, started(journal.Single, 1, scanFault("payments", plan.Hang)))
		trial := s.record(p, ended(one.end))
		if trial == nil || trial.Verdict != one.want {
			t.Errorf("%s: %+v, want %s", name, trial, one.want)
		}
		if _, harmless, undecided := s.Count(); (harmless == 1) != (one.want == scan.Harmless) || harmless+undecided != 1 {
			t.Errorf("%s: harmless %d, undecided %d", name, harmless, undecided)
		}
	}
}

// A fault that hardly met any of the calls that the baseline had says nothing, in the lines as
// in the map: what was harmless is counted as undecided.
func TestLinesKnowTheBaseline(t *testing.T) {
	t.Parallel()
	p := scanPlan()
	p.System.Dependencies = []experiments.Dependency{{Name: "payments", Proxy: "payments"}}
	kinds := []journal.CellJourney{harmlessJourney(), harmlessJourney()}
	for i := range kinds {
		kinds[i].Started = 40
	}
	counts := journal.ArmCounts{Fault: journal.Tally{Of: 100}, Control: journal.Tally{Of: 100}}
	events := []journal.Event{
		{Kind: journal.Exercised, Exercise: &journal.Exercise{To: 10 * time.Second, Journeys: []journal.ArmCounts{counts, counts},
			Carried: []journal.Traffic{{Proxy: "payments", Connections: 200, Calls: new(int64(200))}}}},
		started(journal.Single, 1, scanFault("payments", plan.Hang)),
		ended(journal.CellEnd{Number: 1, Why: journal.CellDecided, To: 4 * time.Second, Journeys: kinds,
			Met:     []journal.CellMet{{Fault: "blastgauge.x.payments", Counted: true, Met: 2}},
			Carried: []journal.Traffic{{Proxy: "payments", Connections: 80, Calls: new(int64(80))}}}),
	}
	s, replayed := Trials{}, scan.New(p)
	var last *Trial
	for _, e := range events {
		last = s.record(p, e)
		replayed.Event(e)
	}
	_, harmless, undecided := s.Count()
	if last == nil || last.Verdict != scan.NotMet || last.Verdict != replayed.Verdict(1) || harmless != 0 || undecided != 1 {
		t.Errorf("%+v, counted as %d harmless, %d undecided", last, harmless, undecided)
	}
}
