package results

import (
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// sideEffects says what a fault did beyond the journeys that need its dependency:
// retry storms, and harm to other journeys. It is empty where neither was shown.
func sideEffects(e *result.Experiment) []string {
	if !trusted(e) {
		return nil
	}
	var list []string
	for _, a := range e.Amplification {
		if a.Storm {
			list = append(list, "retry storm: "+a.Dependency+" gets "+figures.Short(a.Fault, 2)+" "+a.Unit+" per journey instead of "+
				figures.Short(a.Baseline, 2)+", "+figures.Fixed(a.Factor, 1)+" times as many ("+figures.Fixed(a.Low, 1)+" to "+figures.Fixed(a.High, 1)+")")
		}
	}
	for _, s := range e.Spread {
		if s.Low > 0 {
			list = append(list, "spread: "+figures.Percent(s.Estimate)+" of "+s.Journey+" journeys were harmed before they needed what is broken (95% CI "+
				figures.Points(s.Low)+" to "+figures.Percent(s.High)+")")
		}
	}
	return list
}
