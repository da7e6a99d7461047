package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// What is wrong with a scan is told before anything is touched, with what would be right.
func TestScansThatAreNone(t *testing.T) {
	file, dir := writeSystem(t, nil), t.TempDir()
	run := fixtureRun(t, "suite", nil)
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		`"payments"?`:           {"paymnts"},
		`"refuse"?`:             {"--faults", "hang,refuze"},
		"at least 30s":          {"--budget", "5s"},
		"such as 15m":           {"--budget", "soon"},
		"write 5%":              {"--limit", "5"},
		"--limit":               {"--limit", "0%"},
		"--since":               {"--since", "nosuch"},
		"it is no scan":         {"--since", run},
		"a directory is needed": {"--write", text},
		`"lines"?`:              {"--progress", "line"},
		"known are":             {"-o", "pdf"},
		"toxiproxy: embedded":   {"--", "true"},
	} {
		out := filepath.Join(dir, "out")
		code, _, said := invoke(t, append([]string{"scan", "-f", file, "--out", out}, args...)...)
		if code != result.ExitUsage || !strings.Contains(said, want) {
			t.Errorf("%q: exit %d, %s, want %s", args, code, said, want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%q: a run was begun", args)
		}
	}
}

// A shell offers the dependencies that are not there yet, and the ways in which they fail.
func TestAShellOffersWhatCanBeScanned(t *testing.T) {
	file := writeSystem(t, map[string]string{"dependencies: {": `dependencies: {mail: {listen: "127.0.0.1:18084", upstream: "127.0.0.1:8084"}, `})
	for want, args := range map[string][]string{
		"mail\npayments\n":          {""},
		"payments\n":                {"mail", ""},
		"refuse\nreset\n":           {"--faults", "re"},
		"hang,refuse\nhang,reset\n": {"--faults", "hang,re"},
		"hang\nrefuse\nslow\nerror\nerror-after\nreset\n": {"--faults", ""},
	} {
		if _, out, _ := invoke(t, append([]string{"__complete", "scan", "-f", file}, args...)...); !strings.HasPrefix(out, want+":") {
			t.Errorf("%q: %q, want %q", args, out, want)
		}
	}
}

// The help of scan is where people look its codes up.
func TestTheHelpOfScanListsEveryExitCode(t *testing.T) {
	for _, code := range []int{
		result.ExitHeld, result.ExitError, result.ExitUsage, result.ExitRefuted, result.ExitInconclusive, result.ExitInvalid,
		result.ExitRefused, result.ExitNotRemoved, result.ExitHUP, result.ExitINT, result.ExitTERM,
	} {
		wantInHelp(t, "scan", code)
	}
}
