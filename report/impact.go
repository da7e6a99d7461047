package report

import (
	"math"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// impactTitle says what the numbers below it are, and are not.
func impactTitle(t *result.Traffic) string {
	return "An hour of it in the traffic of the real system. " + impactNote(t)
}

func impactNote(t *result.Traffic) string {
	text := "Arithmetic, no measurement: share × " + amount(t.CheckoutsPerHour) + " checkouts an hour"
	if t.Currency != "" {
		text += " × " + short(t.Value, 2) + " " + plain(t.Currency)
	}
	return text
}

// impactWords: "3,832 checkouts (3,504 to 4,188), 153,284 EUR (140,160 to
// 167,520)".
func impactWords(i *result.Impact) string {
	text := amountWords(i.Checkouts, "checkouts")
	if i.Money != nil {
		text += ", " + amountWords(*i.Money, plain(i.Currency))
	}
	return text
}

// amountWords is an amount with its bounds, or its upper bound where no harm was
// shown.
func amountWords(a result.Amount, of string) string {
	if a.Low <= 0 {
		return "at most " + amount(math.Ceil(a.High)) + " " + of
	}
	return amount(a.Estimate) + " " + of + " (" + amount(a.Low) + " to " + amount(a.High) + ")"
}

// amount writes a quantity in whole numbers, in groups of digits; one below ten
// keeps a decimal.
func amount(v float64) string {
	if v > 0 && v < 9.95 {
		return short(v, 1)
	}
	return count(int(math.Round(v)))
}

// impacts are the experiments with an impact, in the order of the summary.
func (s *summary) impacts() []*result.Experiment {
	var list []*result.Experiment
	for _, e := range s.order {
		if e.Impact != nil && s.r.System.Traffic != nil && trusted(e) {
			list = append(list, e)
		}
	}
	return list
}

func (p *printer) impacts(s *summary) {
	list := s.impacts()
	if len(list) == 0 {
		return
	}
	p.line("")
	p.wrap("", impactTitle(s.r.System.Traffic))
	for _, e := range list {
		p.wrap(p.mark(e.Verdict), plain(e.ID)+": "+impactWords(e.Impact))
	}
}

func (p *printer) markdownImpacts(s *summary) {
	list := s.impacts()
	if len(list) == 0 {
		return
	}
	p.line("")
	p.line("**", markdown(impactTitle(s.r.System.Traffic)), "**")
	p.line("")
	for _, e := range list {
		p.line("- ", markdown(e.ID+": "+impactWords(e.Impact)))
	}
}
