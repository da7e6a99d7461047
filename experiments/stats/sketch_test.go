package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestASketchKnowsEveryRankToAThousandth(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var s Sketch
	var all []int64
	for range 20000 {
		v := int64(math.Exp(r.Float64() * 30)) // from 1 to 10^13
		all = append(all, v)
		s.Add(v)
	}
	slices.Sort(all)
	for _, rank := range []int{1, 2, 700, 10000, 19999, 20000} {
		got, want := s.At(rank), all[rank-1]
		if math.Abs(float64(got-want)) > float64(want)/1000 {
			t.Errorf("value %d is %d, want %d", rank, got, want)
		}
	}
	if s.N() != len(all) || s.At(20001) != 0 || new(Sketch).At(1) != 0 {
		t.Errorf("%d values, %d beyond them", s.N(), s.At(20001))
	}
}

func TestASketchIsExactForSmallValues(t *testing.T) {
	t.Parallel()
	var s Sketch
	for v := range int64(2048) {
		s.Add(v)
	}
	s.Add(-7)
	for _, rank := range []int{2, 3, 1025, 2000, 2049} {
		if got := s.At(rank); got != int64(rank-2) {
			t.Errorf("value %d is %d, want %d", rank, got, rank-2)
		}
	}
}
