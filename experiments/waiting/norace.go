//go:build !race

package waiting

// AtOnce is how many tests run at a time.
const AtOnce = 8
