package words

import (
	"testing"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

func TestBreakingPointInWords(t *testing.T) {
	t.Parallel()
	levels := []scan.Level{{Latency: 0.1}, {Latency: 3}}
	rises := func(low, high float64) scan.Edge { return scan.Edge{Low: low, High: high, Rises: true} }
	falls := func(low, high float64) scan.Edge { return scan.Edge{Low: low, High: high} }
	for want, b := range map[string]*scan.BreakingPoint{
		"between 0.80 and 0.97 s":                              {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{rises(0.8, 0.97)}},
		"between 0.79 and 0.98 s":                              {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{rises(0.797, 0.971)}}, // never narrower than known
		"between 41 and 62 ms":                                 {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{rises(0.041, 0.062)}},
		"only from 1.2 to 2.5 s":                               {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{rises(1, 1.2), falls(2.5, 3)}},
		"only at 1.2 s":                                        {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{rises(1, 1.2), falls(1.2, 3)}},
		"only from 0.30 to 0.40 s and between 1.0 and 1.2 s":   {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{rises(0.2, 0.3), falls(0.4, 0.5), rises(1, 1.2)}},
		"up to between 0.30 and 0.37 s":                        {Kind: SharpBreak, Levels: levels, Edges: []scan.Edge{falls(0.3, 0.37)}},
		"somewhere between 0.17 and 0.41 s: harm grows slowly": {Kind: GradualBreak, Levels: levels, Edges: []scan.Edge{rises(0.17, 0.41)}},
		"between 1.0 and 3.0 s so far":                         {Kind: OpenBreak, Levels: levels, Edges: []scan.Edge{rises(1, 3)}},
		"no harm up to 3 s":                                    {Kind: NeverBreaks, Levels: levels},
		"from 100 ms or less":                                  {Kind: AlwaysBreaks, Levels: levels},
		"not known":                                            {Kind: OpenBreak, Levels: levels},
		"not searched":                                         nil,
	} {
		if got := BreakingPoint(b); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestScanWords(t *testing.T) {
	t.Parallel()
	none := &scan.Cell{Verdict: scan.Unavailable, Why: "the upstream has no scheme"}
	for _, tt := range []struct{ got, want string }{
		{WhenAny([]plan.FailureMode{plan.Hang, plan.Refuse, plan.Slow}), "when it hangs, refuses connections or is slow"}, {WhenAny(nil), "when it fails"},
		{Harm(&scan.CellJourney{Estimate: 0.63, Low: 0.591, High: 0.668}), "63.0% (59.1 to 66.8)"}, {Harm(&scan.CellJourney{Estimate: 0.01, Low: -0.01, High: 0.0184}), "≤1.9%"},
		{CellWhy(none), none.Why}, {CellWhy(&scan.Cell{Verdict: scan.NotReached, Why: "budget"}), "the budget was over"}, {CellWhy(&scan.Cell{Verdict: scan.Undecided, Why: "cut"}), "it was cut short"},
		{CellWhy(&scan.Cell{Verdict: scan.Undecided, Why: "late"}), "traffic was late: this machine was too busy"}, {CellWhy(&scan.Cell{Verdict: scan.Undecided, Why: "control_shed"}), "journeys of the control could not be started"},
		{EndOfScan("traffic_late"), "this machine was too busy to send journeys in time, and they were harmed without a fault"},
		{Does([]plan.FailureMode{plan.Hang, plan.Refuse}), "hangs and refuses connections"}, {WhenAny([]plan.FailureMode{plan.ErrorAfter, plan.Reset}), "when it resets connections, or does the work and answers with errors"}, {When(plan.ErrorAfter), "when it does the work and answers with errors"}, {CellVerdict("<b>"), Unknown}, {Mode("<b>"), Unknown}, {EndOfScan("<b>"), "the reason is unknown"}, {EndOfScan("complete"), ""},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
