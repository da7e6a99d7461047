package result

import (
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

// times needs a measured trial, and what its journeys usually take.
func (t *trial) times(usual *durations) times {
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
	// A journey that starts this long before the fault is, with a probability of one
	// in twenty, still under way when it comes.
	m.inflight = usual.quantile(0.95)
	m.baseline = span{from, m.injected - m.inflight}
	m.end = m.removed + t.plan.Phases.Recovery
	if t.end != nil {
		m.end = min(m.end, t.end.Since)
	}
	return m
}

// cohort is the stretch of intended starts whose journeys count for the fault.
// It depends on nothing that the fault could change, so it is the same in both
// arms. Journeys that start later may be rescued by the removal.
func (m times) cohort(slowAfter time.Duration) span {
	return span{m.injected - m.inflight, m.removing - slowAfter}
}

// A tally is how the journeys of a group ended.
type tally struct {
	group
	Counts
}

func (t *tally) look(o *journal.Observation) {
	if t.has(o) {
		t.add(o)
	}
}

func (c *Counts) add(o *journal.Observation) {
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

// maxBuckets bounds a series, and with it the size of reports. Whoever needs
// more has the observations.
const maxBuckets = 50

// A line is the series of an arm: an experiment of any length in at most maxBuckets
// buckets of a round width.
type line struct {
	arm          plan.Arm
	start, width time.Duration
	buckets      []Bucket
	took         []durations // of the journeys of each that were completed
}

func newLine(arm plan.Arm, start, end time.Duration) line {
	width := bucketWidth(end - start)
	n := max(0, int((end-start+width-1)/width))
	return line{arm, start, width, make([]Bucket, n), make([]durations, n)}
}

func (l *line) look(o *journal.Observation) {
	i := int((o.Intended - l.start) / l.width)
	if o.Arm != l.arm || o.Intended < l.start || i >= len(l.buckets) {
		return
	}
	l.buckets[i].Journeys++
	if o.Harmed() {
		l.buckets[i].Harmed++
	}
	if completed(o) {
		l.took[i].add(o.Took)
	}
}

func (l *line) series() []Bucket {
	for i := range l.buckets {
		l.buckets[i].P95 = seconds(l.took[i].quantile(0.95))
	}
	return l.buckets
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

// lateness is nil where no journey was sent.
func lateness(late *durations) *Lateness {
	if late.n() == 0 {
		return nil
	}
	return &Lateness{seconds(late.quantile(0.5)), seconds(late.quantile(0.99)), seconds(late.quantile(1))}
}

// seconds rounds to microseconds, so that reports hold no noise digits.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }
