package live

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/progress"
)

// describe says what share of the journeys of an arm was harmed.
func describe(a progress.ArmCounts, arm plan.Arm) string {
	if a.Journeys[arm] == 0 {
		return "no journeys yet"
	}
	return fmt.Sprintf("%.1f%% of %d", 100*a.HarmedShare(arm), a.Journeys[arm])
}
