package result

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// interruptAt ends the story at a second, as a signal does: the fault is removed, then
// the journal learns why. Journeys in flight are abandoned; of these only those that are
// beyond their budget are observed.
func (s *story) interruptAt(second float64) {
	s.writeJournal()
	s.events = slices.DeleteFunc(s.events, func(e journal.Event) bool { return e.Since.Seconds() > second })
	injected := slices.ContainsFunc(s.events, func(e journal.Event) bool { return e.Kind == journal.FaultInjected })
	removed := slices.ContainsFunc(s.events, func(e journal.Event) bool { return e.Kind == journal.FaultRemoved })
	at := time.Duration(second * float64(time.Second))
	if injected && !removed {
		s.at(second+0.02, journal.Event{Kind: journal.FaultRemoved, Fault: "blastgauge.r.1", Verified: true, Began: at, Evidence: metAll})
	}
	s.at(second+0.03, journal.Event{Kind: journal.Interrupted, Detail: "INT"})
	s.events[len(s.events)-1].Experiment = ""
	s.at(second+0.04, journal.Event{Kind: journal.ExperimentEnded, Error: "interrupted: INT received"})
	s.at(second+0.04, journal.Event{Kind: journal.RunEnded, Error: "interrupted: INT received"})
	s.send()
	s.obs = slices.DeleteFunc(s.obs, func(o journal.Observation) bool { return o.Intended >= at })
	for i := range s.obs {
		o := &s.obs[i]
		if o.Took > time.Second && o.Outcome == journal.OK {
			o.Outcome, o.Step = journal.Slow, 0
		}
		if o.Intended+o.Took > at && at-o.Intended >= time.Second {
			o.Outcome, o.Cause, o.Step, o.Took = journal.Slow, journal.TooSlow, 0, at-o.Intended
		}
	}
	s.obs = slices.DeleteFunc(s.obs, func(o journal.Observation) bool { return o.Intended+o.Took > at })
}

func TestAnInterruptedExperimentKeepsWhatItMeasured(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		at    float64
		story func(*story)
		want  Verdict
		code  ReasonCode
		low   float64 // of the blast radius, at the least; NaN: there is none
	}{
		"in the warm-up":                       {0.5, func(*story) {}, NotRun, ReasonInterrupted, math.NaN()},
		"in the baseline":                      {6, func(*story) {}, NotRun, ReasonInterrupted, math.NaN()},
		"in the fault, harmed":                 {faultAt + 10, func(s *story) { s.harm = duringFault(0.8) }, Refuted, ReasonHarmful, 0.4},
		"in the fault, unharmed":               {faultAt + 10, func(*story) {}, Inconclusive, ReasonInterrupted, -1},
		"at once":                              {faultAt + 0.5, func(s *story) { s.harm = duringFault(0.8) }, Invalid, ReasonInterrupted, math.NaN()},
		"in the fault, little harm":            {faultAt + 10, func(s *story) { s.harm = duringFault(0.08) }, Inconclusive, ReasonInterrupted, -1},
		"in the recovery, harmed":              {removedAt + 3, func(s *story) { s.harm = duringFault(0.3) }, Refuted, ReasonHarmful, 0.2},
		"in the recovery, unharmed":            {removedAt + 3, func(*story) {}, Inconclusive, ReasonInterrupted, -1},
		"in the fault of a harmed baseline":    {faultAt + 10, func(s *story) { s.harm = func(plan.Arm, float64) float64 { return 0.2 } }, Invalid, ReasonBaselineHarmed, -1},
		"in the fault, on one route, harmed":   {faultAt + 10, func(s *story) { s.plan.Experiments[0].Control = plan.Baseline; s.harm = duringFault(0.8) }, Refuted, ReasonHarmful, 0.3},
		"in the fault, on one route, a little": {faultAt + 10, func(s *story) { s.plan.Experiments[0].Control = plan.Baseline; s.harm = duringFault(0.09) }, Inconclusive, ReasonInterrupted, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			tt.story(s)
			s.interruptAt(tt.at)
			r := s.fold(t)
			e := r.Experiments[0]
			if e.Verdict != tt.want || e.ReasonCodes[0] != tt.code || !e.HasReason(ReasonInterrupted) {
				t.Errorf("%s because of %s: %q", e.Verdict, e.ReasonCodes, e.Reasons)
			}
			if r.Run.Outcome != Interrupted || r.Run.ExitCode != ExitINT {
				t.Errorf("the run is %s, exit code %d", r.Run.Outcome, r.Run.ExitCode)
			}
			b := e.BlastRadius
			switch {
			case math.IsNaN(tt.low) != (b == nil):
				t.Errorf("blast radius = %+v", b)
			case b != nil && (b.Low < tt.low || b.Low > b.Estimate || b.Estimate > b.High):
				t.Errorf("blast radius = %+v, want its lower end at %g at the least", b, tt.low)
			}
		})
	}
}

