package scans

import "github.com/blastgauge/blastgauge/experiments/result"

// Headline is what a scan found in one line, worst first, for those who show nothing else of
// it. It may hold text of somebody else's.
func Headline(r *result.Result) string { return summarize(r).headline() }
