package stats

import "testing"

// pairs are batches in which so many of a hundred trials of each kind are hits.
func pairs(fault, control []int) []Pair {
	list := make([]Pair, len(fault))
	for i := range list {
		list[i] = Pair{Count{fault[i], 100}, Count{control[i], 100}}
	}
	return list
}

func firstOf(list []Pair) []Count {
	counts := make([]Count, len(list))
	for i, p := range list {
		counts[i] = p.Fault
	}
	return counts
}

// What both kinds always differ by, and what harms both at once, is not the fault's.
func TestDifferenceInDifferences(t *testing.T) {
	t.Parallel()
	quiet := pairs([]int{5, 6, 4, 25, 5, 6, 5, 4, 6, 5}, []int{1, 2, 0, 21, 1, 2, 1, 0, 2, 1})
	under := pairs([]int{15, 45, 14, 16, 45, 15, 16, 14, 15, 16}, []int{1, 31, 0, 2, 31, 1, 2, 0, 1, 2})
	if !ShareMoments(quiet) {
		t.Error("moments that are shared are not seen")
	}
	d, ok := DifferenceInDifferences(quiet, under)
	if !ok || d.Method != Beside || d.Batches != 10 || d.Estimate < 0.0999 || d.Estimate > 0.1001 || d.Low < 0.06 || d.High > 0.14 {
		t.Errorf("%v: %+v", ok, d)
	}
	if alone := UnpairedBatches(firstOf(under), firstOf(quiet)); alone.High-alone.Low < 2*(d.High-d.Low) {
		t.Errorf("beside: %+v, alone: %+v", d, alone)
	}
	if _, ok := DifferenceInDifferences(quiet[:7], under); ok {
		t.Error("seven batches show no variance")
	}
	apart := pairs([]int{5, 6, 4, 25, 5, 6, 5, 4, 6, 5}, []int{21, 2, 0, 1, 1, 2, 1, 20, 2, 1})
	if ShareMoments(apart) || ShareMoments(quiet[:7]) || ShareMoments(nil) {
		t.Error("moments that are not shared are taken for such")
	}
}

// Harm elsewhere that is shown counts, and harm that may be there widens the upper end.
func TestAllowForSpread(t *testing.T) {
	t.Parallel()
	counted, all := Interval{0.02, 0.01, 0.03}, Interval{0.3, 0.25, 0.35}
	for name, tt := range map[string]struct {
		spread, want Interval
		shown        bool
	}{
		"none":       {Interval{0.01, -0.01, 0.03}, counted, false},
		"may be":     {Interval{0.02, -0.01, 0.05}, Interval{0.02, 0.01, 0.35}, false},
		"shown":      {Interval{0.28, 0.2, 0.35}, Interval{0.3, 0.25, 0.35}, true},
		"less of it": {Interval{-0.2, -0.3, -0.1}, counted, false},
	} {
		if got, shown := AllowForSpread(counted, all, tt.spread, 0.05); got != tt.want || shown != tt.shown {
			t.Errorf("%s: %+v, %v", name, got, shown)
		}
	}
	if got, _ := AllowForSpread(Interval{0.2, 0.15, 0.25}, Interval{0.1, 0.05, 0.15}, Interval{0.01, 0.001, 0.02}, 0.05); got.Low > got.Estimate || got.High < got.Estimate {
		t.Errorf("the estimate is outside of %+v", got)
	}
}
