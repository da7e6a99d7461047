//go:build race

package incidents

// slowed is how many times as many incidents are left out with the race detector: shops and
// proxies are ten times as slow.
const slowed = 2
