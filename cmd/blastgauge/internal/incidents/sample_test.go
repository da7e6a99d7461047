//go:build !race

package incidents

// sample is how many incidents there are for one that is re-enacted: all are.
const sample = 1
