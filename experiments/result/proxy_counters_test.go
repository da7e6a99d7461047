package result

import (
	"math"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// longer is a story of 40 s of baseline, from 1 s on, and 40 s of fault, whose
// journeys go on to 90 s. pace is how many calls per second came at a moment.
func longer(pace func(second float64) float64) *story {
	s := newStory()
	e := &s.plan.Experiments[0]
	e.Phases.Baseline, e.Phases.Fault = 40*time.Second, 40*time.Second
	e.Faults[0].Until = e.Phases.Fault
	s.plan.System.Dependencies = []experiments.Dependency{{Name: "payments", Upstream: "http://127.0.0.1:1"}}
	s.at(0, journal.Event{Kind: journal.RunStarted, Plan: s.plan, Toxiproxy: &journal.Toxiproxy{Kind: "blastgauge", Version: "1"}})
	s.at(0, journal.Event{Kind: journal.ExperimentStarted})
	s.at(0.2, journal.Event{Kind: journal.Sampled, Detail: journal.BeforeTraffic, Traffic: carried(3)})
	s.at(1, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Baseline})
	s.count(pace, 1, journal.BeforeBaseline)
	for k := range 9 {
		s.count(pace, 5+4*float64(k), journal.InBaseline)
	}
	s.at(41, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Fault})
	s.count(pace, 41, journal.BeforeFault)
	name := e.Faults[0].Name
	s.at(41, journal.Event{Kind: journal.FaultIntended, Fault: name})
	s.at(41.01, journal.Event{Kind: journal.FaultInjected, Fault: name, Evidence: metAll})
	s.count(pace, 41.25, journal.InFault)
	for k := range 9 {
		s.count(pace, 45+4*float64(k), journal.InFault)
	}
	s.count(pace, 80.75, journal.InFault)
	s.at(81, journal.Event{Kind: journal.FaultRemoved, Fault: name, Verified: true, Began: 81 * time.Second, Evidence: metAll})
	s.count(pace, 82, journal.AfterFault)
	s.at(82, journal.Event{Kind: journal.PhaseStarted, Phase: journal.Recovery})
	s.at(90, journal.Event{Kind: journal.ExperimentEnded})
	s.at(90, journal.Event{Kind: journal.RunEnded})
	s.sendUntil(90)
	return s
}

// count adds a sample to a story: the calls that came so far, at a pace. The journal
// recorded it a while later.
func (s *story) count(pace func(float64) float64, second float64, moment string) {
	calls := 100.0
	for at := 0.0; at < second-1e-9; at += 0.01 {
		calls += 0.01 * pace(at)
	}
	e := journal.Event{Kind: journal.Sampled, Detail: moment, Traffic: carried(int64(math.Round(calls))), Began: time.Duration(second * 1e9)}
	s.at(second+0.002, e)
}

func (s *story) sendUntil(end float64) {
	for _, arm := range s.plan.Experiments[0].Arms() {
		for n := 0; float64(n)/s.rate < end; n++ {
			s.obs = append(s.obs, journal.Observation{Arm: arm, Intended: time.Duration(float64(n) / s.rate * 1e9), Took: 40 * time.Millisecond, Step: -1})
		}
	}
}

// stormsOf is the pace of 25 journeys per second that call once each, and under the fault
// three times each in every other four seconds.
func stormsOf(second float64) float64 {
	if second >= 41 && second < 81 && math.Mod(second-41, 8) < 4 {
		return 75
	}
	return 25
}

func (s *story) amplified(t *testing.T) Amplification {
	t.Helper()
	rows := s.fold(t).Experiments[0].Amplification
	if len(rows) != 1 || rows[0].Dependency != "payments" || rows[0].Unit != Calls {
		t.Fatalf("amplification = %+v, want a row for payments", rows)
	}
	return rows[0]
}

// The bounds of calls that come in bursts follow from how much their batches vary.
func TestAmplificationIsKnownFromBatches(t *testing.T) {
	t.Parallel()
	a := longer(stormsOf).amplified(t)
	near(t, "factor", a.Factor, 2, 0.05)
	if a.Method != "batch means" || a.Batches != 10 {
		t.Errorf("method %q of %d batches", a.Method, a.Batches)
	}
	// Ten batches of one and three vary by half of their mean, which is known to
	// 2.262 · ½/√9 = 0.377 on the logarithm then, and the baseline, of which a thousand
	// calls are known, to 0.062: both together to 0.382.
	near(t, "low", a.Low, 2*math.Exp(-0.382), 0.01)
	near(t, "high", a.High, 2*math.Exp(0.382), 0.01)
	if a.Storm {
		t.Errorf("%+v is no storm: it may be less than one and a half times", a)
	}
	steady := longer(func(second float64) float64 {
		if second >= 41 && second < 81 {
			return 75
		}
		return 25
	}).amplified(t)
	near(t, "factor of a steady storm", steady.Factor, 3, 0.02)
	near(t, "low of a steady storm", steady.Low, 3*math.Exp(-1.96*math.Sqrt(1.0/1000+1.0/3000)), 0.03)
	if !steady.Storm || steady.Method != "batch means" {
		t.Errorf("%+v, want a storm", steady)
	}
}

// What a fault did in its first seconds, and calls after its removal, are not
// included: batches lie between readings that were taken while it was in force.
func TestOnlyTheFaultsTimeCounts(t *testing.T) {
	t.Parallel()
	s := longer(func(second float64) float64 {
		if second >= 81 { // a herd that comes when it is over
			return 500
		}
		return 25
	})
	near(t, "factor", s.amplified(t).Factor, 1, 0.02)
}

