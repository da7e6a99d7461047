package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// impactTitle says what the numbers below it are, and that nobody measured them.
func impactTitle(t *result.Traffic) string {
	return "An hour of it in the traffic of the real system. " + impactNote(t)
}

// impactNote says how the impact was calculated.
func impactNote(t *result.Traffic) string {
	text := "Arithmetic, no measurement: share × " + figures.Quantity(t.CheckoutsPerHour) + " checkouts an hour"
	if t.Currency != "" {
		text += " × " + figures.Short(t.Value, 2) + " " + inert.Text(t.Currency)
	}
	return text
}

// impactWords writes an experiment's impact: "3,832 checkouts (3,504 to 4,188), 153,284
// EUR (140,160 to 167,520)".
func impactWords(e *result.Experiment) string {
	i := e.Impact
	write := words.Amount
	if slices.ContainsFunc(e.Journeys, func(j result.Journey) bool {
		return j.Name == i.Journey && j.BlastRadius != nil && words.IsBracket(j.BlastRadius)
	}) {
		write = words.BracketedAmount
	}
	text := write(i.Checkouts, "checkouts")
	if i.Money != nil {
		text += ", " + write(*i.Money, inert.Text(i.Currency))
	}
	return text
}

// impacts are the experiments whose impact can be shown, in the order of the summary.
func (s *summary) impacts() []*result.Experiment {
	var list []*result.Experiment
	for _, e := range s.order {
		if e.Impact != nil && s.r.System.Traffic != nil && trusted(e) {
			list = append(list, e)
		}
	}
	return list
}
