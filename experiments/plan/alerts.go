package plan

import (
	"errors"
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
)

// InForce returns how long the faults are to be in force at a stretch, from the first
// injection on: all of them together, or one turn where they come in turns.
func (e Experiment) InForce() time.Duration {
	if e.Repeat > 1 {
		return e.faultPeriod()
	}
	from, to := e.Phases.Fault, time.Duration(0)
	for _, f := range e.Faults {
		from, to = min(from, f.At), max(to, f.Until)
	}
	return max(0, to-from)
}

// checkAlerts finds alerts that have more time than their phases.
func (e Experiment) checkAlerts(s *experiments.System) error {
	if len(e.Alerts) > 0 && s.Alerts == nil {
		return fmt.Errorf("%s does not say who knows which alerts fire: write there alerts: {prometheus: http://127.0.0.1:9090}", s.File)
	}
	var errs []error
	for _, long := range experiments.AlertsTooLong(e.Alerts, e.InForce(), e.Phases) {
		errs = append(errs, errors.New(long.Why))
	}
	return errors.Join(errs...)
}

// sayAlerts says of each alert when it has to fire and to clear.
func (e Experiment) sayAlerts() (list []string) {
	for _, a := range e.Alerts {
		text := fmt.Sprintf("holds if the alert %s fires within %s of the injection", a.Selector(), figures.Span(a.FiresWithin))
		if a.ClearsWithin > 0 {
			text += fmt.Sprintf(" and clears within %s of the removal", figures.Span(a.ClearsWithin))
		}
		list = append(list, text)
	}
	return list
}

// sayAlertSource says who is asked about alerts; empty where nobody is.
func (p *Plan) sayAlertSource() string {
	for _, e := range p.Experiments {
		if len(e.Alerts) == 0 || p.System.Alerts == nil {
			continue
		}
		a := p.System.Alerts
		if a.Kind() == "prometheus" {
			return fmt.Sprintf("Prometheus at %s is asked every %s; who was told of an alert it does not know", a.URL(), figures.Span(experiments.AlertPoll))
		}
		return fmt.Sprintf("Alertmanager at %s is asked every %s; whether it gets an alert of a name at all, only a run shows", a.URL(), figures.Span(experiments.AlertPoll))
	}
	return ""
}
