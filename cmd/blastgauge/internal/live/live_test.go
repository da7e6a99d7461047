package live

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Two runs side by side write to one screen in the mode that was asked for.
func TestScreenModes(t *testing.T) {
	t.Parallel()
	const lines = `00:00:00Z run      1 experiment against two shops: about 21s
00:00:00Z naive    start    x 1/1 latency 2s, jitter 250ms into payments
00:00:00Z naive    end      x
00:00:00Z naive    verdict  refuted x 32.0% [29.2, 34.9] limit 5%
00:00:00Z hardened start    x 1/1 latency 2s, jitter 250ms into payments
00:00:00Z hardened end      x
00:00:00Z hardened verdict  refuted x 32.0% [29.2, 34.9] limit 5%
`
	for name, tt := range map[string]struct{ mode, want string }{
		"none":                        {None, ""},
		"lines":                       {Lines, lines},
		"auto on what is no terminal": {Auto, lines},
		"bars on what is no terminal": {Bars, lines},
		"a mode that there is not":    {"colourful", lines},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var out bytes.Buffer
				s := New(Options{Mode: tt.mode, Output: &out, Labels: []string{"naive", "hardened"}})
				p := onePlan()
				p.Experiments[0].Phases = phases()
				s.Announce(p, "two shops")
				views := []View{s.View(0, onePlan()), s.View(1, onePlan())}
				for _, v := range views {
					v.Record(journal.Event{Kind: journal.ExperimentStarted, Experiment: "x", At: time.Now()})
					v.Record(journal.Event{Kind: journal.ExperimentEnded, Experiment: "x", At: time.Now()})
					if v, ok := v.(verdictView); ok {
						v.Judge(judged("x", result.Refuted))
					}
					v.Close()
				}
				s.Close()
				if got := out.String(); got != tt.want {
					t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
				}
			})
		})
	}
}

// judged is an experiment of a result.
func judged(id string, v result.Verdict) *result.Experiment {
	return &result.Experiment{ID: id, Verdict: v, Limits: result.Limits{BlastRadius: 0.05},
		BlastRadius: &result.BlastRadius{Journey: "checkout", Estimate: 0.32, Low: 0.292, High: 0.349}}
}
