package plan

import (
	"fmt"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// recoveryWarnings returns why the recovery phase cannot show a recovery in time.
func (e Experiment) recoveryWarnings() []string {
	if e.Limits.Recovery == 0 {
		return nil
	}
	if e.Phases.Recovery < e.Limits.Recovery {
		return []string{fmt.Sprintf("recovery: a phase of %s cannot show one that takes the %s that are allowed", figures.Span(e.Phases.Recovery), figures.Span(e.Limits.Recovery))}
	}
	var list []string
	for _, j := range e.Journeys {
		if e.rateUnknown(j) {
			continue
		}
		rate := j.Rate / float64(len(e.Arms()))
		after := int(rate * e.Phases.Recovery.Seconds())
		control := after
		if e.Control == Baseline {
			control = int(rate * e.Phases.Baseline.Seconds())
		}
		if !stats.CanShowRecovery(after, control, j.Limit) {
			list = append(list, fmt.Sprintf("recovery: about %d journeys of %s after the removal are too few to show that harm is back at the control's level, even if none is harmed", after, j.Name))
		}
	}
	return list
}
