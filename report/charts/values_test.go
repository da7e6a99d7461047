package charts

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// Numbers have their places in order, whatever they are, and the chart holds no number that
// is none.
func TestValuesHavePlaces(t *testing.T) {
	t.Parallel()
	for name, numbers := range map[string][]float64{
		"one":       {30},
		"zero":      {0},
		"both ways": {-30, 3, 30, 57, 60, 300, 3000},
		"far apart": {-math.MaxFloat64, -1, 0, math.SmallestNonzeroFloat64, 1, 1 << 53, math.MaxFloat64},
		"twice":     {5, 5, 5},
		"nearly":    {1, math.Nextafter(1, 2)},
	} {
		for _, before := range []*float64{nil, new(3.0), new(-1e300), new(0.0)} {
			v := ValueChart{Title: "t", Limit: 0.05, Before: before, BeforeName: "now"}
			for _, n := range slices.Backward(numbers) {
				v.Values = append(v.Values, Value{Number: n, Low: -0.1, Estimate: 0.02, High: 1.2, Verdict: result.Held, Text: "x"})
			}
			v.Values[0].Name = "candidate"
			c := &valueChart{ValueChart: v}
			c.measure()
			if !slices.IsSorted(c.places) || c.places[0] < 10 || c.places[len(c.places)-1] > 96 {
				t.Errorf("%s: the places are %v", name, c.places)
			}
			if out := string(Values(v)); strings.Contains(out, "NaN") || strings.Contains(out, "Inf") || strings.Count(out, "<title>") != len(numbers) {
				t.Errorf("%s: %s", name, out)
			}
		}
	}
	if Values(ValueChart{}) != "" {
		t.Error("a chart of nothing")
	}
}

// A scale is broken where two numbers are very far apart, and nowhere else.
func TestValuesBreakTheScale(t *testing.T) {
	t.Parallel()
	for want, numbers := range map[int][]float64{0: {3, 30, 300, 30_000}, 1: {3, 30, 1e15}, 2: {-1e15, 3, 30, 1e15}} {
		v := ValueChart{}
		for _, n := range numbers {
			v.Values = append(v.Values, Value{Number: n})
		}
		c := &valueChart{ValueChart: v}
		if c.measure(); len(c.breaks) != want {
			t.Errorf("%v: %d breaks, want %d", numbers, len(c.breaks), want)
		}
	}
}

// Where the limit is not known none is drawn.
func TestValuesWithoutALimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[float64]bool{-1: false, 0: true, 0.05: true} {
		out := string(Values(ValueChart{Limit: limit, Values: []Value{{Number: 1}}}))
		if strings.Contains(out, "limit") != want {
			t.Errorf("a limit of %g: drawn %t, want %t", limit, !want, want)
		}
	}
}
