package live

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/progress"
)

// describeTrials says how many trials there were.
func describeTrials(t *progress.Trials) string {
	return figures.Plural(len(t.Ended), "trial", "trials") + ": " + countTrials(t)
}

// countTrials says how they ended.
func countTrials(t *progress.Trials) string {
	harmful, harmless, undecided := t.Count()
	text := fmt.Sprintf("%d harmful, %d harmless", harmful, harmless)
	if undecided > 0 {
		text += fmt.Sprintf(", %d undecided", undecided)
	}
	return text
}
