package results

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/page"
)

// An alertRow is an alert in a table or a list. The templates call its methods.
type alertRow struct {
	*result.Alert
	of *result.Experiment
}

// alertRows are the alerts of an experiment.
func alertRows(e *result.Experiment) (list []alertRow) {
	for i := range e.Alerts {
		list = append(list, alertRow{&e.Alerts[i], e})
	}
	return list
}

// criterion is what the alert was judged to be; nil where nothing was.
func (a alertRow) criterion() *result.Criterion {
	return a.of.Criterion(result.AlertCriterion, a.Alert.Alert)
}

// Verdict is the verdict on the alert. None is where the measurement cannot be trusted.
func (a alertRow) Verdict() result.Verdict {
	c := a.criterion()
	switch {
	case c == nil || a.of.Verdict == result.NotRun:
		return result.NotRun
	case a.of.Verdict == result.Invalid:
		return result.Invalid
	}
	return c.Verdict
}

// Selector is the alert as PromQL would select it.
func (a alertRow) Selector() string { return a.Alert.Alert }

// Limit is what it was judged by.
func (a alertRow) Limit() string {
	text := "fires within " + figures.Duration(a.FiresWithin)
	if a.ClearsWithin > 0 {
		text += ", clears within " + figures.Duration(a.ClearsWithin)
	}
	return text
}

// One is one of those that fired, with all its labels; empty where that says no more than
// the selector.
func (a alertRow) One() string {
	if a.Example == a.Alert.Alert {
		return ""
	}
	return a.Example
}

// FiredText is when it fired, after the injection.
func (a alertRow) FiredText() string { return whenBetween(a.Fired, "") }

// ClearedText is when it cleared, after the removal.
func (a alertRow) ClearedText() string { return whenBetween(a.Cleared, "before the removal") }

// whenBetween writes a moment; passed is for one below zero.
func whenBetween(b *result.Between, passed string) string {
	switch {
	case b == nil:
		return "–"
	case b.Before <= 0 && passed != "":
		return passed
	}
	return figures.Duration(b.Before)
}

// Result is the verdict in a few words.
func (a alertRow) Result() page.Note {
	v := a.Verdict()
	text := "Not judged"
	switch c := a.criterion(); {
	case v == result.Held:
		text = "In time"
	case v == result.Refuted:
		text = map[result.ReasonCode]string{
			result.ReasonAlertLate: "Late", result.ReasonAlertMissing: "Did not fire", result.ReasonAlertNotCleared: "Did not clear in time",
		}[c.Code]
	case v == result.Inconclusive && c.Code == result.ReasonAlertOnBefore:
		text = "Not judged: on before"
	}
	return page.Note{Tone: page.Tone(v), Text: text}
}

// Detail says all of it in a sentence; empty where nothing was judged.
func (a alertRow) Detail() string {
	c := a.criterion()
	switch {
	case c == nil:
		return ""
	case a.Verdict() == result.Invalid || a.Verdict() == result.NotRun:
		return "the alert " + a.Alert.Alert + " is not judged"
	}
	return c.Detail
}

// Alerted are the alerts of the section.
func (e *experiment) Alerted() []alertRow { return alertRows(e.Experiment) }

// allAlerts are the alerts of all experiments that were judged or might have been, worst
// experiment first.
func (s *summary) allAlerts() (list []alertRow) {
	for _, e := range s.order {
		for _, a := range alertRows(e) {
			if a.Detail() != "" {
				list = append(list, a)
			}
		}
	}
	return list
}

// undetected says of which alerts detection failed.
func undetected(e *result.Experiment) (list []string) {
	for _, a := range alertRows(e) {
		if a.Verdict() == result.Refuted {
			list = append(list, a.criterion().Detail)
		}
	}
	return list
}

// alerts lists what became of the alerts.
func (p *printer) alerts(s *summary) {
	list := s.allAlerts()
	if len(list) == 0 {
		return
	}
	p.Heading("Alerts")
	for _, a := range list {
		p.Wrap(p.Mark(a.Verdict()), inert.Text(a.of.ID+": "+a.Detail()))
	}
}

// alertList lists what became of the alerts.
func (s *summary) alertList(m *encode.Comment) {
	list := s.allAlerts()
	if len(list) == 0 {
		return
	}
	m.Line("")
	m.Line(encode.Strong("Alerts"))
	m.Line("")
	for _, a := range list {
		m.Line("- ", markdownGlyph(a.Verdict()), " ", encode.Strong(titleOf(a.of)), ": ", encode.Markdown(a.Detail()))
	}
}

// setAlertProperties sets when alerts fired and cleared, for those who chart it.
func setAlertProperties(s *encode.Suite, e *result.Experiment) {
	for _, a := range alertRows(e) {
		if a.Verdict() == result.Invalid || a.Verdict() == result.NotRun {
			continue
		}
		if a.Fired != nil {
			s.Set("alert."+a.Alert.Alert+".fired", figures.Fixed(a.Fired.Before, 1))
		}
		if a.Cleared != nil {
			s.Set("alert."+a.Alert.Alert+".cleared", figures.Fixed(a.Cleared.Before, 1))
		}
	}
}

// alertEvents are the changes of the alerts, for programs that read lines.
func alertEvents(e *result.Experiment) (list []encode.Event) {
	for i := range e.Alerts {
		a := &e.Alerts[i]
		for k := range a.Changes {
			c := &a.Changes[k]
			list = append(list, encode.Event{Event: "alert", At: c.At, Experiment: e.ID, Second: &c.Second, Name: a.Alert, State: c.State, What: c.Error})
		}
	}
	return list
}

// alertAdvice is what to do for an alert; nothing where it was in time.
func alertAdvice(a alertRow) advice {
	c := a.criterion()
	if c == nil || a.Verdict() == result.Invalid {
		return advice{}
	}
	name := "“" + a.Alert.Alert + "”"
	switch c.Code {
	case result.ReasonAlertLate:
		return advice{verb: detect, text: "let " + name + " fire sooner: a shorter for: or a shorter range in its rule, or scrapes and evaluations that are nearer together"}
	case result.ReasonAlertMissing:
		return advice{verb: detect, text: "find out why " + name + " did not fire: ask for the value of its expression while the fault was in force"}
	case result.ReasonAlertNotCleared:
		return advice{verb: detect, text: "find out what keeps " + name + " firing: the range in its rule, keep_firing_for:, or harm that stays"}
	case result.ReasonAlertOnBefore:
		return advice{verb: detect, text: "find out why " + name + " was on without any fault, or give labels that tell the one of this fault from it"}
	case result.ReasonAlertUnasked:
		return advice{verb: detect, text: "see that what evaluates " + name + " answers during the whole run, or choose a limit that is further from when it fires"}
	case result.ReasonAlertCutOff:
		return advice{verb: detect, text: "run it again, with its fault in force until " + name + " is due: this time it ended before"}
	}
	return advice{}
}

// isAlertCode reports whether a reason is about an alert, which [alertAdvice] is for.
func isAlertCode(code result.ReasonCode) bool {
	return slices.Contains([]result.ReasonCode{
		result.ReasonAlertLate, result.ReasonAlertMissing, result.ReasonAlertNotCleared,
		result.ReasonAlertOnBefore, result.ReasonAlertUnasked, result.ReasonAlertCutOff,
	}, code)
}
