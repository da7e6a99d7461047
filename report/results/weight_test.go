package results

import (
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// The row of a step that some take says who, and its shares are of those.
func TestAStepOfSomeIsToldByThem(t *testing.T) {
	t.Parallel()
	b := block{Journey: &result.Journey{
		Arms: result.Arms{Fault: result.Counts{Journeys: 1000, OK: 850, Failed: 150}},
		Steps: []result.Step{{Name: "look"}, {Name: "pay", Share: 0.3, Taken: 300, Failed: 150, Excess: 0.4},
			{Name: "rate", Share: 0.0001}},
	}}
	if got := whereHarmed(b.Journey); !strings.Contains(got, "pay") || !strings.Contains(got, "30%") {
		t.Errorf("harmed%s", got)
	}
	rows := b.StepRows()
	if rows[0].Takers() != "" || rows[0].Of != 1000 || b.Total().Takers() != "" || b.Total().Of != 1000 {
		t.Errorf("the step of all: %+v", rows[0])
	}
	if pay := rows[1]; !strings.Contains(pay.Takers(), "30%") || !strings.Contains(pay.Takers(), "300") || pay.Parts()[0].Text != "50.0%" || pay.Control() != "10.0%" {
		t.Errorf("pay: %q, %+v, control %q", pay.Takers(), pay.Parts(), pay.Control())
	}
	if rate := rows[2]; rate.Of != 0 || rate.Parts()[0].Text != "0.0%" || rate.Control() != "" {
		t.Errorf("a step that nobody took: %q, %+v", rate.Takers(), rate.Parts())
	}
}
