package words

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// Every finding has words, and none shows its code.
func TestFindingsHaveWords(t *testing.T) {
	t.Parallel()
	for _, code := range []scan.FindingCode{
		scan.BrokenInvariant, scan.SoftBehavesHard, scan.HangWorse, scan.NoTimeout, scan.LowBreaking, scan.FallbackHarms, scan.NotBack, scan.HardHarms, "of_a_later_version",
	} {
		f := scan.Finding{Code: code, Dependency: "payments", Other: "backup", Invariant: "charged once", Journey: "checkout", Modes: []plan.FailureMode{plan.Hang}}
		if code != scan.FallbackHarms && code != scan.BrokenInvariant {
			f.Other = ""
		}
		if got := Finding(&f); !strings.Contains(got, "payments") || strings.Contains(got, "_") {
			t.Errorf("%s: %q", code, got)
		}
	}
}
