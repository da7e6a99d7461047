package plan

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// sayWeights says which steps not all of the journeys take; empty where there are none.
func (j Journey) sayWeights() string {
	var list []string
	for _, s := range j.Steps {
		if s.Weight > 0 {
			list = append(list, fmt.Sprintf("step %s by %s", s.Name, s.Weight))
		}
	}
	if list == nil {
		return ""
	}
	return ", " + strings.Join(list, ", ") + " of them"
}

// weightWarnings are journeys of which so few take a step that needs what is broken that
// their limit allows certain harm at it.
func (e Experiment) weightWarnings() (list []string) {
	if !e.NeedsKnown() {
		return nil
	}
	for _, j := range e.Journeys {
		need := e.StepsThatNeed(j)
		if need == nil || j.Rate <= 0 {
			continue
		}
		most := 0.0
		for _, k := range need {
			most = max(most, j.Steps[k].Weight.Share())
		}
		if most <= j.Limit && most < 1 {
			list = append(list, fmt.Sprintf("%s: %s of the journeys take a step that needs %s, and the limit allows harm of %s: it may hold even where all of them fail: lower the limit, or give that step a journey of its own",
				j.Name, figures.ShortPercent(most, 1), e.broken(), figures.ShortPercent(j.Limit, 1)))
		}
	}
	return list
}
