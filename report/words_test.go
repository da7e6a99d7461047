package report

import (
	"strings"
	"testing"
)

// Whatever else a run found, a fault that may still be active comes first.
func TestFaultLeftBehindComesFirst(t *testing.T) {
	t.Parallel()
	r := load(t, "stuck")
	text := render(t, "text", Options{}, r)
	if !strings.HasPrefix(text, "Fault not removed: ") || !strings.Contains(text, "blastgauge recover") {
		t.Errorf("the text does not start with the fault that is left:\n%s", text)
	}
	page := render(t, "html", Options{}, r)
	alarm, figures := strings.Index(page, `role="alert"`), strings.Index(page, `class="kpis"`)
	if alarm < 0 || alarm > figures {
		t.Error("the page does not say on top that a fault is left")
	}
}

// Reports say what kind of control there was even if the result has no warning.
func TestControlIsAlwaysSaid(t *testing.T) {
	t.Parallel()
	for fixture, want := range map[string]string{"baseline": "the control is the baseline", "contaminated": "control contaminated"} {
		r := load(t, fixture)
		r.Experiments[0].Warnings = nil
		for _, format := range []string{"text", "html"} {
			if out := render(t, format, Options{}, r); !strings.Contains(strings.ToLower(strings.Join(strings.Fields(out), " ")), want) {
				t.Errorf("%s of %s does not say %q", format, fixture, want)
			}
		}
	}
}

// Reports show no number of a measurement that cannot be trusted.
func TestInvalidShowsNoBlastRadius(t *testing.T) {
	t.Parallel()
	text := render(t, "text", Options{}, load(t, "invalid"))
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "! inventory-down") && strings.Contains(line, "0.5%") {
			t.Errorf("a void number: %q", line)
		}
		if strings.HasPrefix(line, "Largest blast radius") && !strings.HasSuffix(line, ": recommendations-down\n") {
			t.Errorf("%q does not name the only experiment that can be trusted", line)
		}
	}
	if !strings.Contains(text, "Largest blast radius") {
		t.Error("the text names no largest blast radius")
	}
}
