package engine

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

func TestAWholeScan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{hard}, []string{hang})
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		cell := []journal.Kind{journal.CellStarted, journal.FaultIntended, journal.FaultInjected, journal.FaultRemoved, journal.CellEnded}
		want := slices.Concat(
			[]journal.Kind{journal.RunStarted, journal.ExperimentStarted, journal.PhaseStarted, journal.PhaseStarted, journal.Exercised, journal.PhaseStarted},
			cell, slices.Insert(slices.Clone(cell), 3, journal.HarmSeen), cell,
			[]journal.Kind{journal.ScanEnded, journal.PhaseStarted, journal.ExperimentEnded, journal.RunEnded})
		if got := b.mem.kinds(); !slices.Equal(got, want) {
			t.Errorf("journal = %v\nwant %v", got, want)
		}
		for number, want := range map[int]journal.Decision{1: journal.Harmless, 2: journal.Harmful, 3: journal.Harmful} {
			end := b.end(t, number)
			if got := end.Journeys[0].Decision; got != want || end.Why != journal.CellDecided {
				t.Errorf("cell %d: checkout is %q, %s; want %q", number, got, end.Why, want)
			}
			if got := end.Journeys[1].Decision; got == journal.Harmful {
				t.Errorf("cell %d: browse is harmful, which no fault touches", number)
			}
		}
		if why := b.why(); why != journal.ScanComplete {
			t.Errorf("ended: %s", why)
		}
		b.checkJournal(t)
	})
}

// On a healthy system a cell takes little more time than its decision.
func TestACellCostsLittleMoreThanItsDecision(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{hang})
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		first := b.end(t, 1)
		if took := first.To - first.From; took < 5*time.Second || took > 8*time.Second {
			t.Errorf("harmless after %v, want about 6s", took)
		}
		if cost := b.end(t, 2).From - first.To; cost > 1500*time.Millisecond {
			t.Errorf("from the removal to the next fault it took %v", cost)
		}
		if took := b.end(t, 2).To - b.end(t, 2).From; took > 5*time.Second {
			t.Errorf("harmful, and the faults stayed for %v", took)
		}
	})
}

// What journeys met is told whole: how many, what they are compared with, why they were
// harmed, and what the fault and the proxies counted.
func TestTheEndOfACellSaysWhatItMet(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{hard}, []string{hard})
		b.opts.Counters = carrying(time.Now()) // a call per millisecond
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		ex := b.scanner.exercised[0]
		if ex.To-ex.From != 10*time.Second || ex.Journeys[0].Fault.Of < 380 || ex.Journeys[1].Control.Of < 190 {
			t.Errorf("exercised: %+v", ex)
		}
		if len(ex.Started) != 2 || ex.Started[0] < 398 || ex.Started[0] > 402 {
			t.Errorf("%d journeys were to start within 10 s at 40/s", ex.Started)
		}
		if len(ex.Carried) != 1 || *ex.Carried[0].Calls != 10_000 || len(ex.Idle) != 1 || ex.Idle[0].Calls != 1000 {
			t.Errorf("carried %+v, idle %+v", ex.Carried, ex.Idle)
		}
		end := b.end(t, 2)
		j := end.Journeys[0]
		if j.Fault.Harmed < 50 || j.Fault.Harmed < j.Fault.Of-1 || j.Control.Harmed != 0 || j.Control.Of != j.Fault.Of {
			t.Errorf("journeys: %+v", j.ArmCounts)
		}
		if inForce := (end.To - end.From).Seconds(); j.Started < int(40*inForce)-2 || j.Started > int(40*inForce)+2 {
			t.Errorf("%d journeys were to start within %.2f s at 40/s", j.Started, inForce)
		}
		if j.Share.Low < 0.8 || j.Share.High < j.Share.Low || j.Harmful < 20 {
			t.Errorf("share %+v, evidence %v", j.Share, j.Harmful)
		}
		if j.Cause == nil || j.Cause.Key != "503" || j.Cause.Example == nil || end.Journeys[1].Cause != nil {
			t.Errorf("causes: %+v, %+v", j.Cause, end.Journeys[1].Cause)
		}
		if c := b.end(t, 3).Journeys[0].Cause; c == nil || c.Number != j.Cause.Number || c.Example != nil {
			t.Errorf("cause: %+v, want the same without the example, which is of another cell", c)
		}
		if more := j.Before.Fault.Of - b.end(t, 1).Journeys[0].Before.Fault.Of; more < 30 || more > 80 || j.Before.Fault.Harmed > 0 {
			t.Errorf("before: %+v, %d of them since the first cell; want about a second's", j.Before, more)
		}
		if len(end.Met) != 1 || end.Met[0] != (journal.CellMet{Fault: hard, Counted: true, Met: 7, Of: 8}) {
			t.Errorf("met: %+v", end.Met)
		}
		if len(end.Carried) != 1 || (time.Duration(*end.Carried[0].Calls)*time.Millisecond-(end.To-end.From)).Abs() > 50*time.Millisecond {
			t.Errorf("carried %+v in %v", end.Carried, end.To-end.From)
		}
	})
}

