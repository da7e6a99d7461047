package result

import (
	"slices"
	"time"
)

// begun leaves out the turns of a repeated fault that an early end of it has spared
// the system.
func (t *trial) begun() {
	if t.plan.Repeat < 2 || t.trip == nil && t.vanished == nil {
		return
	}
	t.faults = slices.DeleteFunc(t.faults, func(f *faultRecord) bool { return f.intended == nil && f.plan.Cycle > 0 })
}

// cycles are the turns of a repeated fault: when each was injected, and when its
// removal was asked for and proven. The last may have been cut short.
func (t *trial) cycles() (list []times) {
	for k := range t.plan.Repeat {
		var one times
		for _, f := range t.faults {
			if f.plan.Cycle != k || f.injected == nil || f.removed == nil {
				continue
			}
			if one.injected == 0 || f.injected.Since < one.injected {
				one.injected = f.injected.Since
			}
			one.removing, one.removed = max(one.removing, f.removed.Began), max(one.removed, f.removed.Since)
		}
		if one.injected == 0 {
			break
		}
		list = append(list, one)
	}
	return list
}

// turns are, where control and fault took turns, the stretches whose journeys count
// for the fault, and the stretch of control before each. Of a stretch after a turn
// of the fault the first half is left for the system to come back. Both are nil
// where there was but one.
func (t *trial) turns(m times, slowAfter time.Duration) (fault, control []span) {
	if t.plan.Repeat < 2 {
		return nil, nil
	}
	var last time.Duration // when the turn before was over
	for k, one := range t.cycles() {
		one.inflight = m.inflight
		before := m.baseline
		if k > 0 {
			before = span{last + (one.injected-last)/2, one.injected - m.inflight}
		}
		fault, control = append(fault, one.cohort(slowAfter)), append(control, before)
		last = one.removed
	}
	if len(fault) < 2 {
		return nil, nil
	}
	return fault, control
}
