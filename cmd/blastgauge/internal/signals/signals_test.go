package signals

import (
	"os"
	"syscall"
	"testing"
)

func TestNamesAndCodes(t *testing.T) {
	for _, tt := range []struct {
		signal os.Signal
		want   string
		code   int
	}{
		{syscall.SIGHUP, "HUP", 129},
		{os.Interrupt, "INT", 130},
		{syscall.SIGTERM, "TERM", 143},
	} {
		if got := name(tt.signal); got != tt.want {
			t.Errorf("name(%v) = %s, want %s", tt.signal, got, tt.want)
		}
		if got := code(tt.signal); got != tt.code {
			t.Errorf("code(%v) = %d, want %d", tt.signal, got, tt.code)
		}
	}
}

// Whether there is a report is decided once: it is not called skipped and written all the
// same.
func TestHurryIsDecidedOnce(t *testing.T) {
	t.Parallel()
	var early, late Hurry
	if !early.Skip() || early.Begin() || !early.Skip() || !early.Skipped() {
		t.Error("a report that was to be skipped is written")
	}
	if !late.Begin() || late.Skip() || !late.Begin() || late.Skipped() {
		t.Error("a report that is being written counts as skipped")
	}
}
