package result

import (
	"iter"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A journeyRecord is what is known of one journey of an experiment, from three passes
// over what became of it.
type journeyRecord struct {
	early // from the first pass
	candidates
	comparison
	outcomes
}

// early is what is known of a journey before it is known which of its executions count.
type early struct {
	late  durations // how much later than planned it started
	ended durations // how long those were in flight that started in the baseline and ended before the fault came
}

// inflight is how long a journey may be in flight: the 95th percentile of those that
// ended before the fault. One that the fault caught says nothing of how long journeys
// take. Where none ended, each may take as long as its budget and its pauses.
func (e *early) inflight(harmedAfter time.Duration) time.Duration {
	if e.ended.n() == 0 {
		return harmedAfter
	}
	return e.ended.quantile(0.95)
}

// candidates come from the second pass. They decide what a journey is compared with.
type candidates struct {
	took         [2]durations // before the fault, by arm
	usual        candidate
	earlyStopped candidate // with the journeys that the removal rescued; only if a guardrail ended the fault
}

// outcomes come from the third pass, which needs the comparison.
type outcomes struct {
	fault, control groupCounts        // the groups that are compared
	during         groupCounts        // the control arm during the cohort
	before         [2]groupCounts     // in the baseline, by arm
	beforeFault    [2]*stats.Baseline // the same as those who run experiments know it
	passes         stepPasses
	released       groupCounts // of the fault arm, after the cohort
	inFlight       Counts      // of the fault arm, when the fault came

	excess     contrast    // the harm of the cohort
	ownBefore  contrast    // the harm of the cohort against the same arm before the fault
	spillOver  contrast    // the harm of the control arm meanwhile, against its own before the fault
	armsBefore contrast    // the harm of the arms before the fault
	slower     [2]contrast // journeys slower than nine in ten were, by arm
	seconds    secondCounts
	counted    contrast // the harm of the cohort that counts for its blast radius
	beforeNeed contrast // harm at steps before any that needs what is broken
	beside     besideControl
	steps      stepHarm
	causes     causeCounts
	shares     []shareRecord // where the fault touched shares of the journeys in turns

	untimed   bool        // how long it takes is not known of each
	ending    endingRates // of one that is known by its end
	timing    timing
	endings   endings // of the fault arm under the fault
	batched   batchedDurations
	series    [2]armSeries // by arm
	guardrail guardrailBlocks
	recovery  recoveryWindow
	callers   [2]callerCounts // before the fault and under it
}

// observe reads the journeys of the experiment three times, as they may be too many
// to hold in memory. How long they usually take decides which of them count. The harm of
// the control decides what they are compared with. Then everything is counted at once.
func (r *experimentRun) observe(all iter.Seq2[*journal.Observation, error]) error {
	r.dropSparedFaults()
	r.journeys = make([]journeyRecord, len(r.plan.Journeys))
	switch {
	case r.measured():
		r.moments = r.findMoments()
	case r.harmed != nil:
		r.moments = r.baselineMoments()
	}
	if err := r.measureDurations(all); err != nil || !r.measured() && r.harmed == nil {
		return err
	}
	if err := r.fillCandidates(all); err != nil {
		return err
	}
	return r.countOutcomes(all)
}

// pass reads all journeys once.
func (r *experimentRun) pass(all iter.Seq2[*journal.Observation, error], add func(*journeyRecord, *journal.Observation)) error {
	for o, err := range all {
		if err != nil {
			return err
		}
		if o.Journey >= 0 && o.Journey < len(r.journeys) {
			add(&r.journeys[o.Journey], o)
		}
	}
	return nil
}

// measureDurations is the first pass: how late journeys started, and how long those
// before the fault took.
func (r *experimentRun) measureDurations(all iter.Seq2[*journal.Observation, error]) error {
	before := r.moments.baseline(0) // empty if nothing was measured
	return r.pass(all, func(j *journeyRecord, o *journal.Observation) {
		if o.Intended >= r.start.Since { // else it is of the experiment before
			r.addToEntry(o)
		}
		if r.plan.Measured() { // nobody knows when each began
			return
		}
		r.late.add(o.Late)
		j.late.add(o.Late)
		if before.contains(o.Intended) && o.Ended() <= before.to {
			j.ended.add(o.Ended() - o.Intended)
		}
	})
}

// fillCandidates is the second pass: what decides the comparison of each journey.
func (r *experimentRun) fillCandidates(all iter.Seq2[*journal.Observation, error]) error {
	baselines := make([]span, len(r.journeys))
	for i, p := range r.plan.Journeys {
		j := &r.journeys[i]
		inflight := j.inflight(p.HarmedAfter())
		baselines[i] = r.moments.baseline(inflight)
		j.usual = r.candidate(r.cohort(p.HarmedAfter(), inflight), baselines[i])
		j.earlyStopped = r.candidate(r.moments.rescued(), baselines[i])
	}
	return r.pass(all, func(j *journeyRecord, o *journal.Observation) {
		if baselines[o.Journey].contains(o.Intended) && !r.plan.Measured() {
			j.took[o.Arm].add(o.Took)
		}
		j.usual.add(o)
		if r.trip != nil {
			j.earlyStopped.add(o)
		}
	})
}

// countOutcomes is the third pass.
func (r *experimentRun) countOutcomes(all iter.Seq2[*journal.Observation, error]) error {
	r.batches = r.findCallBatches()
	for i := range r.journeys {
		j := &r.journeys[i]
		j.comparison = r.compare(i)
		r.prepare(i, j)
	}
	return r.pass(all, func(j *journeyRecord, o *journal.Observation) {
		r.addInFlight(j, o)
		j.add(o)
		r.addBeside(o)
	})
}

// prepare makes what the third pass fills for a journey.
func (r *experimentRun) prepare(i int, j *journeyRecord) {
	m, p := r.moments, r.plan.Journeys[i]
	if j.untimed = r.plan.Measured(); j.untimed {
		j.ending = r.newEndingRates(j)
	}
	fault, control := j.groups()
	j.fault, j.control = groupCounts{group: fault}, groupCounts{group: control}
	during := r.group(plan.ControlArm, j.cohort)
	j.during = groupCounts{group: during}
	j.passes = stepPasses{fault, m.inForce, p.Steps, make([]passCounts, len(p.Steps))}
	j.released = groupCounts{group: group{arm: plan.FaultArm, spans: r.released(j.cohort)}}
	j.excess, j.counted = newContrast(fault, control, harmed), newContrast(fault, control, r.counted(i))
	j.beforeNeed, j.beside = newContrast(fault, control, r.harmedBeforeNeed(i)), r.newBesideControl(i, j.comparison)
	for _, arm := range []plan.Arm{plan.FaultArm, plan.ControlArm} {
		before := r.group(arm, spans{j.baseline})
		j.beforeFault[arm] = stats.NewBaseline(j.baseline.from, r.plan.BatchEvery)
		j.before[arm] = groupCounts{group: before}
		slow := slowerThan(j.took[arm].quantile(0.9))
		if r.plan.Measured() {
			slow = func(*journal.Observation) bool { return false }
		}
		under := fault
		under.arm = arm
		j.slower[arm] = newContrast(under, before, slow)
		j.series[arm] = newArmSeries(arm, r.start.Since, m.end, m.injections()...)
		j.series[arm].untimed = r.plan.Measured()
	}
	j.ownBefore = newContrast(r.group(plan.FaultArm, j.cohort), j.before[plan.FaultArm].group, harmed)
	j.spillOver = newContrast(during, j.before[plan.ControlArm].group, harmed)
	j.armsBefore = newContrast(j.before[plan.FaultArm].group, j.before[plan.ControlArm].group, harmed)
	j.steps, j.timing = newStepHarm(p.Steps, j.comparison), r.newTiming(p.Steps, j.comparison)
	j.shares = r.newShareRecords(p.HarmedAfter(), j.baseline)
	j.endings = endings{of: fault}
	j.causes = r.newCauseCounts(i, j)
	j.batched, j.seconds = newBatchedDurations(fault, control), newSecondCounts(j.comparison, r.counted(i))
	j.guardrail, j.recovery = newGuardrailBlocks(j.cohort, j.baseline), newRecoveryWindow(m, r.removalHarm(), r.counted(i), r.harmedBeforeNeed(i))
	j.callers = [2]callerCounts{newCallerCounts(r.batches.before), newCallerCounts(r.batches.under)}
}

// released are the intended starts of journeys whose harm a removal may have ended.
func (r *experimentRun) released(cohort spans) spans {
	var list spans
	for _, s := range r.moments.inForce {
		if s.cut {
			continue // they were abandoned: what became of them is not known
		}
		from := s.injected
		for _, c := range cohort {
			if c.from < s.removing && c.to > s.injected {
				from = c.to
			}
		}
		if from < s.removing {
			list = append(list, span{from, s.removing})
		}
	}
	return list
}

// add counts a journey, in the third pass.
func (j *journeyRecord) add(o *journal.Observation) {
	for _, c := range []*groupCounts{&j.fault, &j.control, &j.during, &j.released, &j.before[o.Arm]} {
		c.add(o)
	}
	for _, c := range []*contrast{&j.excess, &j.ownBefore, &j.spillOver, &j.armsBefore, &j.counted, &j.beforeNeed, &j.slower[o.Arm]} {
		c.add(o)
	}
	if o.Intended < j.baseline.to {
		j.beforeFault[o.Arm].Add(o.Intended, o.Harmed(), o.Times())
	}
	for k := range j.callers {
		j.callers[k].add(o)
	}
	for k := range j.shares {
		j.shares[k].add(o)
	}
	j.steps.add(o)
	j.causes.add(o)
	j.passes.add(o)
	j.seconds.add(o)
	if j.untimed {
		j.ending.add(o)
	} else {
		j.timing.add(o)
		j.endings.add(o)
		j.batched.add(o)
	}
	j.series[o.Arm].add(o)
	j.guardrail.add(o)
	j.recovery.add(o)
}

// addBeside counts a journey for those beside which it ran.
func (r *experimentRun) addBeside(o *journal.Observation) {
	for i := range r.journeys {
		j := &r.journeys[i]
		if j.beside.names == nil {
			continue
		}
		j.beside.add(o, i == o.Journey)
		if j.beside.indices[o.Journey] {
			j.seconds.addBeside(o)
		}
	}
}

// addInFlight counts journeys of the fault arm that were under way when the fault came.
func (r *experimentRun) addInFlight(j *journeyRecord, o *journal.Observation) {
	injected := r.moments.injected
	if o.Arm == plan.FaultArm && o.Intended >= j.baseline.to && o.Intended < injected && o.Ended() > injected {
		j.inFlight.add(o)
	}
}

func slowerThan(limit time.Duration) func(*journal.Observation) bool {
	return func(o *journal.Observation) bool { return o.Took > limit }
}
