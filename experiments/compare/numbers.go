package compare

import "github.com/blastgauge/blastgauge/experiments/figures"

// percent writes a share that a document sets: 0.05 is 5%.
func percent(share float64) string { return figures.ShortPercent(share, 2) }

// points writes a share in percentage points.
func points(share float64) string { return short(share * 100) }

// short writes a number with at most two decimals.
func short(v float64) string { return figures.Short(v, 2) }

// seconds writes a length of time.
func seconds(s float64) string { return short(s) + " s" }
