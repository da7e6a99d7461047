package experiments

import (
	"strings"
	"testing"
	"time"
)

func TestParsePause(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Pause{
		"2s": {2 * time.Second, 2 * time.Second}, "1s..3s": {time.Second, 3 * time.Second}, "0s..500ms": {0, 500 * time.Millisecond}, "10m": {maxPause, maxPause},
	} {
		got, wrong := parsePause(text)
		if wrong != nil || got != want {
			t.Errorf("parsePause(%q) = %v, %+v", text, got, wrong)
		}
		if again, wrong := parsePause(got.String()); wrong != nil || again != got {
			t.Errorf("%q is read as %v", got.String(), again)
		}
	}
	for text, hint := range map[string]string{
		"2": "write 2s", "1..3s": "write 1s", "3s..1s": "write 1s..3s", "1s-3s": "write 1s..3s", "1s - 3s": "write 1s..3s", "1s .. 3s": "write 1s..3s",
		"0s": "", "-1s": "", "11m": "", "1s..": "", "..3s": "", "": "", "soon": "", "1s..2s..3s": "",
	} {
		if got, wrong := parsePause(text); wrong == nil || !strings.HasPrefix(wrong.Hint, hint) {
			t.Errorf("parsePause(%q) = %v, %+v, want the hint %q", text, got, wrong, hint)
		}
	}
}

// A pause is drawn from all of its range.
func TestPauseAt(t *testing.T) {
	t.Parallel()
	p := Pause{time.Second, 3 * time.Second}
	if a, b, c := p.At(0), p.At(0.5), p.At(0.999999); a != time.Second || b != 2*time.Second || c < 2999*time.Millisecond || c > p.Most {
		t.Errorf("%s, %s and %s", a, b, c)
	}
}
