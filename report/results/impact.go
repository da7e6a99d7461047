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

// impactWords writes an experiment's impact: "3,800 checkouts (3,500 to 4,200), 150,000
// EUR (140,000 to 170,000)".
func impactWords(e *result.Experiment) string {
	i := e.Impact
	write := words.Amount
	if isImpactBracket(e) {
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

// cost is what an hour of an experiment's fault would cost the real system, in money, or
// in checkouts where these have no value; 0 where nothing is known. All experiments of a
// result have the same unit.
func (s *summary) cost(e *result.Experiment) float64 {
	i := e.Impact
	switch {
	case i == nil || s.r.System.Traffic == nil || !trusted(e):
		return 0
	case i.Money != nil:
		return i.Money.Estimate
	}
	return i.Checkouts.Estimate
}

// costWords says how much of the journey that stands for a checkout was harmed, and what an
// hour of that would cost; it is empty where that is not known or nothing.
func (s *summary) costWords(e *result.Experiment) string {
	if s.cost(e) <= 0 {
		return ""
	}
	for i := range e.Journeys {
		if j := &e.Journeys[i]; j.Name == e.Impact.Journey && j.BlastRadius != nil {
			return words.Excess(j.BlastRadius) + " of " + j.Name + ", by arithmetic " + impactWords(e) + " an hour"
		}
	}
	return ""
}

// costElsewhere is the same where the blast radius of the experiment is that of another
// journey: one that is harmed more and costs less must not hide it.
func (s *summary) costElsewhere(e *result.Experiment) string {
	if b := trustedRadius(e); b == nil || e.Impact == nil || b.Journey == e.Impact.Journey {
		return ""
	}
	return s.costWords(e)
}

// dearestFirst are the experiments, worst first, but the one that costs most at the head of
// those with its verdict that broke as much: forges show only so many.
func (s *summary) dearestFirst() []*result.Experiment {
	list := slices.Clone(s.order)
	if s.dearest == nil {
		return list
	}
	to := slices.IndexFunc(list, func(e *result.Experiment) bool {
		return e.Verdict == s.dearest.Verdict && brokenIn(e) == brokenIn(s.dearest)
	})
	from := slices.Index(list, s.dearest)
	copy(list[to+1:from+1], list[to:from])
	list[to] = s.dearest
	return list
}