// With too few batches, calls are taken as independent, and the method says so.
func TestFewBatchesTakeCallsAsIndependent(t *testing.T) {
	t.Parallel()
	s := longer(stormsOf)
	kept := s.events[:0]
	for _, e := range s.events {
		if e.Detail == journal.InBaseline && e.Since < 20*time.Second {
			continue
		}
		kept = append(kept, e)
	}
	s.events = kept
	a := s.amplified(t)
	near(t, "factor", a.Factor, 2, 0.05)
	if a.Method != "calls taken as independent" || a.Batches != 0 || a.Low < 1.8 {
		t.Errorf("%+v, want calls taken as independent", a)
	}
}

// A guardrail that ends a fault early leaves what was counted up to then.
func TestAFaultThatWasCutShort(t *testing.T) {
	t.Parallel()
	s := longer(func(second float64) float64 {
		if second >= 41 && second < 44 {
			return 75
		}
		return 25
	})
	kept := s.events[:0]
	for _, e := range s.events {
		switch {
		case e.Detail == journal.InFault && e.Since > 44*time.Second, e.Detail == journal.AfterFault, e.Kind == journal.FaultRemoved:
			continue
		}
		kept = append(kept, e)
	}
	s.events = kept
	s.at(44, journal.Event{Kind: journal.GuardrailTripped, Guardrail: "blast_radius", Detail: "x", Value: 0.9, Limit: 0.5})
	s.at(44.01, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true, Began: 44 * time.Second, Evidence: metAll})
	s.count(func(second float64) float64 {
		if second >= 41 && second < 44 {
			return 75
		}
		return 25
	}, 44.02, journal.AfterFault)
	a := s.amplified(t)
	near(t, "factor", a.Factor, 3, 0.1)
	if a.Method != "calls taken as independent" {
		t.Errorf("method %q", a.Method)
	}
}

// Where both arms pass the proxies, the calls of the other arm are estimated from the
// baseline, and the bounds are those of the fault arm alone.
func TestTheOtherArmsCallsInBatches(t *testing.T) {
	t.Parallel()
	s := longer(func(second float64) float64 {
		if second >= 41 && second < 81 {
			return 25 + 75
		}
		return 50
	})
	s.plan.Experiments[0].Tagged = true
	a := s.amplified(t)
	near(t, "factor", a.Factor, 3, 0.03)
	near(t, "calls per journey under the fault", a.Fault, 3, 0.03)
	near(t, "low", a.Low, 4*math.Exp(-1.96*math.Sqrt(1.0/4000+1.0/2000))-1, 0.03)
	if a.Method != "batch means" || !a.Storm {
		t.Errorf("%+v", a)
	}
}

// crossoverCounting adds samples to the crossover story, as a run takes them: one call
// per journey, and so many in the k-th fault period.
func crossoverCounting(under [4]float64) *story {
	pace := func(second float64) float64 {
		if k := int(second-faultAt) / 15; underFault(second) {
			return 25 * under[k]
		}
		if into := math.Mod(second-faultAt, 15); second >= faultAt && into >= 5 && into < 8 {
			return 250 // the system comes back
		}
		return 25
	}
	s := crossoverStory()
	s.plan.Experiments[0].Phases.Baseline = 10 * time.Second
	s.plan.System.Dependencies = []experiments.Dependency{{Name: "payments", Upstream: "http://127.0.0.1:1"}}
	end := s.events[len(s.events)-2:]
	s.events = s.events[:len(s.events)-2]
	s.count(pace, baselineAt, journal.BeforeBaseline)
	s.count(pace, faultAt-0.005, journal.BeforeFault)
	for k := range 4 {
		from := float64(faultAt + 15*k)
		for _, second := range []float64{from - 0.25, from + 0.25, from + 4.75, from + 5.25, from + 10.25} {
			if second > faultAt && second < 61 {
				s.count(pace, second, journal.InFault)
			}
		}
	}
	s.count(pace, 61, journal.AfterFault)
	s.events = append(s.events, end...)
	s.sendCrossover()
	return s
}

// Periods of control and fault in turn show how often a dependency was called, too.
func TestAmplificationOfACrossover(t *testing.T) {
	t.Parallel()
	s := crossoverCounting([4]float64{3, 3.3, 2.7, 3})
	a := s.amplified(t)
	near(t, "factor", a.Factor, 3, 0.03)
	near(t, "calls per journey without the fault", a.Baseline, 1, 0.02)
	if a.Method != "turns of control and fault" || a.Batches != 4 || !a.Storm || a.Low > 2.8 || a.High < 3.2 {
		t.Errorf("%+v, want what four turns tell", a)
	}
	calm := crossoverCounting([4]float64{1, 1, 1, 1}).amplified(t)
	if calm.Storm || calm.Low > 1 || calm.High < 1 {
		t.Errorf("%+v, although turns change nothing", calm)
	}
}

// A fault that takes long to come into force is counted from the last reading before.
func TestAFaultPeriodThatTookLongToBegin(t *testing.T) {
	t.Parallel()
	s := crossoverCounting([4]float64{3, 3, 3, 3})
	s.edit(journal.FaultInjected, func(e *journal.Event) { e.Since += 400 * time.Millisecond })
	if a := s.amplified(t); a.Batches != 4 || a.Factor < 2.5 {
		t.Errorf("%+v, want four turns", a)
	}
}

// Without counters there is no amplification.
func TestACrossoverWithoutCounters(t *testing.T) {
	t.Parallel()
	s := crossoverCounting([4]float64{3, 3, 3, 3})
	kept := s.events[:0]
	for _, e := range s.events {
		if e.Detail != journal.InFault {
			kept = append(kept, e)
		}
	}
	s.events = kept
	if rows := s.fold(t).Experiments[0].Amplification; rows != nil {
		t.Errorf("%+v, want none", rows)
	}
}
