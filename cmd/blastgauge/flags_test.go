package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// What is wrong with the value of a flag is a mistake on the command line, which is named.
func TestValuesOfFlags(t *testing.T) {
	file := writeSystem(t, nil)
	for want, args := range map[string][]string{
		`--phases: unknown phase "falt"`: {"plan", "-f", file, "--phases", "falt=10s"},
		"--allow refuted":                {"run", "-f", file, "--allow", "refuted"},
		"--margin x":                     {"compare", "a", "b", "--margin", "x"},
	} {
		if code, _, err := invoke(t, args...); code != result.ExitUsage || !strings.Contains(err, want) {
			t.Errorf("%q: exit %d: %s", args, code, err)
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
			if exit.Code(err) != result.ExitUsage || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("outputs(%q): %v, want %q", tt.specs, err, tt.want)
			}
			continue
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("outputs(%q) = %q, want %q", tt.specs, got, tt.want)
		}
	}
}
