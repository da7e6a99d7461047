package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// A plan says before time is spent that a recovery cannot be shown.
func TestARecoveryThatCannotBeShown(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		phase, limit time.Duration
		want         string
	}{
		"enough":                  {time.Minute, 10 * time.Second, ""},
		"shorter than its limit":  {8 * time.Second, 10 * time.Second, "a phase of 8s cannot show one that takes the 10s"},
		"too few journeys":        {10 * time.Second, 5 * time.Second, "about 50 journeys of browse after the removal are too few"},
		"nothing to be judged by": {time.Second, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, e := documents() // browse: 5/s and arm
			e.Settings.Phases = experiments.Phases{Warmup: 0, Baseline: time.Minute, Fault: 2 * time.Minute, Recovery: tt.phase}
			if tt.limit > 0 {
				e.Settings.Limits.Recovery = &tt.limit
			}
			got := strings.Join(makeOne(t, s, e, Options{}).Warnings, "\n")
			if found := strings.Contains(got, "recovery: "); found != (tt.want != "") || !strings.Contains(got, tt.want) {
				t.Errorf("warnings %q, want %q", got, tt.want)
			}
		})
	}
}
