package stats

import "math/bits"

// A Sketch is how often values occurred, each known to a thousandth of itself: it
// takes any number of them in the same space, and none of them is sorted. Values
// below 2,048 are exact, negative ones count as 0.
type Sketch struct {
	counts []int
	n      int
}

// fine is how many bits of a value are kept.
const fine = 10

// Add counts a value.
func (s *Sketch) Add(v int64) {
	i := slotOf(uint64(max(v, 0)))
	if i >= len(s.counts) {
		s.counts = append(s.counts, make([]int, i+1-len(s.counts))...)
	}
	s.counts[i]++
	s.n++
}

// N is how many values were counted.
func (s *Sketch) N() int { return s.n }

// At is the value of a rank, from 1; 0 where there is none.
func (s *Sketch) At(rank int) int64 {
	for i, c := range s.counts {
		if rank -= c; rank <= 0 && c > 0 {
			return valueOf(i)
		}
	}
	return 0
}

// Rank is the nearest rank of a quantile among n values, as [Quantile] takes it.
func Rank(q float64, n int) int { return rank(q, n) }

// slotOf is where a value is counted: its highest bits, and how many follow.
func slotOf(v uint64) int {
	shift := max(bits.Len64(v)-fine-1, 0)
	return shift<<fine + int(v>>shift)
}

// valueOf is the middle of a slot.
func valueOf(i int) int64 {
	shift := max(i>>fine-1, 0)
	v := int64(i-shift<<fine) << shift
	return v + int64(1)<<shift>>1
}
