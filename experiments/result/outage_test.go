package result

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// refusing makes the entry of the arms refuse journeys between two seconds; 0: to the end.
func refusing(s *story, address string, from, to float64, arms ...plan.Arm) {
	s.plan.System.URL, s.plan.System.ControlURL = "http://127.0.0.1:13100/shop", "http://127.0.0.1:13101"
	s.writeJournal()
	s.at(from, journal.Event{Kind: journal.HarmSeen, Cause: &journal.SeenCause{Number: 1, Journey: "checkout", Step: "browse", Class: "refused", Key: address}})
	s.send()
	for i := range s.obs {
		o := &s.obs[i]
		o.Steps = []time.Duration{time.Millisecond}
		if at := o.Intended.Seconds(); at >= from && (to == 0 || at < to) && slices.Contains(arms, o.Arm) {
			o.Outcome, o.Cause, o.Step, o.Why = journal.Failed, journal.Refused, 0, 1
		}
	}
}

func TestASystemThatDiedIsAFinding(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		story   func(*story)
		verdict Verdict
		died    bool
		outages int
	}{
		"it dies under the fault":      {func(s *story) { refusing(s, "127.0.0.1:13100", 20, 0, plan.FaultArm) }, Refuted, true, 1},
		"it dies in the recovery":      {func(s *story) { refusing(s, "127.0.0.1:13100", 35, 0, plan.FaultArm) }, Refuted, true, 1},
		"it is started anew":           {func(s *story) { refusing(s, "127.0.0.1:13100", 20, 24, plan.FaultArm) }, Inconclusive, false, 1},
		"another address refuses":      {func(s *story) { refusing(s, "127.0.0.1:9", 20, 0, plan.FaultArm) }, Refuted, false, 0},
		"its cause was not introduced": {func(s *story) { refusing(s, "127.0.0.1:13100", 20, 0, plan.FaultArm); s.forgetCauses() }, Refuted, true, 1},
		"nobody refuses":               {func(s *story) { refusing(s, "127.0.0.1:13100", 20, 20, plan.FaultArm) }, Held, false, 0},
		"both routes lead to one that dies": {func(s *story) {
			refusing(s, "127.0.0.1:13100", 20, 0, plan.FaultArm, plan.ControlArm)
			s.plan.System.ControlURL, s.plan.Experiments[0].Tagged = "", true
		}, Inconclusive, true, 1},
		"the fault is at the entry": {func(s *story) {
			refusing(s, "127.0.0.1:13100", 20, 0, plan.FaultArm)
			s.plan.System.Dependencies = []experiments.Dependency{{Name: "payments", Listen: "127.0.0.1:13100"}}
		}, Refuted, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			tt.story(s)
			e := s.fold(t).Experiments[0]
			if e.Verdict != tt.verdict || (e.ReasonCodes[0] == ReasonSystemDied) != tt.died || len(e.Outages) != tt.outages || len(e.Reasons) != len(e.ReasonCodes) {
				t.Fatalf("%s %v %q, outages %+v", e.Verdict, e.ReasonCodes, e.Reasons, e.Outages)
			}
			if tt.outages == 0 {
				return
			}
			o := e.Outages[0]
			if o.Address != "127.0.0.1:13100" || o.Lasted() != tt.died || o.Refused < leastRefused || !o.From.Equal(epoch.Add(time.Duration(o.Second*1e9))) {
				t.Errorf("outage = %+v", o)
			}
			events := 0
			for _, v := range e.Events {
				if strings.Contains(v.What, o.Address) {
					events++
				}
			}
			if want := map[bool]int{true: 1, false: 2}[tt.died]; events != want {
				t.Errorf("%d events of the outage, want %d: %+v", events, want, e.Events)
			}
			if !tt.died && (o.ToSecond < 23.9 || o.ToSecond > 24.2) {
				t.Errorf("it answers again at %g s, want 24", o.ToSecond)
			}
		})
	}
}

// forgetCauses makes a journal lack its causes.
func (s *story) forgetCauses() {
	s.events = slices.DeleteFunc(s.events, func(e journal.Event) bool { return e.Kind == journal.HarmSeen })
}

// A few refusals among answers are no outage, and journeys that began before it and end
// well after its beginning do not end it.
func TestWhatIsNoOutage(t *testing.T) {
	t.Parallel()
	e, r := &entry{address: "a"}, rand.New(rand.NewPCG(1, 1))
	at := time.Second
	for range 1000 {
		at += time.Millisecond
		if r.Float64() < 0.2 {
			e.refuse(at)
		} else {
			e.answer(at)
		}
	}
	e.answer(at)
	if len(e.ended) != 0 || e.open != nil {
		t.Errorf("%+v", e)
	}
	for i := range 10 {
		e.refuse(2*time.Minute + time.Duration(i))
		e.answer(time.Minute) // it began before
	}
	if e.open == nil || e.open.refused != 10 {
		t.Errorf("%+v", e.open)
	}
	for i := range 10_000 { // bounded
		for range leastRefused {
			e.refuse(time.Hour + time.Duration(2*i))
		}
		e.answer(time.Hour + time.Duration(2*i+1))
	}
	if len(e.ended) > mostOutages {
		t.Errorf("%d outages", len(e.ended))
	}
}

// An invariant that is judged at once and settles by itself gets a hint; one that has
// time to settle, that stays broken or that held gets none.
func TestAnInvariantThatSettlesByItself(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		within        time.Duration
		during, after float64
		want          bool
	}{
		"settles":           {0, 2, 0, true},
		"has time to":       {time.Second, 2, 0, false},
		"stays broken":      {0, 2, 1, false},
		"held all the time": {0, 0, 0, false},
	} {
		s := newStory()
		s.plan.Experiments[0].Invariants = []experiments.Invariant{{Name: "ledger", Within: tt.within}}
		s.writeJournal()
		for phase, n := range map[journal.Phase]float64{journal.Baseline: 0, journal.Fault: tt.during, journal.Recovery: tt.after} {
			s.at(20, journal.Event{Kind: journal.InvariantChecked, Phase: phase, Check: &journal.CheckResult{Invariant: "ledger", Holds: n == 0, Violations: n}})
		}
		e := s.fold(t).Experiments[0]
		hinted := slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "within: 10s") })
		if e.Invariants[0].SettledItself != tt.want || hinted != tt.want {
			t.Errorf("%s: %+v, warnings %q", name, e.Invariants[0], e.Warnings)
		}
	}
}
