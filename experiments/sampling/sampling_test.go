package sampling_test

import (
	"math"
	"math/bits"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/sampling"
)

// The numbers of the reference implementation with seed 0: runs of older versions can
// be repeated.
func TestDrawIsSplitMix64(t *testing.T) {
	t.Parallel()
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := sampling.Draw(0, 0, uint64(i)+1); got != want {
			t.Errorf("draw %d is %#x, want %#x", i+1, got, want)
		}
	}
}

func TestNeighboursDiffer(t *testing.T) {
	t.Parallel()
	changed := 0
	for x := range uint64(1000) {
		changed += bits.OnesCount64(sampling.Mix(x) ^ sampling.Mix(x+1))
	}
	if mean := float64(changed) / 1000; mean < 31 || mean > 33 {
		t.Errorf("neighbours differ in %v of 64 bits", mean)
	}
}

func TestSharesAreEven(t *testing.T) {
	t.Parallel()
	const draws = 100_000
	sum, buckets := 0.0, [10]int{}
	for n := range uint64(draws) {
		share := sampling.Share(sampling.Draw(7, 3, n))
		if share < 0 || share >= 1 {
			t.Fatalf("a share of %v", share)
		}
		sum += share
		buckets[int(share*10)]++
	}
	if mean := sum / draws; math.Abs(mean-0.5) > 0.005 {
		t.Errorf("the mean is %v", mean)
	}
	for i, n := range buckets {
		if math.Abs(float64(n)-draws/10) > 500 {
			t.Errorf("bucket %d has %d of %d", i, n, draws)
		}
	}
}
