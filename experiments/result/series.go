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
// maxBuckets buckets of a round width.
type armSeries struct {
	arm          plan.Arm
	start, width time.Duration
	buckets      []Bucket
	took         []lifetimes // of the journeys of each bucket
	untimed      bool        // how long they took is not known
}

func newArmSeries(arm plan.Arm, start, end time.Duration) armSeries {
	width := bucketWidth(end - start)
	n := max(0, int((end-start+width-1)/width))
	return armSeries{arm, start, width, make([]Bucket, n), make([]lifetimes, n), false}
}

func (s *armSeries) add(o *journal.Observation) {
	i := int((o.Intended - s.start) / s.width)
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
