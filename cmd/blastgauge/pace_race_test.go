//go:build race

package main

// With the race detector all may take so much longer, and the crash matrix takes one
// of so many cases: races are in any of them. As many run at a time as without, as most
// wait; but on two cores three shops that are measured would disturb each other.
const (
	slowdown        = 5
	atOnce          = 8
	measuringAtOnce = 2
	oneIn           = 3
)
