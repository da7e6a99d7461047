package result

import "time"

// faultPeriods are the periods of a repeated fault. The last may have been cut short.
func (r *experimentRun) faultPeriods() (list []stretch) {
	for k := range r.plan.Repeat {
		var period stretch
		for _, f := range r.faults {
			if f.plan.Period != k || f.injected == nil || f.removed == nil {
				continue
			}
			if period.injected == 0 || f.injected.Since < period.injected {
				period.injected = f.injected.Since
			}
			period.removing, period.removed = max(period.removing, f.removed.Began), max(period.removed, f.removed.Since)
		}
		if period.injected == 0 {
			break
		}
		list = append(list, period)
	}
	if n := len(list); n > 0 {
		list[n-1].cut, list[n-1].early = r.cutInFault(), r.endedEarly()
	}
	return list
}

// crossoverPeriods are, where control and fault took turns, the stretches whose
// journeys count for the fault, and the control period before each. The first half of
// a control period belongs to the system, which has to come back from the fault. Both
// are nil where there was only one period.
func (r *experimentRun) crossoverPeriods(harmedAfter, inflight time.Duration) (fault, control spans) {
	if r.plan.Repeat < 2 {
		return nil, nil
	}
	var removed time.Duration // when the fault period before was over
	for k, period := range r.faultPeriods() {
		before := r.moments.baseline(inflight)
		if k > 0 {
			before = span{removed + (period.injected-removed)/2, period.injected - inflight}
		}
		fault, control = append(fault, period.cohort(harmedAfter, inflight)), append(control, before)
		removed = period.removed
	}
	if len(fault) < 2 {
		return nil, nil
	}
	return r.lagging(fault), control
}
