package result

import (
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// Ended is how long the journeys of the fault arm took under the fault, from their
// intended start, by how they ended: the median and the 95th percentile. Those that
// failed or were wrong took until they gave up. Journeys that were never sent are in none.
type Ended struct {
	Completed []Percentile `json:"completed,omitempty"` // ok or slow
	Wrong     []Percentile `json:"wrong,omitempty"`
	Failed    []Percentile `json:"failed,omitempty"`
}

// Median is the median of percentiles in seconds; false where there is none.
func Median(list []Percentile) (seconds float64, known bool) { return at(list, 0.5) }

// at is one point of a distribution; false where it is not known.
func at(list []Percentile, p float64) (seconds float64, known bool) {
	for _, row := range list {
		if row.P == p {
			return row.Seconds, true
		}
	}
	return 0, false
}

// A Pace is how journeys that failed came to their end.
type Pace string

// Paces.
const (
	FailsFast Pace = "fast"  // no later than most journeys ended before the fault
	Hangs     Pace = "hangs" // only after all the time that a journey may take
	Neither   Pace = ""
)

// FailurePace says whether the journeys that failed did so at once or after they hung,
// going by their median. It is Neither where nobody knows, or in between.
func (j *Journey) FailurePace() Pace {
	if j.Ended == nil {
		return Neither
	}
	took, known := Median(j.Ended.Failed)
	usual, compared := at(j.Latency.Baseline, 0.95)
	switch {
	case !known:
		return Neither
	case j.SlowAfter > 0 && took >= j.SlowAfter:
		return Hangs
	case compared && took <= usual:
		return FailsFast
	}
	return Neither
}

// endings are the durations of the journeys of a group, by how they ended.
type endings struct {
	of                       group
	completed, wrong, failed durations
}

func (e *endings) add(o *journal.Observation) {
	if o.Cause == journal.Shed || !e.of.has(o) {
		return
	}
	switch o.Outcome {
	case journal.Failed:
		e.failed.add(o.Took)
	case journal.Wrong:
		e.wrong.add(o.Took)
	default:
		e.completed.add(o.Took)
	}
}

// row is nil where there were none.
func (e *endings) row() *Ended {
	points := []float64{0.5, 0.95}
	row := &Ended{e.completed.percentiles(points), e.wrong.percentiles(points), e.failed.percentiles(points)}
	if row.Completed == nil && row.Wrong == nil && row.Failed == nil {
		return nil
	}
	return row
}
