package plan

import (
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// measureBy makes an experiment of what counters count: in batches of whole scrapes.
func (e *Experiment) measureBy(m *experiments.Measure, doc *experiments.Experiment) {
	if m == nil {
		return
	}
	e.BatchEvery = m.Scrape
	for _, j := range m.Journeys {
		e.Lag = max(e.Lag, j.Timeout)
	}
	switch {
	case doc.Control == experiments.ControlBaseline:
	case m.Armed():
		e.Control, e.ControlWhy = Concurrent, "the label "+m.Journeys[0].Arm.Label+" tells the arms apart: both carry real traffic at the same time"
	default:
		e.ControlWhy = "no label tells arms apart: the baseline phase is the control"
	}
}

// shortestBatch is the shortest batch of time: one scrape at least.
func (e Experiment) shortestBatch() time.Duration { return max(stats.ShortestBatch, e.BatchEvery) }

// recoveryOfSecondControl is the shortest recovery phase whose tail can be a second
// control, for a system that is back at once.
func (e Experiment) recoveryOfSecondControl() time.Duration {
	return stats.Settling + stats.LeastBatches*e.shortestBatch()
}

// rateUnknown reports whether nobody said how many journeys of j come.
func (e Experiment) rateUnknown(j Journey) bool { return e.Measured() && j.Rate == 0 }

// checkMeasured finds what counters cannot tell, and phases with too few scrapes.
func (e Experiment) checkMeasured(doc *experiments.Experiment) error {
	if !e.Measured() {
		return nil
	}
	var errs []error
	if len(doc.Rates) > 0 {
		errs = append(errs, errors.New("the rates of journeys are those of real traffic: under measure no journeys are sent"))
	}
	if doc.Saturation != nil {
		errs = append(errs, errors.New("shares in turns need journeys that are sent with a tag: under measure none are"))
	}
	for _, g := range e.Guardrails {
		if g.P99 > 0 {
			errs = append(errs, errors.New("a guardrail on p99 needs to know how long each journey takes, which counters do not tell: give slow_after of a duration, and a guardrail on blast_radius or failed"))
		}
	}
	return errors.Join(append(errs, e.checkBatches())...)
}

// checkBatches finds phases with too few scrapes to tell how much harm varies. Journeys
// of one kind are as good as another: their lag and their scrapes are the same.
func (e Experiment) checkBatches() error {
	c := e.cohort(e.Journeys[0])
	fault, control := length(c.fault), length(c.control)
	if e.Repeat > 1 { // each turn is a batch
		fault, control = stats.LeastBatches*fault/time.Duration(e.Repeat), stats.LeastBatches*control/time.Duration(e.Repeat)
	}
	var errs []error
	for _, p := range []struct {
		name       string
		long, left time.Duration
	}{{"fault", e.faultPeriod(), fault}, {"baseline", e.Phases.Baseline, control}} {
		if p.name == "baseline" && e.Control == Concurrent {
			p.left = e.Phases.Baseline - e.Straddle()
		}
		needed := stats.LeastBatches * e.shortestBatch()
		if p.left >= needed {
			continue
		}
		n := max(0, int(p.left/e.shortestBatch()))
		longer := (needed + e.leftOut(p.name) + time.Second - 1) / time.Second * time.Second
		text := fmt.Sprintf("%s in the %s phase of %s (%s), and it takes %d to know how much harm varies: make the phase at least %s",
			figures.Plural(n, "whole batch is left", "whole batches are left"), p.name, figures.Span(p.long), e.sayLeftOut(p.name), stats.LeastBatches, figures.Span(longer))
		if every := e.scrapeFor(p.name, p.long); every > 0 && every < e.BatchEvery {
			text += fmt.Sprintf(", or scrape every %s", figures.Span(every))
		}
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}

// Straddle is how long before an edge an interval between two scrapes may begin, and
// reach beyond it.
func (e Experiment) Straddle() time.Duration {
	return time.Duration(experiments.Straddle * float64(e.BatchEvery))
}

// leftOut is how much of a phase does not count.
func (e Experiment) leftOut(phase string) time.Duration {
	if phase == "baseline" {
		return e.Straddle()
	}
	idle := e.faultPeriod()
	for _, f := range e.Faults {
		if f.Period == 0 {
			idle = min(idle, e.faultPeriod()-(f.Until-f.At))
		}
	}
	return e.Lag + e.Straddle() + max(0, idle)
}

func (e Experiment) sayLeftOut(phase string) string {
	if phase == "fault" && e.Lag > 0 {
		return fmt.Sprintf("scraped every %s, without the timeout of %s at its beginning and the scrape at its end", figures.Span(e.BatchEvery), figures.Span(e.Lag))
	}
	return fmt.Sprintf("scraped every %s, without the scrape at its end", figures.Span(e.BatchEvery))
}

// scrapeFor is the longest scrape interval, in whole seconds, with which a phase has enough
// batches; 0 if none has.
func (e Experiment) scrapeFor(phase string, long time.Duration) time.Duration {
	left := long - (e.leftOut(phase) - e.Straddle())
	for every := e.BatchEvery.Truncate(time.Second); every > 0; every -= time.Second {
		if left-time.Duration(experiments.Straddle*float64(every)) >= stats.LeastBatches*max(stats.ShortestBatch, every) {
			return every
		}
	}
	return 0
}

// lagging leaves out of a stretch of fault the time in which journeys still end that began
// before it.
func (e Experiment) lagging(s stretch) stretch {
	s.from = min(s.to, s.from+e.Lag)
	return s
}

// sayMeasured says what is measured, and how; nil where journeys are sent.
func (p *Plan) sayMeasured() []string {
	m := p.System.Measure
	if m == nil {
		return nil
	}
	return []string{
		fmt.Sprintf("measured by Prometheus at %s, scraped every %s; no journeys are sent", m.Prometheus, figures.Span(m.Scrape)),
		fmt.Sprintf("what is between two scrapes on both sides of an edge does not count; recovery will be known to ± %s", figures.Span(m.Scrape)),
	}
}

// sayMeasuredJourney says what will be known of a measured journey whose rate nobody said.
func (e Experiment) sayMeasuredJourney(j Journey) string {
	return fmt.Sprintf("%s: as many as come; holds if its blast radius is at most %s; with rate: beside its counters, a plan says how precisely that will be known",
		j.Name, figures.ShortPercent(j.Limit, 1))
}
