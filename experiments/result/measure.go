package result

import (
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// A span is a half-open stretch of the run, as offsets from its start.
type span struct{ from, to time.Duration }

func (s span) holds(at time.Duration) bool { return at >= s.from && at < s.to }

// times are the moments that decide which journeys count.
type times struct {
	baseline span
	injected time.Duration // the first fault was in force
	turned   time.Duration // the same of the last turn, where there are several
	removing time.Duration // removal of the last fault was asked for
	removed  time.Duration // it was proven gone
	end      time.Duration // journeys were started until then
	inflight time.Duration // W: the baseline's 95th percentile of durations
}

// measured tells whether the experiment got as far as a removed fault.
func (t *trial) measured() bool {
	for _, f := range t.faults {
		if f.injected == nil || f.removed == nil || f.removed.Seq == 0 { // 0: undone after the run had died
			return false
		}
	}
	return len(t.faults) > 0 && t.phaseStart(journal.Baseline) >= 0
}

// phaseStart is -1 for a phase that did not start.
func (t *trial) phaseStart(p journal.Phase) time.Duration {
	for _, e := range t.phases {
		if e.Phase == p {
			return e.Since
		}
	}
	return -1
}

// times needs a measured trial.
func (t *trial) times() times {
	first, last := t.faults[0], t.faults[len(t.faults)-1]
	m := times{injected: first.injected.Since, turned: last.injected.Since}
	for _, f := range t.faults {
		if f.plan.Cycle == last.plan.Cycle {
			m.turned = min(m.turned, f.injected.Since)
		}
		m.injected = min(m.injected, f.injected.Since)
		m.removing = max(m.removing, f.removed.Began)
		m.removed = max(m.removed, f.removed.Since)
	}
	from := t.phaseStart(journal.Baseline)
	m.inflight = t.slowestUsual(span{from, t.phaseStart(journal.Fault)})
	m.baseline = span{from, m.injected - m.inflight}
	m.end = m.removed + t.plan.Phases.Recovery
	if t.end != nil {
		m.end = min(m.end, t.end.Since)
	}
	return m
}

// slowestUsual is W: a journey that starts this long before the fault is, with
// a probability of one in twenty, still under way when it comes.
func (t *trial) slowestUsual(in span) time.Duration {
	var took []time.Duration
	for _, list := range t.observed {
		for _, o := range list {
			if in.holds(o.Intended) {
				took = append(took, o.Took)
			}
		}
	}
	slices.Sort(took)
	return stats.Quantile(took, 0.95)
}

// cohort is the stretch of intended starts whose journeys count for the fault.
// It depends on nothing that the fault could change, so it is the same in both
// arms. Journeys that start later may be rescued by the removal.
func (m times) cohort(slowAfter time.Duration) span {
	return span{m.injected - m.inflight, m.removing - slowAfter}
}

// tally counts the journeys of an arm that were intended to start in a span.
func tally(list []journal.Observation, arm plan.Arm, in span) Counts {
	var c Counts
	for _, o := range list {
		if o.Arm == arm && in.holds(o.Intended) {
			c.add(o)
		}
	}
	return c
}

// tally counts the journeys of a group.
func (g group) tally(list []journal.Observation) Counts {
	var c Counts
	for _, o := range list {
		if o.Arm == g.arm && g.holds(o.Intended) {
			c.add(o)
		}
	}
	return c
}

func (c *Counts) add(o journal.Observation) {
	c.Journeys++
	switch o.Outcome {
	case journal.OK:
		c.OK++
	case journal.Slow:
		c.Slow++
	case journal.Wrong:
		c.Wrong++
	case journal.Failed:
		c.Failed++
		switch o.Cause {
		case journal.Timeout:
			c.FailedBy.Timeout++
		case journal.Status:
			c.FailedBy.Status++
		case journal.Shed:
			c.FailedBy.Shed++
		default:
			c.FailedBy.Error++
		}
	}
}

func (c Counts) harm() stats.Count { return stats.Count{Hits: c.Harmed(), N: c.Journeys} }

// inFlight counts journeys of the fault arm that were under way when the fault
// came.
func inFlight(list []journal.Observation, m times) Counts {
	var c Counts
	for _, o := range list {
		if o.Arm == plan.FaultArm && o.Intended >= m.injected-m.inflight && o.Intended < m.injected && o.Intended+o.Took > m.injected {
			c.add(o)
		}
	}
	return c
}

// maxBuckets bounds a series, and with it the size of reports. Whoever needs
// more has the observations.
const maxBuckets = 50

// series cuts an experiment of any length into at most maxBuckets buckets of a
// round width.
func series(list []journal.Observation, start, end time.Duration, arms []plan.Arm) Series {
	width := bucketWidth(end - start)
	n := max(0, int((end-start+width-1)/width))
	s := Series{Bucket: seconds(width), Fault: fill(list, plan.FaultArm, start, width, n)}
	if slices.Contains(arms, plan.ControlArm) {
		s.Control = fill(list, plan.ControlArm, start, width, n)
	}
	return s
}

// bucketWidth is the shortest round width of which maxBuckets suffice.
func bucketWidth(total time.Duration) time.Duration {
	for _, s := range []time.Duration{1, 2, 5, 10, 15, 20, 30, 60} {
		if total <= maxBuckets*s*time.Second {
			return s * time.Second
		}
	}
	minutes := total / (maxBuckets * time.Minute)
	return (minutes + 1) * time.Minute
}

func fill(list []journal.Observation, arm plan.Arm, start, width time.Duration, n int) []Bucket {
	buckets, took := make([]Bucket, n), make([][]time.Duration, n)
	for _, o := range list {
		i := int((o.Intended - start) / width)
		if o.Arm != arm || o.Intended < start || i >= n {
			continue
		}
		buckets[i].Journeys++
		if o.Harmed() {
			buckets[i].Harmed++
		}
		if o.Outcome == journal.OK || o.Outcome == journal.Slow {
			took[i] = append(took[i], o.Took)
		}
	}
	for i := range buckets {
		slices.Sort(took[i])
		buckets[i].P95 = seconds(stats.Quantile(took[i], 0.95))
	}
	return buckets
}

func lateness(observed [][]journal.Observation) *Lateness {
	var late []time.Duration
	for _, list := range observed {
		for _, o := range list {
			late = append(late, o.Late)
		}
	}
	if len(late) == 0 {
		return nil
	}
	slices.Sort(late)
	return &Lateness{seconds(stats.Quantile(late, 0.5)), seconds(stats.Quantile(late, 0.99)), seconds(stats.Quantile(late, 1))}
}

// seconds rounds to microseconds, so that reports hold no noise digits.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