// Journeys that hang when the faults go are nobody's: neither the cell's, nor harm of the
// healthy time after it.
func TestJourneysThatARemovalReleasesAreNobodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hang}, []string{soft})
		b.in.revert = func(context.Context) error { time.Sleep(time.Second); return nil }
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := b.end(t, 1)
		j := end.Journeys[0]
		if old := int(40 * (end.To - end.From - time.Second).Seconds()); j.Fault.Of > old+2 || j.Fault.Harmed != j.Fault.Of {
			t.Errorf("journeys: %+v, want the %d that were to start a second before the end", j.Fault, old)
		}
		if end.Back > 1100*time.Millisecond {
			t.Errorf("back after %v, although every journey went well that started after the removal, which took 1s", end.Back)
		}
		if next := b.end(t, 2).Journeys[0]; next.Before.Fault.Harmed > 0 || next.Decision != journal.Harmless {
			t.Errorf("the next cell: %+v", next)
		}
	})
}

// The next fault comes once the system has recovered, and the time until then is not healthy.
func TestASlowRecoveryIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hard}, []string{soft})
		b.after = func(since time.Duration) effect {
			if since < 7*time.Second {
				return fails
			}
			return fine
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end, next := b.end(t, 1), b.end(t, 2)
		if end.Back < 6900*time.Millisecond || end.Back > 7200*time.Millisecond {
			t.Errorf("back after %v, want 7s", end.Back)
		}
		if next.From < end.To+8*time.Second || next.Journeys[0].Decision != journal.Harmless {
			t.Errorf("the next fault came after %v: %+v", next.From-end.To, next.Journeys[0])
		}
		for k, j := range next.Journeys {
			if j.Before.Fault.Harmed > 0 {
				t.Errorf("journey %d was harmed before: %+v", k, j.Before)
			}
		}
	})
}

// A little harm after a fault is as usual where it is no more than a baseline may have.
func TestUsualHarmIsHealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{soft})
		b.plan.Experiments[0].Limits.Baseline = 0.1
		b.after = func(since time.Duration) effect {
			if since%(400*time.Millisecond) < 25*time.Millisecond { // one in sixteen
				return fails
			}
			return fine
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if end := b.end(t, 1); end.Back < 0 || end.Back > time.Second {
			t.Errorf("back after %v", end.Back)
		}
	})
}

// What does not recover is not broken further. That is a finding.
func TestASystemThatDoesNotComeBackEndsTheScan(t *testing.T) {
	t.Parallel()
	for name, lasting := range map[string]effect{"it fails": fails, "it hangs": hangs} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{hard}, []string{soft})
				b.opts.HealthTimeout = 20 * time.Second
				b.after = func(time.Duration) effect { return lasting }
				if err := b.scan(t.Context()); err != nil {
					t.Fatalf("Scan() = %v: it is a finding", err)
				}
				end := b.end(t, 1)
				if end.Back != -1 || end.Journeys[0].Decision != journal.Harmful || b.why() != journal.ScanUnhealthy {
					t.Errorf("back %v, decision %q, ended: %s", end.Back, end.Journeys[0].Decision, b.why())
				}
				if len(b.scanner.ended) != 1 {
					t.Errorf("%d cells, want nothing after the first", len(b.scanner.ended))
				}
				b.checkJournal(t)
			})
		})
	}
}

