package journal

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// A time that no run has ends the observations: nobody who reads them has to think of
// overflows.
func TestObservationsHaveTimesOfARun(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{LongestRun + time.Second, -LongestRun - time.Second, math.MaxInt64, math.MinInt64} {
		for name, o := range map[string]Observation{"intended": {Intended: d}, "late": {Late: d}, "took": {Took: d}, "step": {Steps: []time.Duration{d}}} {
			all := OpenObservations(bytes.NewReader(appendFrame([]byte(header), o)))
			forEach(t, all, func(o *Observation) { t.Errorf("%s of %d is read as %+v", name, d, o) })
			if all.Damage() == nil {
				t.Errorf("%s of %d is no damage", name, d)
			}
		}
	}
	all, n := OpenObservations(bytes.NewReader(appendFrame([]byte(header), Observation{Intended: LongestRun, Late: -LongestRun}))), 0
	forEach(t, all, func(*Observation) { n++ })
	if n != 1 || all.Damage() != nil {
		t.Errorf("%d observations, %v", n, all.Damage())
	}
}

func TestEventsHaveNumbersOfARun(t *testing.T) {
	t.Parallel()
	calls := int64(-1)
	for name, e := range map[string]Event{
		"before the start": {Since: -1}, "beyond any run": {Since: LongestRun + 1}, "began before the start": {Began: -1}, "began after its end": {Seq: 1, Began: 2, Since: 1},
		"year": {At: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)}, "met": {Evidence: &Evidence{Met: -1}}, "fetched": {Evidence: &Evidence{Documents: []Mutated{{Fetched: -1}}}},
		"connections": {Traffic: []Traffic{{Connections: -1}}}, "calls": {Traffic: []Traffic{{Calls: &calls}, {}}},
		"clocks": {Measurement: &Measurement{ClockMoved: -1}}, "lost in the past": {Measurement: &Measurement{Losses: []Loss{{From: -1}}}}, "an edge": {Measurement: &Measurement{Durations: []BucketSlice{{Buckets: []Bucket{{Seconds: -1}}}}}},
		"harmed": {Measurement: &Measurement{Counts: []MeasuredCount{{Harmed: -1}}}}, "targets": {Measurement: &Measurement{Losses: []Loss{{Targets: -1}}}}, "timed": {Measurement: &Measurement{Durations: []BucketSlice{{Buckets: []Bucket{{Count: -1}}}}}},
		"lines": {Audit: &TrafficAudit{Lines: -1}}, "bad lines": {Audit: &TrafficAudit{Bad: []BadLines{{Count: -1}}}}, "seen": {Audit: &TrafficAudit{Journeys: []TrafficCount{{Seen: -1}}}},
	} {
		if e.CheckNumbers() == nil {
			t.Errorf("%s: nothing is wrong", name)
		}
	}
	if err := (&Event{Seq: 1, Since: LongestRun, Began: 1, At: time.Unix(0, 0), Evidence: &Evidence{Met: 1, Of: 2}}).CheckNumbers(); err != nil {
		t.Error(err)
	}
}
