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
