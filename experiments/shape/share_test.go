package shape

import (
	"strings"
	"testing"
)

// Flags and documents read one and the same: a share has its sign, and an error says what to
// write.
func TestParseShare(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"5%": 0.05, "0%": 0, "100%": 1, "0.5%": 0.005, "100.0%": 1} {
		if got, err := ParseShare(text); err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
	}
	for text, hint := range map[string]string{
		"": "", "5": "write 5%", "0.05": "write 5%", "0.005": "write 0.5%", "5 %": "write 5%", "101%": "", "-1%": "", "NaN%": "", "NaN": "", "Inf%": "", "1e1%": "", "%": "",
	} {
		if got, err := ParseShare(text); err == nil || !strings.HasSuffix(err.Error(), hint) {
			t.Errorf("%q is %v: %v, want %q", text, got, err, hint)
		}
	}
}
