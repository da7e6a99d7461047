package result

import (
	"slices"
	"testing"
)

func TestParseAllowed(t *testing.T) {
	got, err := ParseAllowed([]string{"inconclusive", "invalid"})
	if want := []Verdict{Inconclusive, Invalid}; err != nil || !slices.Equal(got, want) {
		t.Errorf("ParseAllowed: %v, %v, want %v", got, err, want)
	}
	if got, err := ParseAllowed(nil); err != nil || len(got) != 0 {
		t.Errorf("ParseAllowed(nil): %v, %v", got, err)
	}
	for _, name := range []string{"refuted", "held", "not_run", "", "Invalid"} {
		if _, err := ParseAllowed([]string{"invalid", name}); err == nil {
			t.Errorf("--allow %q: %v, want a usage error", name, err)
		}
	}
}