// What is broken already is not broken further.
func TestAHarmedBaselineEndsTheScan(t *testing.T) {
	t.Parallel()
	for name, harm := range map[string]func(b *scanBench){
		"journeys are harmed": func(b *scanBench) {
			b.after = func(time.Duration) effect { return fails }
			b.removed = 1
		},
		"a probe fails": func(b *scanBench) {
			b.plan.Experiments[0].Guardrails = guardrails(probing(time.Second, 3))
			b.answers(func(string) journal.CheckResult { return journal.CheckResult{Error: "connection refused"} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft})
				harm(b)
				if err := b.scan(t.Context()); err != nil {
					t.Fatalf("Scan() = %v: it is a finding", err)
				}
				if _, injected := b.mem.find(journal.FaultIntended); injected || b.why() != journal.ScanHarmed {
					t.Errorf("injected: %v, ended: %s", injected, b.why())
				}
				b.checkJournal(t)
			})
		})
	}
}

// Without a control at the same time, journeys are compared with all healthy time before.
func TestAScanOnOneRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{hard}, []string{hang}, []string{soft})
		b.plan.Experiments[0].Control = plan.Baseline
		b.plan.Experiments[0].Phases.Baseline = 20 * time.Second
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		for number, want := range map[int]journal.Decision{1: journal.Harmless, 2: journal.Harmful, 3: journal.Harmful, 4: journal.Harmless} {
			j := b.end(t, number).Journeys[0]
			if j.Decision != want || j.Control.Of > 0 || j.Before.Fault.Of < 1500 || j.Before.Control.Of > 0 {
				t.Errorf("cell %d: %+v, want %s", number, j, want)
			}
		}
	})
}

// A kind of journey that is too rare to decide about holds up nothing.
func TestARareJourneyHoldsUpNoCell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft})
		b.plan.Experiments[0].Journeys[1].Rate = 2
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := b.end(t, 1)
		if took := end.To - end.From; took > 10*time.Second || end.Journeys[0].Decision != journal.Harmless || end.Journeys[1].Decision != journal.Undecided {
			t.Errorf("after %v: %+v", took, end.Journeys)
		}
		if end.Why != journal.CellUndecided {
			t.Errorf("it ended as %s", end.Why)
		}
	})
}

// Where nothing is decided, the time of a cell is bounded. In the search for a breaking
// point it is longer, and longer as well where journeys may take long.
func TestTheTimeOfACellIsBounded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stage     journal.Stage
		slowAfter time.Duration
		want      time.Duration
	}{
		"single":           {journal.Single, time.Second, 20 * time.Second},
		"threshold":        {journal.Threshold, time.Second, 30 * time.Second},
		"of slow journeys": {journal.Single, 15 * time.Second, 25 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft})
				b.scanner.cells[0].Stage = tt.stage
				for k := range b.plan.Experiments[0].Journeys {
					j := &b.plan.Experiments[0].Journeys[k]
					j.Rate, j.SlowAfter = 2, tt.slowAfter
				}
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				if end := b.end(t, 1); end.To-end.From != tt.want || end.Why != journal.CellUndecided {
					t.Errorf("%s after %v, want %v", end.Why, end.To-end.From, tt.want)
				}
			})
		})
	}
}

// A guardrail ends its cell, and not the scan.
func TestAGuardrailEndsItsCell(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		guardrail experiments.Guardrail
		within    time.Duration
	}{
		"blast radius": {experiments.Guardrail{BlastRadius: 0.1}, 2 * time.Second},
		"probe":        {probing(500*time.Millisecond, 2), time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft}, []string{hard}, []string{soft})
				b.plan.Experiments[0].Guardrails = guardrails(tt.guardrail)
				b.answers(func(string) journal.CheckResult {
					b.in.mu.Lock()
					defer b.in.mu.Unlock()
					return journal.CheckResult{Holds: !b.in.live[hard]}
				})
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				end := b.end(t, 2)
				if end.Why != journal.CellGuarded || end.Detail == "" || end.To-end.From > tt.within || len(end.Journeys) != 2 {
					t.Errorf("cell 2 = %+v", end)
				}
				if trip, ok := b.mem.find(journal.GuardrailTripped); !ok || trip.Guardrail != tt.guardrail.Kind() {
					t.Errorf("trip = %+v", trip)
				}
				for _, number := range []int{1, 3} {
					if end := b.end(t, number); end.Why != journal.CellDecided {
						t.Errorf("cell %d ended as %s", number, end.Why)
					}
				}
				b.checkJournal(t)
			})
		})
	}
}

