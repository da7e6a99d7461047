package engine

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// The journal says of each cell for how long this machine held journeys up in it. A machine
// that stands still for a while spoils its cell alone, and on two routes is no harm.
func TestACellOfAMachineThatStandsStill(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		t.Run(string(control), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft}, []string{soft})
				e := &b.plan.Experiments[0]
				e.Control, e.Phases.Baseline = control, 20*time.Second
				for k := range e.Journeys {
					e.Journeys[k].SlowAfter = 500 * time.Millisecond
				}
				b.held = func(now time.Duration) bool { return now > 23*time.Second && now < 24*time.Second }
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, late := range b.scanner.exercised[0].Late {
					if late.P99 > 0.01 {
						t.Errorf("late in the baseline: %+v", late)
					}
				}
				spoiled, good := b.end(t, 1), b.end(t, 2)
				if late := spoiled.Late[0].P99; late < 0.5 || late > 1.01 || spoiled.Distrust(e.Journeys) != journal.CellLate {
					t.Errorf("after a second of standing still: %+v, %q", spoiled.Late, spoiled.Distrust(e.Journeys))
				}
				if why := good.Distrust(e.Journeys); why != "" || len(good.Late) != 2 || good.Late[0].P99 > 0.01 {
					t.Errorf("the cell after it: %+v, %q", good.Late, why)
				}
				for k, j := range spoiled.Journeys {
					if control == plan.Concurrent && j.Decision == journal.Harmful {
						t.Errorf("journey %d is harmful beside a control that stood still as well: %+v", k, j)
					}
				}
				for k, j := range good.Journeys {
					if j.Decision == journal.Harmful {
						t.Errorf("journey %d is harmful in the cell after it: %+v", k, j)
					}
				}
			})
		})
	}
}

// Whenever this machine stands still, no cell is harmful beside a control at the same time. On
// one route a second of it is not enough to look like harm, and a cell that looks so after
// three of them says that it is late.
func TestWhenAMachineStandsStill(t *testing.T) {
	t.Parallel()
	harmful := 0
	for _, tt := range []struct {
		control plan.Control
		still   time.Duration
		looks   bool // like harm
	}{{plan.Concurrent, time.Second, false}, {plan.Concurrent, 3 * time.Second, false}, {plan.Baseline, time.Second, false}, {plan.Baseline, 3 * time.Second, true}} {
		for from := 9 * time.Second; from < 20*time.Second; from += 2125 * time.Millisecond {
			synctest.Test(t, func(t *testing.T) {
				b := newScanBench([]string{soft}, []string{soft})
				e := &b.plan.Experiments[0]
				e.Control = tt.control
				for k := range e.Journeys {
					e.Journeys[k].SlowAfter = 500 * time.Millisecond
				}
				b.held = func(now time.Duration) bool { return now > from && now < from+tt.still }
				if err := b.scan(t.Context()); err != nil {
					t.Fatal(err)
				}
				for _, end := range b.scanner.ended {
					for k, j := range end.Journeys {
						if j.Decision != journal.Harmful {
							continue
						}
						harmful++
						if !tt.looks || end.Distrust(e.Journeys) != journal.CellLate {
							t.Errorf("%s, still for %v from %v: cell %d, journey %d is harmful: %+v, late: %+v", tt.control, tt.still, from, end.Number, k, j, end.Late)
						}
					}
				}
			})
		}
	}
	if harmful == 0 {
		t.Error("no machine that stood still looked as if a fault harmed")
	}
}

// Where this machine is too busy to send journeys in time, harm without a fault is not the
// system's.
func TestALateBaselineIsNotTheSystems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft})
		b.held = func(now time.Duration) bool { return now > 4*time.Second && now < 7*time.Second }
		if err := b.scan(t.Context()); err != nil {
			t.Fatalf("Scan() = %v: it is a finding", err)
		}
		end, _ := b.mem.find(journal.ScanEnded)
		if _, injected := b.mem.find(journal.FaultIntended); injected || end.Detail != journal.ScanLate || end.Error == "" {
			t.Errorf("injected: %v, ended: %s, %s", injected, end.Detail, end.Error)
		}
		if late := b.scanner.exercised[0].Late; late[0].P99 < 2 {
			t.Errorf("late: %+v", late)
		}
		b.checkJournal(t)
	})
}

// It is not the system's either that journeys are harmed after a fault.
func TestALateRecoveryIsNotTheSystems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newScanBench([]string{soft}, []string{soft})
		e := &b.plan.Experiments[0]
		for k := range e.Journeys {
			e.Journeys[k].SlowAfter = 300 * time.Millisecond
		}
		b.opts.HealthTimeout = 20 * time.Second
		b.held = func(now time.Duration) bool {
			b.in.mu.Lock()
			defer b.in.mu.Unlock()
			return b.in.reverts > 0 && now%(2*time.Second) > 50*time.Millisecond
		}
		if err := b.scan(t.Context()); err != nil {
			t.Fatalf("Scan() = %v: it is a finding", err)
		}
		end := b.end(t, 1)
		if end.Back != -1 || !end.LateBack(e.Journeys) || b.why() != journal.ScanLate {
			t.Errorf("back %v, late after it %+v, ended: %s", end.Back, end.LateAfter, b.why())
		}
		if len(b.scanner.ended) != 1 {
			t.Errorf("%d cells", len(b.scanner.ended))
		}
		b.checkJournal(t)
	})
}

// Only journeys of the time that is asked for count, and only those of the control are shed
// for reasons that are not the fault's.
func TestLateJourneys(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for name, tt := range map[string]struct {
		o    journal.Observation
		want journal.Lateness
	}{
		"in it":            {journal.Observation{Intended: 11 * second, Late: 512 * time.Microsecond}, journal.Lateness{P99: 0.000512}},
		"before it":        {journal.Observation{Intended: 9 * second, Late: second}, journal.Lateness{}},
		"after it":         {journal.Observation{Intended: 20 * second, Late: second}, journal.Lateness{}},
		"shed":             {journal.Observation{Intended: 11 * second, Outcome: journal.Failed, Cause: journal.Shed}, journal.Lateness{}},
		"shed, of control": {journal.Observation{Intended: 11 * second, Arm: plan.ControlArm, Outcome: journal.Failed, Cause: journal.Shed}, journal.Lateness{Shed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLateJourneys(&plan.Experiment{Journeys: []plan.Journey{{Journey: experiments.Journey{SlowAfter: second}}}})
			l.add(tt.o)
			if l.known() != nil {
				t.Error("known before it began")
			}
			l.begin(10 * second)
			l.end(20 * second)
			l.add(tt.o)
			if got := l.known(); len(got) != 1 || got[0] != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			l.clear()
			if l.known() != nil {
				t.Error("known after it was cleared")
			}
		})
	}
}

// The advice is a rate, and a lower one.
func TestSendFewerIsFewer(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]string{0.4: "=0.2/s", 1: "=0.5/s", 3: "=1/s", 25: "=12/s"} {
		if text := sendFewer(plan.Journey{Journey: experiments.Journey{Name: "checkout", Rate: rate}}); !strings.Contains(text, want) {
			t.Errorf("%g/s: %s, want %s", rate, text, want)
		}
	}
}
