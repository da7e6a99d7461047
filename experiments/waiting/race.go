//go:build race

package waiting

// AtOnce is how many tests run at a time. With the race detector they compute more than
// they wait.
const AtOnce = 6
