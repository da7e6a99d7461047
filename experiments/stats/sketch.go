package stats

import (
	"iter"
	"math/bits"
)

// A Sketch counts how often values occurred, each known to a thousandth of itself. Its
// size does not depend on how many there are. Values below 2,048 are exact, negative
// ones count as 0.
type Sketch struct {
	counts []int
	n      int
}

// keptBits is how many bits of a value are kept behind the highest one.
const keptBits = 10

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

// in is how many values a slot counts.
func (s *Sketch) in(slot int) int {
	if slot >= len(s.counts) {
		return 0
	}
	return s.counts[slot]
}

// mark marks the slots that hold values.
func (s *Sketch) mark(slots []bool) {
	for i, n := range s.counts {
		if n > 0 {
			slots[i] = true
		}
	}
}

// At is the value of a rank, from 1; 0 if there is none.
func (s *Sketch) At(rank int) int64 {
	for i, c := range s.counts {
		if rank -= c; rank <= 0 && c > 0 {
			return valueOf(i)
		}
	}
	return 0
}

// slotOf is where a value is counted: its highest bits, and how many follow.
func slotOf(v uint64) int {
	shift := max(bits.Len64(v)-keptBits-1, 0)
	return shift<<keptBits + int(v>>shift)
}

// valueOf is the middle of a slot.
func valueOf(i int) int64 {
	shift := max(i>>keptBits-1, 0)
	v := int64(i-shift<<keptBits) << shift
	return v + int64(1)<<shift>>1
}

// All yields the values, the smallest first, and how many there are of each.
func (s *Sketch) All() iter.Seq2[int64, int] {
	return func(yield func(int64, int) bool) {
		for i, n := range s.counts {
			if n > 0 && !yield(valueOf(i), n) {
				return
			}
		}
	}
}
