package result

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// reasons collects why a measurement cannot be trusted.
type reasons []reason

func (list *reasons) add(code ReasonCode, format string, args ...any) {
	*list = append(*list, reason{code, fmt.Sprintf(format, args...)})
}

// distrust lists why the measurement cannot be trusted, most important first.
func (r *experimentRun) distrust(e *Experiment) []reason {
	why := r.distrustTraffic()
	if r.vanished != nil {
		why.add(ReasonFaultVanished, "the fault vanished in the middle: %s", r.vanished.Detail)
	}
	why = append(why, r.distrustMeasured()...)
	why = append(why, onTooFew(e.Faults)...)
	// A system that fails anyway may not call the dependency any more, so this comes
	// before whether the fault met traffic.
	for i, p := range r.plan.Journeys {
		why = append(why, harmedBefore(p, &r.journeys[i], r.plan.Arms(), e.Limits.Baseline)...)
	}
	for i := range e.Faults {
		if x := e.Faults[i].Exercised; x.Grade == GradeNo {
			why.add(ReasonNotExercised, "fault not exercised: %s into %s: %s", e.Faults[i].Inject, e.Faults[i].Into, x.Note)
		}
		if !e.Faults[i].RemovalVerified {
			why.add(ReasonRemovalUnverified, "the removal of %s from %s could not be verified", e.Faults[i].Inject, e.Faults[i].Into)
		}
	}
	for i, p := range r.plan.Journeys {
		why = append(why, r.distrustJourney(p, &r.journeys[i])...)
	}
	return why
}

// distrustJourneys lists why the journeys cannot be trusted, whoever sent or counted them.
func (r *experimentRun) distrustJourneys() []reason {
	return append(r.distrustTraffic(), r.distrustMeasured()...)
}

// harmedBefore lists the arms of a journey that were harmed before the fault. limit is
// the share of journeys that may be.
func harmedBefore(p plan.Journey, j *journeyRecord, arms []plan.Arm, limit float64) []reason {
	var why reasons
	for _, arm := range arms {
		before := j.before[arm].Counts
		if w, _ := j.beforeFault[arm].Share(j.baseline.to); before.Journeys > 0 && w.Low > limit {
			why.add(ReasonBaselineHarmed, "%s: %s of the %s arm were harmed already before the fault (%d of %d; at most %s allowed)",
				p.Name, percent(w.Estimate), arm, before.Harmed(), before.Journeys, percent(limit))
		}
	}
	return why
}

// distrustJourney lists why else the measurement of one journey cannot be trusted.
func (r *experimentRun) distrustJourney(p plan.Journey, j *journeyRecord) []reason {
	var why reasons
	arms := r.plan.Arms()
	why = append(why, r.heldUp(p, j)...)
	if shed := j.control.FailedBy.Shed; shed > 0 {
		lack := ": too many were in flight"
		switch {
		case len(r.command) > 0:
			lack = ", as " + r.sender() + " says"
		case p.Data != nil:
			lack += ", or no row of " + cutTo(p.Data.File, journal.MaxKey) + " was free"
		}
		why.add(ReasonControlShed, "%s: %d journeys of the control could not be started%s", p.Name, shed, lack)
	}
	if fault, ctrl := j.fault.Journeys, j.control.Journeys; min(fault, ctrl) == 0 {
		why.add(ReasonTooFewJourneys, "%s: too few journeys: %d in the fault arm and %d in the control", p.Name, fault, ctrl)
	}
	if len(arms) > 1 {
		if d := j.armsBefore.difference(); d.Low > tolerance || d.High < -tolerance {
			why.add(ReasonArmsDiffer, "%s: the arms differ already before the fault: %s harmed in the fault arm, %s in control",
				p.Name, percent(j.before[plan.FaultArm].harm().Share()), percent(j.before[plan.ControlArm].harm().Share()))
		}
	}
	return why
}

// sender names who sends the journeys, within a sentence.
func (r *experimentRun) sender() string {
	if len(r.command) > 0 {
		return "the program that sends"
	}
	return "this machine"
}

// heldUp is why a journey that was sent too late says nothing of the system.
func (r *experimentRun) heldUp(p plan.Journey, j *journeyRecord) []reason {
	var why reasons
	if late := j.late.lateness(); late != nil && p.TooLate(late.P99) {
		why.add(ReasonTooBusy, "%s: traffic was late: %s held one journey in a hundred up for %.0f ms or more, before its start or while its answers were judged (at most %.0f ms, a tenth of slow_after, are allowed): it is too busy: lower the rate, or give it less other work",
			p.Name, r.sender(), late.P99*1000, 1000*p.MostLate().Seconds())
	}
	return why
}
