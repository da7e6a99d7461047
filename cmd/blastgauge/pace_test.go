//go:build !race

package main

// How fast tests have to be, how many run at a time, how many of these measure, and
// how many cases of the crash matrix there are to each that is taken.
const (
	slowdown        = 1
	atOnce          = 8
	measuringAtOnce = 3
	oneIn           = 1
)
