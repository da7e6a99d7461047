package results

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// A report says which harm counts, and what all of it is.
func TestWhatCountsIsSaid(t *testing.T) {
	t.Parallel()
	b := &result.BlastRadius{
		Journey: "checkout", Control: result.BaselineControl, Method: "before and after the fault, harm at the steps that need what is broken",
		CountedAt: []string{"pay"}, AllHarm: &result.Amount{Estimate: 0.04, Low: -0.01, High: 0.09},
	}
	if got := countedText(b); !strings.Contains(got, "at pay") || !strings.Contains(got, "+4.0 points") {
		t.Errorf("%q", got)
	}
	if got := controlText(b); !strings.Contains(got, "before and after") {
		t.Errorf("%q", got)
	}
	b.HarmSpread = true
	if got := countedText(b); !strings.Contains(got, "all harm counts") {
		t.Errorf("%q", got)
	}
	beside := &result.BlastRadius{Journey: "checkout", Control: result.BaselineControl, Beside: []string{"browse", "search"}}
	if got := controlText(beside); countedText(beside) != "" || !strings.Contains(got, "browse and search") {
		t.Errorf("%q", got)
	}
}
