package live

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// scanFault is a fault of a scan.
func scanFault(into string, mode plan.FailureMode) plan.Fault {
	f := plan.Fault{Name: "blastgauge.x." + into, Proxy: into, Mode: mode}
	f.Fault = experiments.Fault{Inject: "timeout", Into: into}
	if mode == plan.Slow {
		f.Fault = experiments.Fault{Inject: "latency", Into: into, Attributes: injectors.Attributes{"latency": 0.3}}
	}
	return f
}

func scanPlan() *plan.Plan {
	journeys := []plan.Journey{{Journey: experiments.Journey{Name: "checkout", SlowAfter: time.Second}}, {Journey: experiments.Journey{Name: "browse", SlowAfter: time.Second}}}
	return &plan.Plan{
		Scan:        &plan.Scan{Budget: 5 * time.Minute, Dependencies: []string{"payments", "mail", "reviews"}},
		Experiments: []plan.Experiment{{ID: plan.ScanID, Journeys: journeys, Control: plan.Concurrent, Faults: []plan.Fault{scanFault("payments", plan.Hang)}}},
	}
}

// A step is an event of a scan, and when it comes.
type step struct {
	at float64 // seconds
	journal.Event
}

func started(at float64, stage journal.Stage, number int, faults ...plan.Fault) step {
	return step{at, journal.Event{Kind: journal.CellStarted, Cell: &journal.Cell{Number: number, Stage: stage, Faults: faults}}}
}

func ended(at float64, c journal.CellEnd) step {
	return step{at, journal.Event{Kind: journal.CellEnded, CellEnd: &c}}
}

// journeyIn is what a cell found of a kind of journey.
func journeyIn(d journal.Decision, estimate, low, high float64) journal.CellJourney {
	return journal.CellJourney{ArmCounts: journal.ArmCounts{Fault: journal.Tally{Harmed: 1, Of: 40}}, Decision: d, Share: journal.Share{Estimate: estimate, Low: low, High: high}}
}

// aScan is a scan of a few cells, one for each thing that may become of one.
func aScan() []step {
	second := time.Second
	harmless := journeyIn(journal.Harmless, 0, -0.01, 0.0188)
	return []step{
		{0, journal.Event{Kind: journal.RunStarted}},
		{0, journal.Event{Kind: journal.ExperimentStarted, Experiment: plan.ScanID}},
		{0, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Warmup}},
		{2, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline}},
		{12, journal.Event{Kind: journal.Exercised, Exercise: &journal.Exercise{Journeys: []journal.ArmCounts{
			{Fault: journal.Tally{Harmed: 1, Of: 200}, Control: journal.Tally{Of: 200}}, {Fault: journal.Tally{Of: 100}},
		}}}},
		{12, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault}},
		started(13, journal.Pool, 1, scanFault("mail", plan.Hang), scanFault("reviews", plan.Hang)),
		{13, journal.Event{Kind: journal.FaultInjected, Fault: "blastgauge.x.payments"}},
		ended(19, journal.CellEnd{Number: 1, Why: journal.CellDecided, From: 13 * second, To: 19 * second, Journeys: []journal.CellJourney{harmless, harmless}}),
		started(20, journal.Single, 2, scanFault("payments", plan.Hang)),
		ended(22, journal.CellEnd{Number: 2, Why: journal.CellDecided, From: 20 * second, To: 22*second + 100*time.Millisecond, Journeys: []journal.CellJourney{
			journeyIn(journal.Harmful, 0.63, 0.591, 0.668), journeyIn(journal.Undecided, 0, -0.1, 0.9)}}),
		{22, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.x.payments", Verified: true}},
		{22, journal.Event{Kind: journal.InvariantChecked, Check: &journal.CheckResult{Invariant: "charged once", Violations: 2, Detail: "$.count is 2"}}},
		started(23, journal.Threshold, 3, scanFault("payments", plan.Slow)),
		ended(43, journal.CellEnd{Number: 3, Why: journal.CellUndecided, From: 23 * second, To: 43 * second, Journeys: []journal.CellJourney{journeyIn(journal.Undecided, 0.05, 0.01, 0.12)}}),
		started(44, journal.Single, 4, scanFault("mail", plan.ErrorAfter)),
		ended(50, journal.CellEnd{Number: 4, Why: journal.CellDecided, From: 44 * second, To: 50 * second, Back: -1, Journeys: []journal.CellJourney{harmless},
			Broken: []journal.CheckResult{{Invariant: "charged\x1b[2J once"}}}),
		started(51, journal.PairStage, 5, scanFault("payments", plan.Hang), scanFault("mail", plan.Refuse)),
		ended(51, journal.CellEnd{Number: 5, Why: journal.CellNotInjected, Detail: "no answer"}),
		{52, journal.Event{Kind: journal.ScanEnded, Detail: journal.ScanUnhealthy}},
		{53, journal.Event{Kind: journal.ExperimentEnded, Experiment: plan.ScanID}},
	}
}

