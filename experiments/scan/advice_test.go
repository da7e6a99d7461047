package scan

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Each kind of finding has advice of its own, which names what to change and for how long.
func TestAdvice(t *testing.T) {
	t.Parallel()
	m := &Map{Journeys: []Journey{{Name: "checkout", SlowAfter: 1.5}}}
	seen := map[string]FindingCode{}
	for _, code := range importance() {
		f := &Finding{Code: code, Dependency: "mail", Other: "carts", Journey: "checkout", Modes: []plan.FailureMode{plan.Hang}}
		got := m.Advice(f)
		if code == NoTimeout { // what helps is the same as where it hangs worse than it refuses
			continue
		}
		if other, twice := seen[got]; twice {
			t.Errorf("%s has the advice of %s: %s", code, other, got)
		}
		seen[got] = code
		if !strings.Contains(got, "mail") && !strings.Contains(got, "carts") {
			t.Errorf("the advice on %s names no dependency: %s", code, got)
		}
	}
	hang, refuse := m.Advice(&Finding{Code: SoftBehavesHard, Journey: "checkout", Modes: []plan.FailureMode{plan.Hang}}), m.Advice(&Finding{Code: SoftBehavesHard, Journey: "checkout", Modes: []plan.FailureMode{plan.Refuse}})
	if !strings.Contains(hang, "1.5 s") || strings.Contains(refuse, "time-out") {
		t.Errorf("a time-out helps against hanging alone: %q and %q", hang, refuse)
	}
}
