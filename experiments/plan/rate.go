package plan

import (
	"fmt"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// sayRate writes the rate of a journey, after its stages where it has any.
func (j Journey) sayRate() string {
	var b strings.Builder
	for _, s := range j.Stages {
		fmt.Fprintf(&b, "%g/s for %s, ", s.Rate, figures.Span(s.For))
	}
	if j.Stages != nil {
		b.WriteString("then ")
	}
	fmt.Fprintf(&b, "%g/s", j.Rate)
	return b.String()
}

// checkRamps finds journeys whose rate still changes when the baseline begins.
func (e Experiment) checkRamps() (errs []error) {
	for _, j := range e.Journeys {
		if j.Ramp() > e.Phases.Warmup {
			errs = append(errs, fmt.Errorf("the rate of journey %s changes for %s, and the warm-up is %s: make it at least %s", j.Name, figures.Span(j.Ramp()), figures.Span(e.Phases.Warmup), figures.Span(j.Ramp())))
		}
	}
	return errs
}