// A fault that vanishes ends its cell, and not the scan.
func TestAFaultThatVanishesEndsItsCell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{soft})
		b.mem.on = func(e journal.Event) {
			if e.Kind == journal.FaultInjected && e.Since < 12*time.Second {
				time.AfterFunc(1500*time.Millisecond, b.in.vanish)
			}
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if end := b.end(t, 1); end.Why != journal.CellVanished || end.Detail == "" || end.To-end.From > 3*time.Second {
			t.Errorf("cell 1 = %+v", end)
		}
		if end := b.end(t, 2); end.Why != journal.CellDecided {
			t.Errorf("cell 2 ended as %s", end.Why)
		}
		b.checkJournal(t)
	})
}

// The more a scan may try, the more evidence a harmful cell has, within two seconds more.
func TestHarmStandsAmongAllThatAScanMayTry(t *testing.T) {
	t.Parallel()
	var lasted [2]time.Duration
	for i, faults := range []int{3, 60} {
		synctest.Test(t, func(t *testing.T) {
			b := newScanBench([]string{hard})
			b.effect = func(string, int) effect { return fails }
			e := &b.plan.Experiments[0]
			for len(e.Faults) < faults {
				e.Faults = append(e.Faults, newFault("blastgauge.r.other", 0, 0))
			}
			if err := b.scan(t.Context()); err != nil {
				t.Fatal(err)
			}
			end := b.end(t, 1)
			lasted[i] = end.To - end.From
			if mean := (end.Journeys[0].Harmful + end.Journeys[1].Harmful) / 2; mean < float64(faults)/0.05 {
				t.Errorf("%d faults: evidence of %.0f", faults, mean)
			}
		})
	}
	if lasted[1] <= lasted[0] || lasted[1] > lasted[0]+2*time.Second {
		t.Errorf("faults stayed for %v", lasted)
	}
}

// The budget bounds how long faults are in force, and how long the system is waited for:
// what it then would have done nobody knows.
func TestAScanKeepsItsBudget(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault   string
		rate    float64
		after   effect
		budget  time.Duration
		inForce time.Duration // 0: until it is decided
		back    bool          // that is known
		want    string
	}{
		"an undecided cell":              {soft, 2, fine, 28 * time.Second, 12 * time.Second, true, journal.ScanComplete},
		"a system that is down":          {hard, 80, fails, 40 * time.Second, 0, false, journal.ScanBudget},
		"a system that is down for long": {hard, 80, fails, 100 * time.Second, 0, true, journal.ScanUnhealthy},
		"an enough budget":               {soft, 2, fine, 60 * time.Second, 20 * time.Second, true, journal.ScanComplete},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{tt.fault})
				b.plan.Scan.Budget = tt.budget
				b.step = 20 * time.Millisecond
				b.after = func(time.Duration) effect { return tt.after }
				for k := range b.plan.Experiments[0].Journeys {
					b.plan.Experiments[0].Journeys[k].Rate = tt.rate
				}
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				end := b.end(t, 1)
				if tt.inForce > 0 && end.To-end.From != tt.inForce {
					t.Errorf("its faults were in force for %v, want %v", end.To-end.From, tt.inForce)
				}
				if end.BackUnknown == tt.back || end.Back < 0 && tt.want != journal.ScanUnhealthy || b.why() != tt.want {
					t.Errorf("back %v, unknown %v, and it ended as %s, want %s", end.Back, end.BackUnknown, b.why(), tt.want)
				}
				if over, _ := b.mem.find(journal.RunEnded); over.Since > tt.budget+100*time.Millisecond { // in which the last journeys end
					t.Errorf("it took %v of %v", over.Since, tt.budget)
				}
				b.checkJournal(t)
			})
		})
	}
}

