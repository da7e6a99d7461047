package plan

import "time"

// MostLate is for how long this machine may hold up one journey in a hundred, before its
// start or while it judges answers: a tenth of slow_after. Beyond that, harm may be of this
// machine's making.
func (j Journey) MostLate() time.Duration { return j.SlowAfter / 10 }

// TooLate reports whether traffic whose 99th percentile was so late, in seconds, says
// nothing of the system.
func (j Journey) TooLate(p99 float64) bool { return p99 > j.MostLate().Seconds() }
