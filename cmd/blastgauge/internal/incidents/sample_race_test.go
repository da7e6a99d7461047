//go:build race

package incidents

// sample is how many incidents there are for one that is re-enacted: with the race detector
// shops and proxies are ten times as slow, and all incidents share their code.
const sample = 6
