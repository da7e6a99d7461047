package stats

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDiscoveries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		e    []float64
		want []bool
	}{
		{"none", nil, []bool{}},
		{"one is enough alone", []float64{20}, []bool{true}},
		{"and not among two", []float64{20, 1}, []bool{false, false}},
		{"two of two", []float64{20, 21}, []bool{true, true}},
		{"two of four help each other", []float64{1, 40, 0, 40}, []bool{false, true, false, true}},
		{"a weak one is carried by many", []float64{1e6, 1e6, 1e6, 27}, []bool{true, true, true, true}},
		{"as large as needed", []float64{80, 1, 1, 1}, []bool{true, false, false, false}},
	} {
		if got := Discoveries(tt.e, FalseDiscoveries); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Of 40 harmless cells hardly any is a discovery, however they depend on each other; single
// tests at 5 % find one in half of the scans.
func TestDiscoveriesAreRarelyFalse(t *testing.T) {
	t.Parallel()
	const scans, cells = 2000, 40
	r := rand.New(rand.NewPCG(8, 9))
	for name, shared := range map[string]bool{"independent": false, "all alike": true} {
		single, together := 0, 0
		for range scans {
			e := make([]float64, cells)
			one := lucky(r)
			for i := range e {
				e[i] = one
				if !shared {
					e[i] = lucky(r)
				}
			}
			if slices.Max(e) >= 1/FalseDiscoveries {
				single++
			}
			if slices.Contains(Discoveries(e, FalseDiscoveries), true) {
				together++
			}
		}
		if together > scans/15 {
			t.Errorf("%s: a false discovery in %d of %d scans, %d by single tests", name, together, scans, single)
		}
		if !shared && single < scans/2 {
			t.Errorf("%s: single tests are wrong in %d scans only: this shows nothing", name, single)
		}
	}
}

// lucky is the worst e-value: 20 with a chance of one in twenty, and else 0.
func lucky(r *rand.Rand) float64 {
	if r.Float64() < 0.05 {
		return 20
	}
	return 0
}
