package result

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A span is a half-open stretch of the run, as offsets from its start.
type span struct{ from, to time.Duration }

func (s span) contains(at time.Duration) bool { return at >= s.from && at < s.to }

// moments decide which journeys count. They are offsets from the start of the run.
type moments struct {
	baseline     span
	injected     time.Duration // the first fault was in force
	lastInjected time.Duration // the same of the last fault period, where there are several
	removing     time.Duration // removal of the last fault was asked for
	removed      time.Duration // it was proven gone
	end          time.Duration // journeys were started until then
	inflight     time.Duration // how long a journey may be in flight: the baseline's 95th percentile
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

// findMoments needs a measured experiment, and how long its journeys usually take.
func (r *experimentRun) findMoments(usual *durations) moments {
	first, last := r.faults[0], r.faults[len(r.faults)-1]
	m := moments{injected: first.injected.Since, lastInjected: last.injected.Since}
	for _, f := range r.faults {
		if f.plan.Period == last.plan.Period {
			m.lastInjected = min(m.lastInjected, f.injected.Since)
		}
		m.injected = min(m.injected, f.injected.Since)
		m.removing = max(m.removing, f.removed.Began)
		m.removed = max(m.removed, f.removed.Since)
	}
	from := r.phaseStart(journal.Baseline)
	// A journey that starts this long before the fault is, with a probability of one
	// in twenty, still under way when it comes.
	m.inflight = usual.quantile(0.95)
	m.baseline = span{from, m.injected - m.inflight}
	m.end = m.removed + r.plan.Phases.Recovery
	if r.end != nil {
		m.end = min(m.end, r.end.Since)
	}
	return m
}

// cohort is the stretch of intended starts whose journeys count for the fault.
// It depends on nothing that the fault could change, so it is the same in both
// arms. Journeys that start later may be rescued by the removal.
func (m moments) cohort(slowAfter time.Duration) span {
	return span{m.injected - m.inflight, m.removing - slowAfter}
}
