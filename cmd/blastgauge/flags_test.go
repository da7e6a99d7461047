package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func TestPhasesOverrideOnlyWhatTheyName(t *testing.T) {
	with := func(change func(*experiments.Phases)) experiments.Phases {
		p := plan.NoOverride()
		change(&p)
		return p
	}
	for _, tt := range []struct {
		text string
		want experiments.Phases
	}{
		{"", plan.NoOverride()},
		{"fault=10s", with(func(p *experiments.Phases) { p.Fault = 10 * time.Second })},
		{"warmup=0s", with(func(p *experiments.Phases) { p.Warmup = 0 })},
		{"warmup=500ms,baseline=4s,fault=5s,recovery=3s", experiments.Phases{
			Warmup: 500 * time.Millisecond, Baseline: 4 * time.Second, Fault: 5 * time.Second, Recovery: 3 * time.Second,
		}},
		{" baseline = 1m , recovery=2s", with(func(p *experiments.Phases) { p.Baseline, p.Recovery = time.Minute, 2*time.Second })},
	} {
		got, err := parsePhases(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("parsePhases(%q) = %+v, %v, want %+v", tt.text, got, err, tt.want)
		}
	}
}

func TestPhasesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"falt=10s", `unknown phase "falt", did you mean "fault"?; known: warmup, baseline, fault, recovery`},
		{"fault", `fault="" is not a duration`},
		{"fault=10", `fault="10" is not a duration such as 10s`},
		{"fault=-1s", `fault="-1s" is not a duration`},
		{"fault=1s,", `unknown phase ""`},
		{"fault=1s;warmup=1s", `is not a duration`},
	} {
		_, err := parsePhases(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || exitCode(err) != result.ExitUsage {
			t.Errorf("parsePhases(%q): %v with exit %d, want %q with exit 2", tt.text, err, exitCode(err), tt.want)
		}
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
