package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// --version says what version says, whatever else stands beside it; a command has no such
// flag.
func TestVersionFlag(t *testing.T) {
	t.Parallel()
	said := func(want int, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		if code := runMain(args, nil, &out, &errs); code != want {
			t.Errorf("%q: exit %d, want %d: %s", args, code, want, errs.String())
		}
		return out.String()
	}
	want := said(0, "version")
	if !strings.HasPrefix(want, "blastgauge ") || strings.Count(want, "\n") != 1 {
		t.Errorf("version: %q", want)
	}
	for _, args := range [][]string{{"--version"}, {"-v"}, {"--version=true"}, {"--version", "nosuch"}, {"nosuch", "-v"}, {"--version", "run"}, {"-v", "help"}, {"--version", "plan", "extra"}} {
		if got := said(0, args...); got != want {
			t.Errorf("%q: %q, want %q", args, got, want)
		}
	}
	const flag = "  -v, --version   version for blastgauge\n"
	for _, args := range [][]string{{}, {"--help"}, {"--version", "--help"}, {"--version", "run", "--help"}, {"--version=false"}} {
		if got := said(0, args...); !strings.Contains(got, flag) {
			t.Errorf("%q does not show %q: %s", args, flag, got)
		}
	}
	said(result.ExitUsage, "run", "--version")
	said(result.ExitUsage, "--version", "--nosuch")
}
