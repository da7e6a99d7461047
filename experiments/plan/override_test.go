package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

func TestPhasesOverrideOnlyWhatTheyName(t *testing.T) {
	with := func(change func(*experiments.Phases)) experiments.Phases {
		p := NoOverride()
		change(&p)
		return p
	}
	for _, tt := range []struct {
		text string
		want experiments.Phases
	}{
		{"", NoOverride()},
		{"fault=10s", with(func(p *experiments.Phases) { p.Fault = 10 * time.Second })},
		{"warmup=0s", with(func(p *experiments.Phases) { p.Warmup = 0 })},
		{"warmup=500ms,baseline=4s,fault=5s,recovery=3s", experiments.Phases{
			Warmup: 500 * time.Millisecond, Baseline: 4 * time.Second, Fault: 5 * time.Second, Recovery: 3 * time.Second,
		}},
		{" baseline = 1m , recovery=2s", with(func(p *experiments.Phases) { p.Baseline, p.Recovery = time.Minute, 2*time.Second })},
	} {
		got, err := ParsePhases(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("ParsePhases(%q) = %+v, %v, want %+v", tt.text, got, err, tt.want)
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
		_, err := ParsePhases(tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParsePhases(%q): %v, want %q", tt.text, err, tt.want)
		}
	}
}
