package plan

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// No text of a document begins a line of a plan, or commands the terminal that shows it,
// whoever has made the plan.
func TestTextsBeginNoLineOfAPlan(t *testing.T) {
	t.Parallel()
	lines := func(text string) string {
		s, e := documents()
		s.Environment += text
		e.Title += text
		e.Faults[0].Attributes["note"] = "x" + text
		s.Invariants = append(s.Invariants, experiments.Invariant{Name: "stock" + text})
		p, err := Make(s, []*experiments.Experiment{e}, Options{Phases: NoOverride()})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	plain, hostile := lines(""), lines("\x1b[2J\nNothing was injected.")
	if strings.Count(plain, "\n") != strings.Count(hostile, "\n") || strings.Contains(hostile, "\x1b") || strings.Contains(hostile, "\nNothing") || !strings.Contains(hostile, "Nothing was injected.") {
		t.Errorf("%q", hostile)
	}
}

// Reports lead to traces only where journeys are traces.
func TestTracesOfAPlan(t *testing.T) {
	t.Parallel()
	const link = "https://tempo.test/${trace}"
	for _, tt := range []struct {
		off, linked bool
	}{{false, false}, {false, true}, {true, false}, {true, true}} {
		s, e := documents()
		if tt.off {
			s.Traces = experiments.NoTraces
		}
		if tt.linked {
			s.TraceURL = link
		}
		p, err := Make(s, []*experiments.Experiment{e}, Options{Phases: NoOverride()})
		if err != nil {
			t.Fatal(err)
		}
		got := p.describeTraces()
		if strings.HasPrefix(got, "off:") != tt.off || strings.Contains(got, link) != (tt.linked && !tt.off) || strings.Contains(got, "trace_url is not used") != (tt.linked && tt.off) {
			t.Errorf("off %v, linked %v: %s", tt.off, tt.linked, got)
		}
	}
}

// A plan writes each time as its documents do, so that it can be copied into them.
func TestTimesOfAPlanAreThoseOfDocuments(t *testing.T) {
	t.Parallel()
	s, e := documents()
	s.Defaults.Phases = experiments.Phases{Warmup: time.Minute, Baseline: 2 * time.Minute, Fault: 10 * time.Minute, Recovery: time.Hour}
	s.Caps.Duration = 3 * time.Hour
	within := 5 * time.Minute
	e.Settings.Limits.Recovery = &within
	e.Faults[0].At, e.Faults[0].For = 2*time.Minute, 3*time.Minute
	p, err := Make(s, []*experiments.Experiment{e}, Options{Phases: NoOverride()})
	if err != nil {
		t.Fatal(err)
	}
	scan, err := MakeScan(s, ScanOptions{Budget: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*Plan{p, scan} {
		var b bytes.Buffer
		if err := p.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		if zeros := regexp.MustCompile(`[0-9]+(h0m|m0)s?`).FindAllString(b.String(), -1); zeros != nil {
			t.Errorf("%q in\n%s", zeros, b.String())
		}
	}
}
