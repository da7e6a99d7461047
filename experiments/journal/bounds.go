package journal

import (
	"cmp"
	"fmt"
	"time"
)

// LongestRun bounds every time in a journal: offsets from the start of the run, and
// lengths. Whoever reads a journal may add a few of them without an overflow, and
// needs no more memory than a run of this length takes.
const LongestRun = 31 * 24 * time.Hour

// boundedMicros is a number of microseconds as a duration. It is not ok beyond the
// longest run, in either direction.
func boundedMicros(n int64) (d time.Duration, ok bool) {
	const most = int64(LongestRun / time.Microsecond)
	if n > most || n < -most {
		return 0, false
	}
	return time.Duration(n) * time.Microsecond, true
}

// CheckNumbers returns what no run can have recorded: a time before its start or
// beyond [LongestRun], a sample or a removal that was asked for after it was recorded,
// a negative count. It does not look at the plan.
func (e *Event) CheckNumbers() error {
	switch {
	case e.Since < 0 || e.Since > LongestRun:
		return fmt.Errorf("since is %d ns, outside of any run", e.Since)
	case e.Began < 0 || e.Seq > 0 && e.Began > e.Since:
		return fmt.Errorf("began is %d ns, which is not before since, %d ns", e.Began, e.Since)
	case e.At.Year() > 9999:
		return fmt.Errorf("at is in the year %d", e.At.Year())
	}
	counts := map[string]int64{}
	if v := e.Evidence; v != nil {
		counts["met"], counts["of"] = v.Met, v.Of
		for _, i := range v.Instances {
			counts["met"], counts["of"] = min(counts["met"], i.Met), min(counts["of"], i.Of)
			if i.InForceFor < 0 || i.InForceFor > i.DueFor || i.DueFor > LongestRun {
				return fmt.Errorf("in_force_for is %d ns of due_for %d ns, which no run can have recorded", i.InForceFor, i.DueFor)
			}
		}
		if v.PartialFor < 0 || v.PartialFor > LongestRun {
			return fmt.Errorf("partial_for is %d ns, outside of any run", v.PartialFor)
		}
		for _, d := range v.Documents {
			counts["fetched"] = min(counts["fetched"], d.Fetched)
		}
	}
	for _, t := range e.Traffic {
		counts["connections"], counts["bytes"] = min(counts["connections"], t.Connections), min(counts["bytes"], t.Bytes)
		if t.Calls != nil {
			counts["calls"] = min(counts["calls"], *t.Calls)
		}
	}
	for name, n := range counts {
		if n < 0 {
			return fmt.Errorf("%s is %d, and a count is not negative", name, n)
		}
	}
	return cmp.Or(e.checkNote(), e.Audit.check(), e.Measurement.check(), e.Alert.check())
}