// The interval of a fault phase that somebody ended holds at the moment that they chose;
// that of one that ended as planned is the usual one.
func TestAnInterruptionInTheFaultWidensTheInterval(t *testing.T) {
	t.Parallel()
	for _, control := range []plan.Control{plan.Concurrent, plan.Baseline} {
		usual, cut, later := newStory(), newStory(), newStory()
		for _, s := range []*story{usual, cut, later} {
			s.plan.Experiments[0].Control, s.harm = control, duringFault(0.3)
		}
		cut.interruptAt(removedAt - 0.5)
		later.interruptAt(removedAt + 2)
		whole, early, late := usual.fold(t).Experiments[0], cut.fold(t).Experiments[0], later.fold(t).Experiments[0]
		a, b, c := whole.BlastRadius, early.BlastRadius, late.BlastRadius
		if b.High-b.Low <= (a.High-a.Low)*1.1 || !strings.Contains(b.Method, "an interruption stopped the fault") {
			t.Errorf("%s: %+v is not wider than %+v", control, b, a)
		}
		if c.Low != a.Low || c.High != a.High || c.Method != a.Method {
			t.Errorf("%s: interrupted after the fault: %+v, want %+v", control, c, a)
		}
		for i, s := range whole.Journeys[0].Steps {
			x, y := early.Journeys[0].Steps[i], late.Journeys[0].Steps[i]
			if s.High > s.Low && x.High-x.Low <= (s.High-s.Low)*1.1 || y.Low != s.Low || y.High != s.High {
				t.Errorf("%s: step %s: %+v, cut %+v, cut later %+v", control, s.Name, s, x, y)
			}
		}
	}
}

// Journeys that hang when the run is interrupted count for what is certain: those beyond
// their budget are harmed. Of younger ones nothing is known, so their time does not count
// in either arm.
func TestJourneysThatHungAtAnInterruptionAreHarm(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.took = func(arm plan.Arm, second float64) time.Duration {
		if arm == plan.FaultArm && second >= faultAt && second < removedAt && int(second*25)%2 == 0 {
			return 3 * time.Second
		}
		return 40 * time.Millisecond
	}
	s.interruptAt(faultAt + 8)
	e := s.fold(t).Experiments[0]
	j := e.Journeys[0]
	if n := j.Arms.Fault.Journeys; n != 175 || j.Arms.Fault.Harmed() < 80 || j.Arms.Control.Journeys != n {
		t.Errorf("arms = %+v, %+v, want the journeys of 7 s, half of them harmed", j.Arms.Fault, j.Arms.Control)
	}
	if e.Verdict != Refuted || math.Abs(e.BlastRadius.Estimate-0.5) > 0.05 || j.Released != nil {
		t.Errorf("%s, %+v, released %+v", e.Verdict, e.BlastRadius, j.Released)
	}
}

// What is known of the recovery is what was watched: an interruption censors it, and
// fewer steps do not make less show that harm is over.
func TestAnInterruptionCensorsTheRecovery(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.5)
	s.interruptAt(removedAt + 3)
	e := s.fold(t).Experiments[0]
	rec := e.Recovery
	if rec == nil || !rec.Censored || rec.Seconds > 2.1 || rec.Seconds < 1.4 {
		t.Fatalf("recovery = %+v, want one that was watched for 2 s: the last second's journeys are not known", rec)
	}
	if c := e.Criterion(RecoveryCriterion, ""); c.Verdict != Inconclusive {
		t.Errorf("recovery is %s: %s", c.Verdict, c.Detail)
	}
	if e.Phases[len(e.Phases)-1].Name != "recovery" || !slices.ContainsFunc(e.Events, func(v Event) bool { return strings.Contains(v.What, "interrupted") }) {
		t.Errorf("phases %+v, events %+v", e.Phases, e.Events)
	}
}

// An interruption in the middle of the suite leaves the experiments before it as they
// are, and those after it not run.
func TestAnInterruptionConcernsOneExperiment(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = duringFault(0.3)
	s.plan.Experiments = append(s.plan.Experiments, s.plan.Experiments[0])
	s.plan.Experiments[1].ID = "second"
	s.writeJournal()
	s.events = s.events[:len(s.events)-1]
	s.at(endAt, journal.Event{Kind: journal.ExperimentStarted})
	s.at(endAt+1, journal.Event{Kind: journal.Interrupted, Detail: "TERM"})
	s.at(endAt+1, journal.Event{Kind: journal.ExperimentEnded, Error: "interrupted"})
	for i := range s.events[len(s.events)-3:] {
		s.events[len(s.events)-3+i].Experiment = "second"
	}
	s.events[len(s.events)-2].Experiment = ""
	s.at(endAt+1, journal.Event{Kind: journal.RunEnded, Error: "interrupted"})
	r := s.fold(t)
	if a, b := r.Experiments[0], r.Experiments[1]; a.Verdict != Refuted || a.HasReason(ReasonInterrupted) || b.Verdict != NotRun || r.Run.ExitCode != ExitTERM {
		t.Errorf("%s (%v), %s, exit code %d", a.Verdict, a.ReasonCodes, b.Verdict, r.Run.ExitCode)
	}
}

