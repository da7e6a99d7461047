package checkout

import (
	"testing"
	"time"
)

// What a setting says of 20 % of the quotes happens to 20 % of them, all along.
func TestChanceIsTheShareThatWasAskedFor(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{1, 2, 9} {
		p := &pace{seed: seed}
		for window := range 10 {
			hits := 0
			for range 1000 {
				if p.chance(20 * one) {
					hits++
				}
			}
			if hits < 150 || hits > 250 {
				t.Errorf("seed %d, window %d: %d of 1000, want about 200", seed, window, hits)
			}
		}
	}
	never := &pace{seed: 1}
	for range 1000 {
		if never.chance(0) || !never.chance(100*one) {
			t.Fatal("0 % is never and 100 % is always")
		}
	}
}

func TestPaceIsBetweenItsBounds(t *testing.T) {
	t.Parallel()
	p := &pace{min: time.Millisecond, max: 3 * time.Millisecond, seed: 1}
	var sum time.Duration
	for range 1000 {
		d := p.duration()
		if d < p.min || d > p.max {
			t.Fatalf("%s is not between %s and %s", d, p.min, p.max)
		}
		sum += d
	}
	if mean := sum / 1000; mean < 1900*time.Microsecond || mean > 2100*time.Microsecond {
		t.Errorf("the mean is %s, want about 2ms", mean)
	}
}
