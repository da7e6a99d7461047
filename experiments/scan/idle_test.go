package scan

import (
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// Whether journeys call a dependency is known where it carries clearly more than without
// them, or nothing, or where what it carries without them was enough to count.
func TestWhatIsKnownFromIdleTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		calls         int64 // in the baseline of 20 s
		idle          int64 // in the 3 s before
		called, known bool
	}{
		"nothing":        {0, 0, false, true},
		"one straggler":  {6, 1, false, false},
		"health checks":  {20, 3, false, true},
		"clearly called": {500, 3, true, true},
		"called":         {20, 0, true, true},
	} {
		w := &world{names: []string{"payments"}, calls: map[string]float64{}}
		s := New(w.plan())
		s.Exercised(journal.Exercise{
			To: 20 * time.Second, Journeys: []journal.ArmCounts{{Fault: journal.Tally{Of: 500}}},
			Carried: []journal.Traffic{{Proxy: "proxy-payments", Calls: &tt.calls}},
			Idle:    []journal.IdleRate{{Proxy: "proxy-payments", Calls: float64(tt.idle) / 3, Seconds: 3}},
		})
		if called, known := s.exercised("payments"); called != tt.called || known != tt.known {
			t.Errorf("%s: called %v, known %v", name, called, known)
		}
	}
}