// Where there is no terminal, a scan writes a line for each cell that ended, and few others.
func TestLinesOfAScan(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newScanLines(&logWriter{w: &out}, scanPlan(), "", false)
	for _, s := range aScan() {
		s.At = time.Unix(0, 0).Add(time.Duration(s.at * float64(time.Second)))
		l.Record(s.Event)
		l.Observe(journal.Observation{Outcome: journal.Failed})
	}
	want := `00:00:00Z phase    warmup
00:00:02Z phase    baseline
00:00:12Z base     without a fault: checkout harmed 1 of 400, browse harmed 0 of 100
00:00:19Z cell     harmless  mail and reviews at once: each hangs: checkout ≤1.9%, in 6.0s
00:00:22Z cell     harmful   payments hangs: checkout 63.0% (59.1 to 66.8), in 2.1s
00:00:43Z cell     undecided payments answers 300ms late: checkout 5.0% (1.0 to 12.0), in 20.0s
00:00:50Z cell     undecided mail does the work and answers with errors: checkout ≤1.9%, BROKEN by this or what failed before: charged?[2J once, in 6.0s, and the system did NOT COME BACK
00:00:51Z cell     undecided payments hangs and mail refuses connections: not injected: no answer
00:00:52Z scan     STOPPED: the system did not come back: 5 trials: 1 harmful, 1 harmless, 3 undecided
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Where this machine is too busy, the lines say so of a cell and of the end, and blame nothing
// else.
func TestLinesOfABusyMachine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newScanLines(&logWriter{w: &out}, scanPlan(), "", false)
	harmful := []journal.CellJourney{journeyIn(journal.Harmful, 0.63, 0.591, 0.668)}
	late, shed := []journal.Lateness{{P99: 0.4}}, []journal.Lateness{{Shed: 2}}
	for _, s := range []step{
		started(0, journal.Single, 1, scanFault("payments", plan.Hang)),
		ended(2, journal.CellEnd{Number: 1, Why: journal.CellDecided, To: 2 * time.Second, Journeys: harmful, Late: late}),
		started(3, journal.Single, 2, scanFault("payments", plan.Refuse)),
		ended(5, journal.CellEnd{Number: 2, Why: journal.CellDecided, To: 2 * time.Second, Back: -1, Journeys: harmful, Late: shed, LateAfter: late}),
		{6, journal.Event{Kind: journal.ScanEnded, Detail: journal.ScanLate, Error: "send fewer"}},
	} {
		s.At = time.Unix(0, 0).Add(time.Duration(s.at * float64(time.Second)))
		l.Record(s.Event)
	}
	want := `00:00:02Z cell     undecided payments hangs: checkout 63.0% (59.1 to 66.8), traffic was LATE: this machine is too busy, in 2.0s
00:00:05Z cell     undecided payments refuses connections: checkout 63.0% (59.1 to 66.8), journeys of the control could NOT BE STARTED, in 2.0s
00:00:06Z scan     STOPPED: this machine was too busy to send journeys in time, and they were harmed without a fault: send fewer: 2 trials: 0 harmful, 0 harmless, 2 undecided
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A cell whose process dies, or whose event has nothing in it, ends no view.
func TestAScanOfHolesIsShown(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := newScanLines(&logWriter{w: &out}, scanPlan(), "", false)
	for _, e := range []journal.Event{
		{Kind: journal.Exercised}, {Kind: journal.CellStarted}, {Kind: journal.CellEnded}, {Kind: journal.ScanEnded},
		{Kind: journal.CellEnded, CellEnd: &journal.CellEnd{Journeys: []journal.CellJourney{{}, {}, journeyIn(journal.Harmful, 1, 0.5, 1)}}},
		{Kind: journal.CellStarted, Cell: &journal.Cell{Stage: journal.Pool}}, {Kind: journal.CellEnded, CellEnd: &journal.CellEnd{}},
	} {
		l.Record(e)
	}
	if n := strings.Count(out.String(), " cell "); n != 2 {
		t.Errorf("%d cells have ended:\n%s", n, &out)
	}
}

// What a scan looks like on a terminal, in a cell and between two.
func TestBarsOfAScan(t *testing.T) {
	t.Parallel()
	for columns, want := range map[int]string{
		40: `harmless  mail and reviews at once: ...
scan of 3 dependencies           cell 2
  now       payments hangs, 1s
  checkout  fault    50.0% of 20
            control  0.0% of 20
  top cause timeout, 10 of 20
  trials    0 harmful, 1 harmless

run   ░░░░░░░░  21s, at most 4m39s left`,
		80: `harmless  mail and reviews at once: each hangs: checkout ≤1.9%, in 6.0s
scan of 3 dependencies                                                   cell 2
  now       payments hangs, 1s
  checkout  fault    50.0% of 20 harmed      ▅
            control  0.0% of 20 harmed       ▁
  top cause timeout, 10 of 20
  trials    0 harmful, 1 harmless

run   █░░░░░░░░░░░░░░░░░░░  21s, at most 4m39s left   Ctrl-C removes the faults`,
	} {
		t.Run(fmt.Sprint(columns), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &drawing{screen: newScreen(t, columns, 24)}
				d.canvas = newCanvas(d.screen, false, func() (int, int) { return columns, 24 })
				view := newBars(d.canvas, scanPlan(), "", 0, true)
				d.views = append(d.views, view)
				began := time.Now()
				for _, s := range aScan() {
					if s.at > 20 {
						break
					}
					time.Sleep(time.Until(began.Add(time.Duration(s.at * float64(time.Second)))))
					view.Record(s.Event)
				}
				for i := range 40 {
					o := journal.Observation{Arm: plan.Arm(i % 2), Step: -1}
					if i%4 == 0 {
						o.Outcome, o.Cause = journal.Failed, journal.Timeout
					}
					view.Observe(o)
				}
				time.Sleep(1100 * time.Millisecond)
				synctest.Wait()
				if got := strings.TrimRight(d.screen.all(), "\n"); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				for _, s := range aScan() {
					if s.at > 20 {
						view.Record(s.Event)
					}
				}
				time.Sleep(2 * refresh)
				d.close()
				synctest.Wait()
				if got := strings.TrimRight(d.screen.all(), "\n"); !strings.Contains(got, "STOPPED") || strings.Contains(got, "  trials ") {
					t.Errorf("in the end\n%s", got)
				}
			})
		})
	}
}
