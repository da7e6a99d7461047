package engine

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A deserting generator sends until a moment, and then no more.
type deserting struct {
	*fakeTraffic
	ended   chan struct{}
	audited bool
}

func (g *deserting) Ended() <-chan struct{} { return g.ended }

func (g *deserting) Audit() *journal.TrafficAudit {
	g.audited = true
	return &journal.TrafficAudit{Lines: 7, Ended: "it died"}
}

// Without traffic the fault is removed at once, the audit says why, and the run goes on
// with the next experiment, which measures a baseline of its own.
func TestTrafficThatEndsTakesTheFaultAlong(t *testing.T) {
	t.Parallel()
	for phase, after := range map[journal.Phase]time.Duration{
		journal.Warmup: 500 * time.Millisecond, journal.Baseline: 3 * time.Second, journal.Fault: 8 * time.Second, journal.Recovery: 17 * time.Second,
	} {
		t.Run(string(phase), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := newBench()
				second := b.plan.Experiments[0]
				second.ID, second.Faults, second.SharesBaseline = "second", []plan.Fault{newFault("blastgauge.r.2", 0, 10*time.Second)}, true
				b.plan.Experiments = append(b.plan.Experiments, second)
				makeTraffic := b.opts.Traffic
				var list []*deserting
				b.opts.Traffic = func(i int, epoch time.Time) (Generator, error) {
					g, err := makeTraffic(i, epoch)
					d := &deserting{fakeTraffic: g.(*fakeTraffic), ended: make(chan struct{})}
					if list = append(list, d); i == 0 {
						time.AfterFunc(after, func() {
							close(d.ended)
							d.Stop()
						})
					}
					return d, err
				}
				if err := b.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if b.in.harming() || len(list) != 2 || !list[0].audited || !list[1].audited {
					t.Errorf("a fault is left: %v; %d experiments", b.in.harming(), len(list))
				}
				checkDesertion(t, b.mem, phase, after)
			})
		})
	}
}

func checkDesertion(t *testing.T, m *memory, phase journal.Phase, after time.Duration) {
	t.Helper()
	var first []journal.Event
	for _, e := range m.events {
		if e.Experiment == "payments-slow" {
			first = append(first, e)
		}
	}
	end := first[len(first)-1]
	if end.Kind != journal.ExperimentEnded || end.Error != "" || end.Since < after || end.Since > after+time.Second {
		t.Errorf("it ends with %+v, want no error at %s", end, after)
	}
	index := func(k journal.Kind) int {
		return slices.IndexFunc(first, func(e journal.Event) bool { return e.Kind == k })
	}
	audit, removed := index(journal.TrafficAudited), index(journal.FaultRemoved)
	if audit < 0 || first[audit].Audit == nil || first[audit].Audit.Ended != "it died" || removed > audit {
		t.Errorf("the audit is event %d, the removal %d", audit, removed)
	}
	if injected := phase == journal.Fault || phase == journal.Recovery; (removed >= 0) != injected || (index(journal.FaultInjected) >= 0) != injected {
		t.Errorf("injected %d, removed %d", index(journal.FaultInjected), removed)
	}
	if phase == journal.Fault && (first[removed].Since > after+100*time.Millisecond || !first[removed].Verified) {
		t.Errorf("removed at %s, %+v, want at once", first[removed].Since, first[removed])
	}
	if _, own := m.find(journal.BaselineOwn); !own {
		t.Error("the next experiment takes the recovery of one without traffic for its baseline")
	}
}

// A slow generator takes its time to begin.
type slow struct {
	deserting
	started chan struct{}
}

func (g *slow) Started() <-chan struct{} { return g.started }

// No phase begins before the traffic has. Where it ends before that, so does the experiment.
func TestTrafficThatTakesItsTimeToBegin(t *testing.T) {
	t.Parallel()
	for _, dies := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench()
			makeTraffic := b.opts.Traffic
			b.opts.Traffic = func(i int, epoch time.Time) (Generator, error) {
				g, err := makeTraffic(i, epoch)
				s := &slow{deserting{fakeTraffic: g.(*fakeTraffic), ended: make(chan struct{})}, make(chan struct{})}
				time.AfterFunc(7*time.Second, func() {
					if dies {
						close(s.ended)
						s.Stop()
					} else {
						close(s.started)
					}
				})
				return s, err
			}
			if err := b.run(t.Context()); err != nil {
				t.Fatal(err)
			}
			warmup, begun := b.mem.find(journal.PhaseStarted)
			if !begun || warmup.Phase != journal.Warmup || warmup.Since < 7*time.Second {
				t.Errorf("the first phase is %+v, want warmup after 7 s", warmup)
			}
			if _, injected := b.mem.find(journal.FaultInjected); injected == dies {
				t.Errorf("dies %v: injected %v", dies, injected)
			}
		})
	}
}

// Many journeys in one observation count as many for whoever watches a run.
func TestManyJourneysInOneObservation(t *testing.T) {
	t.Parallel()
	b := newBench()
	x := newExperimentRun(&b.plan.Experiments[0], 0, &runLog{recorder: b.mem, epoch: time.Now()}, b.opts)
	seen := 0
	x.seen = func(o journal.Observation) {
		if seen++; o.Count != 0 {
			t.Errorf("one journey is seen as %d", o.Count)
		}
	}
	x.counts.startBaseline(0)
	x.observe(journal.Observation{Intended: time.Second, Took: time.Second, Outcome: journal.Failed, Count: 7})
	x.counts.endBaseline(2 * time.Second)
	if _, n := x.counts.before[plan.FaultArm][0].Share(2 * time.Second); n.N != 7 || n.Hits != 7 || seen != 7 || b.mem.seen != 1 {
		t.Errorf("%+v in the baseline, %d seen, %d recorded; want 7, 7 and 1", n, seen, b.mem.seen)
	}
}
