package result

import (
	"cmp"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A span is a half-open stretch of the run, as offsets from its start.
type span struct{ from, to time.Duration }

func (s span) contains(at time.Duration) bool { return at >= s.from && at < s.to }

// moments decide which journeys count. They are offsets from the start of the run.
type moments struct {
	from         time.Duration // the baseline began
	before       time.Duration // it was over: when the first fault was in force, or earlier if it is shared
	injected     time.Duration // the first fault was in force
	lastInjected time.Duration // the same of the last fault period, where there are several
	removing     time.Duration // removal of the last fault was asked for
	removed      time.Duration // it was proven gone
	end          time.Duration // journeys were started until then
	inForce      []stretch     // when any fault was in force
}

// A stretch is a time without a break in which some fault was in force.
type stretch struct {
	injected, removing, removed time.Duration
	cut                         bool // an interruption ended it
	early                       bool // it was meant to last longer
}

// phaseStart is -1 for a phase that did not start.
func (r *experimentRun) phaseStart(p journal.Phase) time.Duration {
	for _, e := range r.phases {
		if e.Phase == p {
			return e.Since
		}
	}
	return -1
}

// findMoments needs a measured experiment.
func (r *experimentRun) findMoments() moments {
	first, final := r.faults[0], r.faults[len(r.faults)-1]
	m := moments{injected: first.injected.Since, lastInjected: final.injected.Since}
	for _, f := range r.faults {
		if f.plan.Period == final.plan.Period {
			m.lastInjected = min(m.lastInjected, f.injected.Since)
		}
		m.injected = min(m.injected, f.injected.Since)
		m.removing = max(m.removing, f.removed.Began)
		m.removed = max(m.removed, f.removed.Since)
		m.inForce = append(m.inForce, stretch{injected: f.injected.Since, removing: f.removed.Began, removed: f.removed.Since})
	}
	m.from, m.before = r.baselineFrom(m.injected)
	m.inForce = merge(m.inForce)
	last := &m.inForce[len(m.inForce)-1]
	last.cut, last.early = r.cutInFault(), r.endedEarly()
	m.end = m.removed + r.plan.Phases.Recovery
	if r.end != nil {
		m.end = min(m.end, r.end.Since)
	}
	m.end = max(min(m.end, m.removed), r.known(m.end))
	return m
}

// injections are the moments at which faults came in force after a time without any.
func (m moments) injections() (list []time.Duration) {
	for _, s := range m.inForce {
		list = append(list, s.injected)
	}
	return list
}

// merge joins stretches that touch, in the order of time.
func merge(list []stretch) []stretch {
	slices.SortFunc(list, func(a, b stretch) int { return cmp.Compare(a.injected, b.injected) })
	merged := list[:1]
	for _, s := range list[1:] {
		if last := &merged[len(merged)-1]; s.injected <= last.removing {
			last.removing, last.removed = max(last.removing, s.removing), max(last.removed, s.removed)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// baseline is the time before the fault, for a journey that may be in flight for as
// long: one that starts later is, with a probability of one in twenty, still under way
// when the fault comes.
func (m moments) baseline(inflight time.Duration) span { return span{m.from, m.before - inflight} }

// cohort are the intended starts whose journeys count for a stretch of fault. They depend
// on nothing that the fault could change, so they are the same in both arms. Journeys
// that start within harmedAfter before the removal, their budget and their longest
// pauses, may be rescued by it. Of a fault that is meant to be shorter than twice that,
// everything counts that may have met it, and those that the removal rescues count as what
// became of them: there would be nothing left.
func (s stretch) cohort(harmedAfter, inflight time.Duration) span {
	if s.isShort(harmedAfter) {
		return span{s.injected - inflight, s.removed}
	}
	return span{s.injected, max(s.injected, s.removing-harmedAfter)}
}

func (s stretch) isShort(harmedAfter time.Duration) bool {
	return s.removing-s.injected < 2*harmedAfter && !s.early
}

// cohort is the union of those of all stretches.
func (m moments) cohort(harmedAfter, inflight time.Duration) spans {
	var list spans
	for _, s := range m.inForce {
		c := s.cohort(harmedAfter, inflight)
		if len(list) > 0 { // that of a short fault begins before it
			c.from = max(c.from, list.last())
		}
		list = append(list, c)
	}
	return list
}

// lagging leaves out of a cohort the time in which journeys still end that began before the
// fault, where they are known by their ends alone: what hangs under a fault is not counted
// before it is given up.
func (r *experimentRun) lagging(cohort spans) spans {
	list := slices.Clone(cohort)
	for i := range list {
		list[i].from = min(list[i].to, list[i].from+r.plan.Lag)
	}
	return list
}

// rescued is the same with the journeys that a removal rescued.
func (m moments) rescued() spans {
	var list spans
	for _, s := range m.inForce {
		list = append(list, span{s.injected, s.removing})
	}
	return list
}
