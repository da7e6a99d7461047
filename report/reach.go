package report

import (
	"github.com/blastgauge/blastgauge/experiments/result"
)

// reach says what a fault did beyond those who need what is broken: retries that
// add to the trouble, and harm that spread. It is empty where nothing is shown.
func reach(e *result.Experiment) []string {
	if !trusted(e) {
		return nil
	}
	var list []string
	for _, a := range e.Amplification {
		if a.Storm {
			list = append(list, "retry storm: "+a.Dependency+" gets "+short(a.Fault, 2)+" "+a.Unit+" per journey instead of "+
				short(a.Baseline, 2)+", "+fixed(a.Factor, 1)+" times as many ("+fixed(a.Low, 1)+" to "+fixed(a.High, 1)+")")
		}
	}
	for _, s := range e.Spread {
		if s.Low > 0 {
			list = append(list, "spread: "+percent(s.Estimate)+" of "+s.Journey+" journeys were harmed before they needed what is broken (95% CI "+
				points(s.Low)+" to "+percent(s.High)+")")
		}
	}
	return list
}

// reached is what the text says of it, experiment by experiment.
func (p *printer) reached(s *summary) {
	title := "Beyond those who need it"
	for _, e := range s.order {
		for i, text := range reach(e) {
			if title != "" {
				p.line("")
				p.line(title)
				title = ""
			}
			if i == 0 {
				p.line(p.mark(e.Verdict), cut(plain(e.ID), p.o.Width-4))
			}
			p.wrap("    ", plain(text))
		}
	}
}

func (p *printer) markdownReached(s *summary) {
	title := "**Beyond those who need it**"
	for _, e := range s.order {
		for _, text := range reach(e) {
			if title != "" {
				p.line("")
				p.line(title)
				p.line("")
				title = ""
			}
			p.line("- **", markdown(e.ID), "**: ", markdown(text))
		}
	}
}
