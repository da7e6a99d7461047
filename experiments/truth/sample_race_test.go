//go:build race

package truth

// oneIn: with the race detector all takes five times as long, and a race is in any case.
const oneIn = 8
