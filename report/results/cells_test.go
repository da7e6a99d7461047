package results

import "testing"

// A fault that counts how many it might have met says so, even where it met none of them.
func TestMetOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		met, of int64
		want    string
	}{{0, 0, ""}, {0, 40, "0 of 40"}, {12, 40, "12 of 40"}, {1200, 0, "1,200"}} {
		if got := metOf(tt.met, tt.of); got != tt.want {
			t.Errorf("metOf(%d, %d) = %q, want %q", tt.met, tt.of, got, tt.want)
		}
	}
}

// Nobody knows is not none.
func TestViolationsCell(t *testing.T) {
	t.Parallel()
	none, sum := 0.0, 12.3456
	for want, n := range map[string]*float64{"–": nil, "0": &none, "12.346": &sum} {
		if got := violationsCell(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
