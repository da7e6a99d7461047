package result

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// maxBuckets bounds a series, and with it the size of reports. The observations hold
// more detail.
const maxBuckets = 50

// An armSeries is the series of an arm: an experiment of any length in at most
// maxBuckets buckets of a round width. One of them ends when the fault comes, so that none
// mixes what was before it with what it did.
type armSeries struct {
	arm          plan.Arm
	start, width time.Duration
	first        time.Duration // how long the first bucket is
	buckets      []Bucket
	took         []lifetimes // of the journeys of each bucket
	untimed      bool        // how long they took is not known
	injected     []time.Duration
}

// newArmSeries is the series of an arm from start to end, with what came in force when in
// between, in the order of time.
func newArmSeries(arm plan.Arm, start, end time.Duration, injected ...time.Duration) armSeries {
	width := bucketWidth(end - start)
	first := width
	if len(injected) > 0 {
		if part := (injected[0] - start) % width; part > 0 && injected[0] < end {
			first = part
		}
	}
	n := 0
	if end > start {
		n = 1 + max(0, int((end-start-first+width-1)/width))
	}
	return armSeries{arm, start, width, first, make([]Bucket, n), make([]lifetimes, n), false, injected}
}

// bucket is the number of the bucket of a moment that is not before the start.
func (s *armSeries) bucket(at time.Duration) int {
	if at -= s.start + s.first; at >= 0 {
		return 1 + int(at/s.width)
	}
	return 0
}

// series are the seconds of the buckets.
func (s *armSeries) series() Series {
	out := Series{Bucket: seconds(s.width), Fault: s.rows()}
	if s.first < s.width {
		out.First = seconds(s.first)
	}
	return out
}

// standsAt is the moment at which a journey is drawn: its intended start, or the injection
// that it was under way at, so that no harm stands before its fault.
func (s *armSeries) standsAt(o *journal.Observation) time.Duration {
	if s.untimed {
		return o.Intended
	}
	for _, at := range s.injected {
		if o.Intended < at && at < o.Intended+o.Took {
			return at
		}
	}
	return o.Intended
}

func (s *armSeries) add(o *journal.Observation) {
	i := s.bucket(max(s.start, s.standsAt(o)))
	if o.Arm != s.arm || o.Intended < s.start || i >= len(s.buckets) {
		return
	}
	s.buckets[i].Journeys += o.Times()
	if o.Harmed() {
		s.buckets[i].Harmed += o.Times()
	}
	if s.untimed {
		return
	}
	took, ended, _ := sinceIntended(o)
	s.took[i].add(took, ended)
}

// rows are the buckets with their percentiles.
func (s *armSeries) rows() []Bucket {
	for i := range s.buckets {
		if known := s.took[i].percentiles([]float64{0.95}); len(known) > 0 {
			s.buckets[i].P95 = known[0].Seconds
		}
	}
	return s.buckets
}

// bucketWidth is the shortest round width of which maxBuckets suffice, the first of which
// may be shorter.
func bucketWidth(total time.Duration) time.Duration {
	for _, s := range []time.Duration{1, 2, 5, 10, 15, 20, 30, 60} {
		if total <= (maxBuckets-1)*s*time.Second {
			return s * time.Second
		}
	}
	minutes := total / ((maxBuckets - 1) * time.Minute)
	return (minutes + 1) * time.Minute
}
