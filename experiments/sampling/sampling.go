// Package sampling turns numbers into random ones that are the same in every run: what
// is sampled depends on a seed and on which draw it is, and on nothing else, so that
// a run can be repeated.
package sampling

// Mix returns a number that differs from those of x's neighbours in about half of its
// bits. It is the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable
// pseudorandom number generators", 2014).
func Mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Draw returns the nth random number of a stream of draws under a seed.
func Draw(seed, stream, n uint64) uint64 {
	return Mix(seed + stream*0xd1b54a32d192ed03 + n*0x9e3779b97f4a7c15)
}

// Share turns a random number into one that is evenly spread from 0 to below 1.
func Share(x uint64) float64 { return float64(x>>11) / (1 << 53) }
