//go:build race

package main

// oneIn: with the race detector all takes longer, and races are in any case.
const oneIn = 12