// Of several faults those that were still to come do not count where the fault phase
// ended early, for whatever reason.
func TestFaultsThatNeverCame(t *testing.T) {
	t.Parallel()
	second := func(s *story) {
		f := s.plan.Experiments[0].Faults[0]
		f.Name, f.Into, f.At = "blastgauge.r.2", "carts", 15*time.Second
		s.plan.Experiments[0].Faults = append(s.plan.Experiments[0].Faults, f)
		s.harm = duringFault(0.8)
	}
	interrupted, tripped := newStory(), newStory()
	second(interrupted)
	interrupted.interruptAt(faultAt + 10)
	second(tripped)
	tripped.writeJournal()
	tripped.at(faultAt+10, journal.Event{Kind: journal.GuardrailTripped, Guardrail: "blast_radius", Value: 0.8, Limit: 0.36, Detail: "80%"})
	tripped.edit(journal.FaultRemoved, func(e *journal.Event) {
		e.Since, e.Began = (faultAt+10)*time.Second, (faultAt+10)*time.Second
	})
	for name, s := range map[string]*story{"interrupted": interrupted, "tripped": tripped} {
		e := s.fold(t).Experiments[0]
		if e.Verdict != Refuted || len(e.Faults) != 1 || !slices.ContainsFunc(e.Warnings, func(w string) bool { return strings.Contains(w, "into carts was never in force") }) {
			t.Errorf("%s: %s %q, %d faults, warnings %q", name, e.Verdict, e.Reasons, len(e.Faults), e.Warnings)
		}
	}
}

// An experiment that ended with its baseline says why, with the numbers of the journeys
// that it was seen by; nothing else is said of it.
func TestABrokenBaselineEndsTheExperiment(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.harm = func(plan.Arm, float64) float64 { return 0.3 }
	s.writeJournal()
	s.events = slices.DeleteFunc(s.events, func(e journal.Event) bool { return e.Since.Seconds() > 5 })
	s.at(faultAt, journal.Event{Kind: journal.BaselineHarmed, Detail: "checkout: 75 of 250 of the fault arm were harmed in the baseline", Value: 0.25, Limit: 0.02})
	s.at(faultAt+0.1, journal.Event{Kind: journal.ExperimentEnded})
	s.at(faultAt+0.1, journal.Event{Kind: journal.RunEnded})
	s.send()
	s.obs = slices.DeleteFunc(s.obs, func(o journal.Observation) bool { return o.Intended > faultAt*time.Second })
	r := s.fold(t)
	e := r.Experiments[0]
	if e.Verdict != Invalid || r.Run.ExitCode != ExitInvalid || len(e.ReasonCodes) != 2 || e.ReasonCodes[0] != ReasonBaselineHarmed || !slices.Equal(e.Void, []ReasonCode{ReasonBaselineHarmed}) {
		t.Errorf("%s, exit code %d, %v %q, void %v", e.Verdict, r.Run.ExitCode, e.ReasonCodes, e.Reasons, e.Void)
	}
	j := e.Journeys[0]
	if j.Baseline.Fault.Journeys < 240 || j.Baseline.Fault.Harmed() < 50 || j.Baseline.Control == nil || j.Arms.Fault.Journeys != 0 || j.BlastRadius != nil || len(j.Steps) != 0 {
		t.Errorf("journey = %+v", j)
	}
	if len(j.Causes) != 1 || j.Causes[0].Baseline.Fault != j.Baseline.Fault.Harmed() || j.Causes[0].Step != "pay" {
		t.Errorf("causes = %+v, want what harmed the baseline", j.Causes)
	}
	if f := e.Faults[0]; f.Intended || !f.Injected.IsZero() || f.Exercised.Unmet != UnmetNotInjected {
		t.Errorf("fault = %+v", f)
	}
	if len(e.Criteria) != 0 || e.BlastRadius != nil || e.Recovery != nil || len(e.Events) != 1 {
		t.Errorf("criteria %v, %+v, %+v, events %v", e.Criteria, e.BlastRadius, e.Recovery, e.Events)
	}

	for i := range s.obs {
		s.obs[i].Late = time.Second // a tenth of slow_after may pass
	}
	if e := s.fold(t).Experiments[0]; e.Verdict != Invalid || e.ReasonCodes[0] != ReasonBaselineHarmed || e.ReasonCodes[len(e.ReasonCodes)-1] != ReasonTooBusy {
		t.Errorf("by late traffic: %s %v, want also that this machine was too busy", e.Verdict, e.ReasonCodes)
	}

	s.obs = slices.DeleteFunc(s.obs, func(o journal.Observation) bool { return o.Outcome != journal.OK }) // the record decides
	if e := s.fold(t).Experiments[0]; e.Verdict != Invalid || e.ReasonCodes[0] != ReasonBaselineHarmed || !strings.Contains(e.Reasons[0], "75 of 250") {
		t.Errorf("%s %q", e.Verdict, e.Reasons)
	}
}