// A system that a journey in half a minute is sent to is not waited for in vain.
func TestAQuietSystemComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft})
		b.step = 50 * time.Millisecond
		for k := range b.plan.Experiments[0].Journeys {
			b.plan.Experiments[0].Journeys[k].Rate = 0.02
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if end := b.end(t, 1); end.Back < 0 || b.why() != journal.ScanComplete {
			t.Errorf("back %v, and it ended as %s", end.Back, b.why())
		}
	})
}

// A probe of a guardrail is asked between cells as well. While it fails, no fault comes.
func TestAProbeThatFailsBetweenCellsKeepsFaultsAway(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		every time.Duration
		lasts time.Duration // that it fails after the removal
		want  string
		cells int
	}{
		"for some time": {2 * time.Second, 8 * time.Second, journal.ScanComplete, 3},
		"for good":      {5 * time.Second, time.Hour, journal.ScanUnhealthy, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft}, []string{hard}, []string{soft})
				b.plan.Experiments[0].Guardrails = guardrails(probing(tt.every, 3))
				var failing atomic.Bool
				b.answers(func(string) journal.CheckResult {
					return journal.CheckResult{Holds: !failing.Load(), Detail: "the error budget is burnt"}
				})
				removals := 0
				b.mem.on = func(e journal.Event) {
					switch {
					case e.Kind == journal.CellStarted && e.Cell.Number == 2:
						failing.Store(true)
					case e.Kind == journal.FaultRemoved:
						if removals++; removals == 2 {
							time.AfterFunc(tt.lasts, func() { failing.Store(false) })
						}
					}
				}
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				end := b.end(t, 2)
				if b.why() != tt.want || len(b.scanner.ended) != tt.cells || (end.Back < 0) != (tt.want == journal.ScanUnhealthy) {
					t.Fatalf("it ended as %s after %d cells, cell 2 was back after %v", b.why(), len(b.scanner.ended), end.Back)
				}
				if tt.cells == 3 && (b.end(t, 3).From-end.To < tt.lasts || end.Back < tt.lasts) {
					t.Errorf("the next fault came %v after the removal, and the system was back after %v", b.end(t, 3).From-end.To, end.Back)
				}
				if ended, _ := b.mem.find(journal.ScanEnded); tt.cells == 2 && !strings.Contains(ended.Error, "the error budget is burnt") {
					t.Errorf("it says %q", ended.Error)
				}
				b.checkJournal(t)
			})
		})
	}
}

// What is to start while the faults are being removed is not of the cell.
func TestJourneysThatStartDuringTheRemovalAreNobodys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{hard})
		b.in.revert = func(context.Context) error { time.Sleep(3 * time.Second); return nil }
		if err := b.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		end := b.end(t, 1)
		if want := int(40 * (end.To - end.From).Seconds()); end.Journeys[0].Started < want-2 || end.Journeys[0].Started > want+2 {
			t.Errorf("%d journeys were to start in %v at 40/s, want %d", end.Journeys[0].Started, end.To-end.From, want)
		}
	})
}

// The more cells a budget allows, the more evidence a guardrail needs: what trips by chance
// in one of a hundred cells does so in most scans.
func TestAGuardrailCountsOnAllCells(t *testing.T) {
	t.Parallel()
	var lasted [2]time.Duration
	for i, budget := range []time.Duration{0, 15 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			b := newScanBench([]string{hard})
			b.plan.Scan.Budget = budget
			b.plan.Experiments[0].Guardrails = guardrails(experiments.Guardrail{BlastRadius: 0.5})
			if err := b.scan(t.Context()); err != nil {
				t.Fatal(err)
			}
			end := b.end(t, 1)
			if lasted[i] = end.To - end.From; end.Why != journal.CellGuarded {
				t.Errorf("it ended as %s", end.Why)
			}
		})
	}
	if lasted[1] <= lasted[0] || lasted[1] > lasted[0]+2*time.Second {
		t.Errorf("faults stayed for %v", lasted)
	}
}
