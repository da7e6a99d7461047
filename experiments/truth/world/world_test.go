package world

import (
	"math/rand/v2"
	"testing"
)

// Each world's harm has the mean that its name promises, so that a comparison with
// the truth compares with the truth.
func TestMeans(t *testing.T) {
	t.Parallel()
	for _, w := range Documented() {
		mean := 0.0
		const runs, ticks = 400, 600
		for seed := range uint64(runs) {
			for _, share := range w.Harm(0.03)(rand.New(rand.NewPCG(seed, 1)), ticks) {
				mean += share / (runs * ticks)
			}
		}
		if mean < 0.028 || mean > 0.032 {
			t.Errorf("%s: the mean excess is %.4f, want 0.03", w.Name, mean)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	for _, w := range append(Documented(), Harder(185)...) {
		for seed := range uint64(20) {
			shares := w.Base(rand.New(rand.NewPCG(seed, 2)), 1850)
			if len(shares) != 1850 {
				t.Fatalf("%s: %d ticks", w.Name, len(shares))
			}
			for i, share := range shares {
				if share < 0 || share > 1 {
					t.Fatalf("%s: a share of %g at tick %d", w.Name, share, i)
				}
			}
		}
	}
}

func TestEither(t *testing.T) {
	t.Parallel()
	if got := Either(0.5, 0.5); got != 0.75 {
		t.Errorf("got %g", got)
	}
	shares := Both(Level(0.5), Trend(0, 1))(nil, 3)
	if shares[0] != 0.5 || shares[1] != 0.75 || shares[2] != 1 {
		t.Errorf("got %v", shares)
	}
}
