//go:build race

package main

// slowdown is how much longer all may take with the race detector.
const slowdown = 5
