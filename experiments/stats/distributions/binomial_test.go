package distributions

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// even gives rand.Rand.Float64 the middles of as many parts of 0 to 1, one after the other.
type even struct{ next, of uint64 }

func (e *even) Uint64() uint64 {
	middle := (float64(e.next) + 0.5) / float64(e.of)
	e.next++
	return uint64(middle * (1 << 53)) // Float64 takes the lower 53 bits
}

// Of numbers that are spread evenly over 0 to 1, each outcome gets its probability, but
// for the one number on its border.
func TestDrawGivesEachItsProbability(t *testing.T) {
	t.Parallel()
	const draws = 10_000
	for _, n := range []int{1, 2, 7, 24, 25, 60, 400} {
		for _, p := range []float64{1e-6, 0.004, 0.05, 0.3, 0.5, 0.77, 0.999} {
			counts, r := make([]int, n+1), rand.New(&even{of: draws})
			for range draws {
				counts[Binomial{n, p}.Draw(r)]++
			}
			want := distuv.Binomial{N: float64(n), P: p}
			for k, count := range counts {
				if expected := draws * want.Prob(float64(k)); math.Abs(float64(count)-expected) > 1+1e-6 {
					t.Errorf("%d of %d at %g: %d times, want %.2f", k, n, p, count, expected)
				}
			}
		}
	}
}

// The largest distance of drawn shares from the CDF is below what chance makes of it in 99
// of 100 (Kolmogorov and Smirnov), and mean and variance are within four standard errors.
func TestDrawOfMany(t *testing.T) {
	t.Parallel()
	const draws = 5000
	r := rand.New(rand.NewPCG(3, 4))
	for _, b := range []Binomial{{1000, 0.05}, {5000, 0.4}, {100_000, 0.001}, {1_000_000, 0.00001}, {1_000_000, 0.9}} {
		counts := map[int]int{}
		sum, squares := 0.0, 0.0
		mean, variance := float64(b.N)*b.P, float64(b.N)*b.P*(1-b.P)
		low, high := b.N, 0
		for range draws {
			k := b.Draw(r)
			counts[k]++
			low, high = min(low, k), max(high, k)
			sum, squares = sum+float64(k)-mean, squares+(float64(k)-mean)*(float64(k)-mean)
		}
		if z := sum / math.Sqrt(draws*variance); math.Abs(z) > 4 {
			t.Errorf("%+v: the mean is off by %.1f standard errors", b, z)
		}
		if ratio := squares / draws / variance; math.Abs(ratio-1) > 4*math.Sqrt(2.0/draws)*1.1 {
			t.Errorf("%+v: the variance is %.3f times what it should be", b, ratio)
		}
		soFar, distance := 0, 0.0
		for k := low; k <= high; k++ {
			soFar += counts[k]
			distance = max(distance, math.Abs(float64(soFar)/draws-b.CDF(k)))
		}
		if limit := 1.63 / math.Sqrt(draws); distance > limit {
			t.Errorf("%+v: %.4f from the CDF, want at most %.4f", b, distance, limit)
		}
	}
}

// fixed is a source of one number.
type fixed uint64

func (f fixed) Uint64() uint64 { return uint64(f) }

// The ends of what a generator gives are outcomes, too.
func TestDrawAtTheEnds(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 30, 100_000} {
		for _, p := range []float64{math.NaN(), -1, 0, math.SmallestNonzeroFloat64, 1e-300, 1e-9, 0.5, 1 - 1e-16, 1, 2} {
			for _, number := range []fixed{0, math.MaxUint64} {
				k := Binomial{n, p}.Draw(rand.New(number))
				switch {
				case k < 0 || k > n:
					t.Errorf("%d of %d at %g", k, n, p)
				case !(p > 0) && k != 0, p >= 1 && k != n:
					t.Errorf("%d of %d at %g", k, n, p)
				}
			}
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		Binomial{600, 0.05}.Draw(r)
	}
}
