package stats

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A baseline knows what it is told, however long it lasts, and forgets nothing when its
// cells become wider.
func TestABaselineCountsWhatCame(t *testing.T) {
	t.Parallel()
	for _, length := range []time.Duration{3 * time.Second, time.Minute, time.Hour, 5 * time.Hour} {
		b, r := NewBaseline(time.Second, 0), rand.New(rand.NewPCG(1, 2))
		want := Count{}
		b.Add(0, true, 1) // before it
		for at := time.Second; at < time.Second+length; at += length / 3000 {
			harmed := r.Float64() < 0.2
			b.Add(at, harmed, 1)
			want.N++
			if harmed {
				want.Hits++
			}
		}
		share, got := b.Share(time.Second + length + b.width)
		if got != want || share.Estimate != want.Share() || share.Low >= share.Estimate || share.High <= share.Estimate {
			t.Errorf("%s: Share() = %+v of %+v, want %+v", length, share, got, want)
		}
		if len(b.cells) > mostCells {
			t.Errorf("%s: %d cells", length, len(b.cells))
		}
		if _, half := b.Share(time.Second + length/2); half.N < want.N/2-40 || half.N > want.N/2+40 {
			t.Errorf("%s: the first half has %d of %d", length, half.N, want.N)
		}
	}
}

// Nothing is known of a baseline that nobody was in.
func TestAnEmptyBaseline(t *testing.T) {
	t.Parallel()
	b := NewBaseline(time.Minute, 0)
	for _, until := range []time.Duration{0, time.Minute, time.Hour} {
		if share, n := b.Share(until); n.N != 0 || share.Low != 0 || share.High != 1 {
			t.Errorf("until %s: %+v of %+v", until, share, n)
		}
	}
}

// Harm in one burst is known less well than as much harm here and there.
func TestABaselineKnowsBursts(t *testing.T) {
	t.Parallel()
	burst, spread := NewBaseline(0, 0), NewBaseline(0, 0)
	for i := range 3000 {
		at := time.Duration(i) * 20 * time.Millisecond
		burst.Add(at, i >= 1000 && i < 1300, 1)
		spread.Add(at, i%10 == 0, 1)
	}
	a, _ := burst.Share(time.Minute)
	b, _ := spread.Share(time.Minute)
	if a.Estimate != b.Estimate || a.Low > 0.03 || b.Low < 0.08 {
		t.Errorf("in a burst %+v, spread %+v", a, b)
	}
}
