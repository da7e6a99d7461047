//go:build race

package main

// With the race detector all may take so much longer, fewer scripts run at a time,
// and the crash matrix takes one of so many cases: races are in any of them.
const (
	slowdown = 5
	atOnce   = 4
	oneIn    = 3
)
