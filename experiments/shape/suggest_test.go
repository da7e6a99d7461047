package shape

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"latency", "limit_data", "down", "slicer"}
	for wrote, want := range map[string]string{"latancy": "latency", "LATENCY": "latency", "dwon": "down", "limitdata": "limit_data", "x": "", "bandwidth": "", strings.Repeat("latency", 20): ""} {
		if got := Nearest(wrote, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", wrote, got, want)
		}
	}
}
