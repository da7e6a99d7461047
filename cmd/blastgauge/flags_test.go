package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// What is wrong with --phases is a mistake on the command line.
func TestPhasesAreAFlag(t *testing.T) {
	if code, _, err := invoke(t, "plan", "-f", writeSystem(t, nil), "--phases", "falt=10s"); code != result.ExitUsage || !strings.Contains(err, `--phases: unknown phase "falt"`) {
		t.Errorf("exit %d: %s", code, err)
	}
}

func TestParseAllow(t *testing.T) {
	got, err := parseAllow([]string{"inconclusive", "invalid"})
	if want := []result.Verdict{result.Inconclusive, result.Invalid}; err != nil || !slices.Equal(got, want) {
		t.Errorf("parseAllow: %v, %v, want %v", got, err, want)
	}
	if got, err := parseAllow(nil); err != nil || len(got) != 0 {
		t.Errorf("parseAllow(nil): %v, %v", got, err)
	}
	for _, name := range []string{"refuted", "held", "not_run", "", "Invalid"} {
		if _, err := parseAllow([]string{"invalid", name}); exitCode(err) != result.ExitUsage {
			t.Errorf("--allow %q: %v, want a usage error", name, err)
		}
	}
}

func TestOutputs(t *testing.T) {
	for _, tt := range []struct {
		specs []string
		want  string // name=path of each, or the error
	}{
		{nil, "text="},
		{[]string{"json"}, "json="},
		{[]string{"html=a=b.html", "text"}, "html=a=b.html text="},
		{[]string{"json", "text"}, "two outputs on stdout"},
		{[]string{"json=", "text"}, "two outputs on stdout"},
		{[]string{"pdf"}, `pdf`},
	} {
		list, err := (&app{stdout: &bytes.Buffer{}, getenv: func(string) (string, bool) { return "", false }}).outputs(tt.specs)
		var names []string
		for _, o := range list {
			names = append(names, o.Name+"="+o.Path)
		}
		if err != nil {
			if exitCode(err) != result.ExitUsage || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("outputs(%q): %v, want %q", tt.specs, err, tt.want)
			}
			continue
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("outputs(%q) = %q, want %q", tt.specs, got, tt.want)
		}
	}
}
