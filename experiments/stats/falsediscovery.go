package stats

import "slices"

// Discoveries reports, for each of many e-values, whether it is a discovery: the expected
// share of false ones among the discoveries is at most rate, however the e-values depend
// on each other. Cells of a scan do, because they meet the same system one after the
// other. [FalseDiscoveries] is the usual rate. An e-value of 1/rate, which is enough for
// one test alone, has to be larger the more tests there are without a finding. This is
// the e-BH procedure.
//
// Source: R. Wang and A. Ramdas, "False discovery rate control with e-values", JRSS B 84
// (2022), 822-852.
func Discoveries(e []float64, rate float64) []bool {
	sorted := slices.Clone(e)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	found, least := false, 0.0
	for i, v := range sorted {
		if v*rate*float64(i+1) >= float64(len(e)) {
			found, least = true, v
		}
	}
	list := make([]bool, len(e))
	for i, v := range e {
		list[i] = found && v >= least
	}
	return list
}
