package plan

import (
	"cmp"
	"slices"
	"time"
)

// A stretch is a time of intended starts, since the baseline began.
type stretch struct{ from, to time.Duration }

func length(list []stretch) (sum time.Duration) {
	for _, s := range list {
		sum += max(0, s.to-s.from)
	}
	return sum
}

// A cohort is when journeys start that will count, as a result counts them: under the
// fault, and in the control.
type cohort struct {
	fault, control []stretch
}

// cohort foresees which journeys of j count. How long they are in flight is known from
// the last run, if at all.
func (e Experiment) cohort(j Journey) cohort {
	if e.Repeat > 1 {
		return e.turns(j)
	}
	c := cohort{control: []stretch{{0, e.Phases.Baseline - e.inFlight(j)}}}
	if e.Turns != nil { // the limits are judged at the largest share
		c.fault = e.atShare(j, e.LargestShare())
		return c
	}
	for _, s := range e.inForce() {
		c.fault = append(c.fault, e.lagging(s.cohort(j)))
	}
	if e.Control == Concurrent {
		c.control = c.fault
	}
	return c
}

// turns are the cohorts of the turns of fault and control. The first half of each
// baseline period after a fault period does not count: the system may still be
// recovering.
func (e Experiment) turns(j Journey) (c cohort) {
	var removed time.Duration
	for k := range e.Repeat {
		start := e.Phases.Baseline + time.Duration(k)*(e.FaultPeriod+e.Phases.Baseline)
		period := stretch{start + e.FaultPeriod, start}
		for _, f := range e.Faults {
			if f.Period == k {
				period.from, period.to = min(period.from, e.Phases.Baseline+f.At), max(period.to, e.Phases.Baseline+f.Until)
			}
		}
		before := stretch{0, period.from - e.inFlight(j)}
		if k > 0 {
			before.from = removed + (period.from-removed)/2
		}
		c.fault, c.control, removed = append(c.fault, e.lagging(period.cohort(j))), append(c.control, before), period.to
	}
	return c
}

// inForce are the times in which any fault is in force.
func (e Experiment) inForce() (list []stretch) {
	faults := slices.SortedFunc(slices.Values(e.Faults), func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	for _, f := range faults {
		s := stretch{e.Phases.Baseline + f.At, e.Phases.Baseline + f.Until}
		if n := len(list); n > 0 && s.from <= list[n-1].to {
			list[n-1].to = max(list[n-1].to, s.to)
			continue
		}
		list = append(list, s)
	}
	return list
}

// cohort are the starts that count of a fault that is in force for this stretch: until
// slow_after, and the longest pauses, before its removal, which may rescue later ones. Of a fault that is shorter
// than twice that, all count that may meet it.
func (s stretch) cohort(j Journey) stretch {
	if s.to-s.from < 2*j.HarmedAfter() {
		return stretch{s.from - j.inFlight(), s.to}
	}
	return stretch{s.from, s.to - j.HarmedAfter()}
}

// ArmRate is how many journeys of j an arm sends per second.
func (e Experiment) ArmRate(j Journey) float64 { return j.Rate / float64(len(e.Arms())) }

// Cohort returns how many journeys of j are expected to count in the fault arm and
// in its control.
func (e Experiment) Cohort(j Journey) (fault, control int) {
	c := e.cohort(j)
	rate := e.ArmRate(j)
	return int(rate * e.LargestShare() * length(c.fault).Seconds()), int(rate * length(c.control).Seconds())
}

// armBaseline returns how many journeys of j are expected in each arm during the
// baseline, which shows that the arms are alike before the fault.
func (e Experiment) armBaseline(j Journey) int {
	return int(e.ArmRate(j) * (e.Phases.Baseline - e.inFlight(j)).Seconds())
}
