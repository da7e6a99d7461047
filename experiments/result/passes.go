package result

import (
	"iter"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// seen is what is known of one journey of an experiment, from three passes.
type seen struct {
	late durations // how much later than planned it started
	// From the second pass.
	took           [2]durations // before the fault, by arm
	regular, hasty candidate    // hasty: if a guardrail ended the fault
	// From the third. The comparison was decided before it.
	comparison
	fault, ctrl, during tally    // the groups compared, and the control arm during the cohort
	before              [2]tally // in the baseline, by arm
	released            tally    // of the fault arm, after the cohort
	inFlight            Counts   // of the fault arm, when the fault came
	excess, apart       contrast // the harm of the cohort, and that of the arms before the fault
	slower              [2]contrast
	needless            contrast
	steps               stepping
	timing              timing
	lengths             lengths
	lines               [2]line // by arm
	looks               looks
	after               aftermath
	visits              [2]visits // of the dependencies, before the fault and under it
}

// observe goes through the journeys of the experiment. They may be too many to be
// held, so it does so three times: how long they usually take decides which of them
// count; what became of those of the control, what they are compared with; and then
// all is counted at once.
func (t *trial) observe(all iter.Seq2[*journal.Observation, error]) error {
	t.begun()
	t.seen = make([]seen, len(t.plan.Journeys))
	usual, err := t.first(all)
	if err != nil || !t.measured() {
		return err
	}
	t.when = t.times(usual)
	if err := t.second(all); err != nil {
		return err
	}
	return t.third(all)
}

// pass goes through all journeys once.
func (t *trial) pass(all iter.Seq2[*journal.Observation, error], look func(*seen, *journal.Observation)) error {
	for o, err := range all {
		if err != nil {
			return err
		}
		if o.Journey >= 0 && o.Journey < len(t.seen) {
			look(&t.seen[o.Journey], o)
		}
	}
	return nil
}

// first learns how late journeys started, and how long those before the fault took.
func (t *trial) first(all iter.Seq2[*journal.Observation, error]) (usual *durations, err error) {
	var before span
	if t.measured() {
		before = span{t.phaseStart(journal.Baseline), t.phaseStart(journal.Fault)}
	}
	usual = &durations{}
	return usual, t.pass(all, func(s *seen, o *journal.Observation) {
		t.late.add(o.Late)
		s.late.add(o.Late)
		if before.holds(o.Intended) {
			usual.add(o.Took)
		}
	})
}

// second learns what decides the comparison of each journey.
func (t *trial) second(all iter.Seq2[*journal.Observation, error]) error {
	for i, j := range t.plan.Journeys {
		s, cohort := &t.seen[i], t.when.cohort(j.SlowAfter)
		s.regular, s.hasty = t.candidate(cohort), t.candidate(span{cohort.from, t.when.removing})
	}
	return t.pass(all, func(s *seen, o *journal.Observation) {
		if t.when.baseline.holds(o.Intended) {
			s.took[o.Arm].add(o.Took)
		}
		s.regular.look(o)
		if t.trip != nil {
			s.hasty.look(o)
		}
	})
}

// third counts everything.
func (t *trial) third(all iter.Seq2[*journal.Observation, error]) error {
	t.counted = t.counting()
	for i := range t.seen {
		s := &t.seen[i]
		s.comparison = t.compare(i)
		t.prepare(i, s)
	}
	return t.pass(all, func(s *seen, o *journal.Observation) {
		t.flying(s, o)
		s.look(o)
	})
}

// prepare makes what the third pass fills of a journey.
func (t *trial) prepare(i int, s *seen) {
	m, j := t.when, t.plan.Journeys[i]
	fault, control := s.groups()
	s.fault, s.ctrl = tally{group: fault}, tally{group: control}
	s.during = tally{group: group{arm: plan.ControlArm, in: s.cohort}}
	s.released = tally{group: group{arm: plan.FaultArm, in: span{s.cohort.to, m.removing}}}
	s.excess, s.needless = newContrast(fault, control, harmed), newContrast(fault, control, t.needless(i))
	for _, arm := range []plan.Arm{plan.FaultArm, plan.ControlArm} {
		before := group{arm: arm, in: m.baseline}
		s.before[arm] = tally{group: before}
		s.slower[arm] = newContrast(group{arm, s.cohort, s.turns}, before, slowerThan(s.took[arm].quantile(0.9)))
		s.lines[arm] = newLine(arm, t.start.Since, m.end)
	}
	s.apart = newContrast(s.before[plan.FaultArm].group, s.before[plan.ControlArm].group, harmed)
	s.steps, s.timing = newStepping(j.Steps, s.comparison), t.timing(len(j.Steps), s.comparison)
	s.lengths = newLengths(fault, control)
	s.looks, s.after, s.visits = newLooks(s.cohort, m.baseline), newAftermath(m, t.ownHarm()), [2]visits{newVisits(t.counted.before), newVisits(t.counted.under)}
}

// look takes a journey in, in the third pass.
func (s *seen) look(o *journal.Observation) {
	for _, t := range []*tally{&s.fault, &s.ctrl, &s.during, &s.released, &s.before[o.Arm]} {
		t.look(o)
	}
	for _, c := range []*contrast{&s.excess, &s.apart, &s.needless, &s.slower[o.Arm]} {
		c.look(o)
	}
	for k := range s.visits {
		s.visits[k].look(o)
	}
	s.steps.look(o)
	s.timing.look(o)
	s.lengths.look(o)
	s.lines[o.Arm].look(o)
	s.looks.look(o)
	s.after.look(o)
}

// flying counts journeys of the fault arm that were under way when the fault came.
func (t *trial) flying(s *seen, o *journal.Observation) {
	m := t.when
	if o.Arm == plan.FaultArm && o.Intended >= m.injected-m.inflight && o.Intended < m.injected && o.Intended+o.Took > m.injected {
		s.inFlight.add(o)
	}
}

func slowerThan(limit time.Duration) func(*journal.Observation) bool {
	return func(o *journal.Observation) bool { return o.Took > limit }
}
