//go:build !race

package main

// How fast tests have to be, and how many run at a time: see the same for the race
// detector.
const (
	slowdown = 1
	atOnce   = 8
	oneIn    = 1
)
