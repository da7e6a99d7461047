package generator

import "hash/maphash"

// mostRemembered bounds the memory of lines, whatever comes.
const mostRemembered = 1 << 16

// repeats remembers the last lines that name a trace, to find a journey that is told twice.
// Without a trace two journeys that start together may be alike.
type repeats struct {
	seed  maphash.Seed
	known map[uint64]struct{}
	last  []uint64 // in known, as a ring
	next  int
}

func newRepeats() *repeats {
	return &repeats{seed: maphash.MakeSeed(), known: map[uint64]struct{}{}}
}

// again reports whether a line has told of the same journey: with its trace, on its arm, at
// its start.
func (r *repeats) again(o *said) bool {
	if o.trace == "" {
		return false
	}
	key := maphash.Comparable(r.seed, struct {
		trace              string
		journey, arm, when int64
	}{o.trace, int64(o.Journey), int64(o.Arm), int64(o.Intended)})
	if _, known := r.known[key]; known {
		return true
	}
	if r.known[key] = struct{}{}; len(r.last) < mostRemembered {
		r.last = append(r.last, key)
		return false
	}
	delete(r.known, r.last[r.next])
	r.last[r.next] = key
	r.next = (r.next + 1) % mostRemembered
	return false
}
