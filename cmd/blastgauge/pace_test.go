//go:build !race

package main

// slowdown is how much longer all may take: see the same for the race detector.
const slowdown = 1
