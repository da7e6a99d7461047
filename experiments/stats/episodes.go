package stats

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/stats/distributions"
)

// LeastEpisodes is how many episodes of harm a stretch of time must hold before it says
// what the next one will be like, as well as an interval of 95 % promises.
const LeastEpisodes = 8

// Episodes is in how many episodes the harm of a stretch of time came, from the trials of
// each second; 0 where nothing shows that it did not come evenly. An episode is a run of
// seconds with clearly more harm than the mean (half as much again), over a second or two of
// chance. control holds those of a concurrent control of the same seconds, whose harm is
// not counted; nil: there is none.
//
// That harm is uneven is shown by its index of dispersion, beyond chance in at least 999 of
// 1000 stretches of even harm, with [LeastEpisodes] hits or more. Where a control has its bad moments in
// the same seconds, that is no unevenness: the variance is at least that of how the hits
// of a moment fall on the two arms.
//
// Source: P. G. Hoel, "On indices of dispersion", Annals of Mathematical Statistics 14
// (1943), 155-162.
func Episodes(fault, control []Count) int {
	all := Total(fault)
	excess := all.Share() - Total(control).Share()
	if all.Hits < LeastEpisodes || excess <= 0 {
		return 0
	}
	above := make([]bool, len(fault))
	for i, f := range fault {
		beyond := f.Share()
		if control != nil {
			beyond -= control[i].Share()
		}
		above[i] = f.N > 0 && beyond >= 1.5*excess
	}
	if !uneven(fault, control, excess) {
		return 0
	}
	return runs(above)
}

// uneven reports whether harm of seconds, with a mean excess, is shown not to have come
// evenly. It looks at windows of five seconds, as one of them holds few hits, or of an
// eighth of the time if that is less.
func uneven(fault, control []Count, excess float64) bool {
	width := max(1, min(5, len(fault)/LeastEpisodes))
	allFault, allControl := Total(fault), Total(control)
	index, free := 0.0, -1.0
	for from := 0; from+width <= len(fault); from += width {
		f := Total(fault[from : from+width])
		if f.N == 0 {
			continue
		}
		variance, beyond := evenVariance(allFault, f.N), f.Share()
		if control != nil {
			c := Total(control[from : from+width])
			both, n := f.plus(c), float64(f.N+c.N)
			if c.N == 0 {
				continue
			}
			alike := both.Share() * (1 - both.Share()) * n * n / (n - 1) / float64(f.N) / float64(c.N)
			variance, beyond = max(alike, variance+evenVariance(allControl, c.N)), beyond-c.Share()
		}
		if variance > 0 {
			index += (beyond - excess) * (beyond - excess) / variance
			free++
		}
	}
	return free >= 1 && index > (distributions.ChiSquared{DF: free}).Quantile(0.999)
}

// evenVariance is that of the share of n trials, if they are as those of all.
func evenVariance(all Count, n int) float64 { return all.Share() * (1 - all.Share()) / float64(n) }

// runs counts runs of true, joined over two seconds at most.
func runs(list []bool) int {
	count, last := 0, math.MinInt
	for i, b := range list {
		if !b {
			continue
		}
		if last < i-3 {
			count++
		}
		last = i
	}
	return count
}
