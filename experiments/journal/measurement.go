package journal

import (
	"fmt"
	"math"
	"time"
)

// A Measurement is how complete the counts are that an experiment was measured by. Times are
// offsets from the run's start.
type Measurement struct {
	Scrape time.Duration   `json:"scrape"` // how often the counters were to be scraped
	Counts []MeasuredCount `json:"counts,omitempty"`
	// Losses are stretches of time of which nothing is known, as many as are told one by
	// one, and Lost is how many there were.
	Losses []Loss `json:"losses,omitempty"`
	Lost   int    `json:"lost,omitempty"`
	// Untold is how many there were beyond those that are told.
	Untold int `json:"untold,omitempty"`
	// Blind means that no scrape came for so long that the faults were removed.
	Blind bool `json:"blind,omitempty"`
	// Unanswered is how often Prometheus could not be asked, and Error what was wrong, the first few.
	Unanswered int    `json:"unanswered,omitempty"`
	Error      string `json:"error,omitempty"`
	// Lag is how old the newest scrape was, at the most, when something new was told.
	Lag time.Duration `json:"lag,omitempty"`
	// ClockAhead is how far the clock of Prometheus was ahead, which is taken away from the
	// times of samples, give or take ClockUncertain. ClockMoved is by how much that changed
	// at the most, for certain.
	ClockAhead     time.Duration `json:"clock_ahead,omitempty"`
	ClockUncertain time.Duration `json:"clock_uncertain,omitempty"`
	ClockMoved     time.Duration `json:"clock_moved,omitempty"`
	// Unharmed are the journeys of which no counter of harm was ever there.
	Unharmed []string `json:"unharmed,omitempty"`
	// Durations are how long journeys took, in slices of time.
	Durations []BucketSlice `json:"durations,omitempty"`
}

// A MeasuredCount is what the counters of a journey counted on an arm in a phase.
type MeasuredCount struct {
	Journey string `json:"journey"`
	Arm     string `json:"arm"`
	Phase   Phase  `json:"phase,omitempty"` // empty: before the first one
	Targets int    `json:"targets"`         // that exposed them
	Total   int64  `json:"total"`
	Harmed  int64  `json:"harmed"`
	Timed   int64  `json:"timed,omitempty"` // by the histogram
}

// A Loss is a stretch of time of which some targets told nothing.
type Loss struct {
	Journey string        `json:"journey"`
	Arm     string        `json:"arm,omitempty"` // empty: both
	Why     string        `json:"why"`           // gap: a scrape is missing; silent: a target was scraped no more; born: one that is new; restart: a counter began anew; vanished: a series is gone, or came back; leap: a counter counted more than there can be; unread: one was no number; edgeless: a histogram lacks the edge of slow_after; apart: harm was counted on no target of total, or on no arm
	From    time.Duration `json:"from"`
	To      time.Duration `json:"to"`
	Targets int           `json:"targets"`
	Of      int           `json:"of"`
	// Share is how much of the arm's journeys those targets carried before the fault, 0 to 1.
	Share float64  `json:"share,omitempty"`
	First []string `json:"first,omitempty"` // the first of the targets: job and instance
}

// A BucketSlice is how long the journeys of a slice of time took.
type BucketSlice struct {
	Journey string        `json:"journey"`
	Arm     string        `json:"arm"`
	From    time.Duration `json:"from"`
	To      time.Duration `json:"to"`
	Buckets []Bucket      `json:"buckets"` // the shortest first
}

// A Bucket counts the journeys that took no longer than so many seconds; Above: all.
type Bucket struct {
	Seconds float64 `json:"le,omitempty"`
	Above   bool    `json:"above,omitempty"`
	Count   int64   `json:"count"`
}

// check returns what no run can have recorded of counts. A nil one is of none.
func (m *Measurement) check() error {
	if m == nil {
		return nil
	}
	times := []time.Duration{m.Scrape, m.Lag, m.ClockUncertain, m.ClockMoved}
	counts := []int64{int64(m.Lost), int64(m.Untold), int64(m.Unanswered)}
	for _, c := range m.Counts {
		counts = append(counts, int64(c.Targets), c.Total, c.Harmed, c.Timed)
	}
	for _, l := range m.Losses {
		times, counts = append(times, l.From, l.To), append(counts, int64(l.Targets), int64(l.Of))
		if !(l.Share >= 0 && l.Share <= 1) {
			return fmt.Errorf("a share of what a measurement lost is %v", l.Share)
		}
	}
	for _, s := range m.Durations {
		times = append(times, s.From, s.To)
		for _, b := range s.Buckets {
			if !(b.Seconds >= 0) || math.IsInf(b.Seconds, 0) {
				return fmt.Errorf("the edge of a bucket is %v", b.Seconds)
			}
			counts = append(counts, b.Count)
		}
	}
	for _, d := range times {
		if d < 0 || d > LongestRun {
			return fmt.Errorf("a time of a measurement is %d ns, outside of any run", d)
		}
	}
	for _, n := range counts {
		if n < 0 || n > mostTogether {
			return fmt.Errorf("a count of a measurement is %d", n)
		}
	}
	return nil
}
