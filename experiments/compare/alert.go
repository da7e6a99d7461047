package compare

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// An Alert is one alert in both sides.
type Alert struct {
	Alert  string     `json:"alert"` // as PromQL would select it
	Status Status     `json:"status"`
	Base   AlertState `json:"base"`
	Head   AlertState `json:"head"`
}

// An AlertState is what was found of an alert in the runs of one side.
type AlertState struct {
	// Verdict is refuted if detection failed in any run, held if the alert was in time in
	// all, and inconclusive otherwise. Code is why, of the run that decides.
	Verdict result.Verdict    `json:"verdict"`
	Code    result.ReasonCode `json:"code,omitempty"`
	// Fired is when it fired, in seconds after the injection, in the slowest run; absent
	// where it did not.
	Fired *float64 `json:"fired,omitempty"`
}

// alerts compares each alert that a side has, and that is not new: what only one side was
// asked for has not changed.
func alerts(base, head []experimentRun) (list []Alert) {
	for _, side := range [][]experimentRun{head, base} {
		for _, r := range side {
			for _, a := range r.Alerts {
				if !slices.ContainsFunc(list, func(b Alert) bool { return b.Alert == a.Alert }) {
					list = append(list, newAlert(a.Alert, base, head))
				}
			}
		}
	}
	return list
}

func newAlert(name string, base, head []experimentRun) Alert {
	a := Alert{Alert: name, Status: Uncertain, Base: alertState(name, base), Head: alertState(name, head)}
	was, is := a.Base.Verdict, a.Head.Verdict
	switch {
	case len(alertLimits(name, slices.Concat(base, head))) > 1: // another limit is another question
	case was == result.Held && is == result.Refuted:
		a.Status = Regressed
	case was == result.Refuted && is == result.Held:
		a.Status = Improved
	case was == is && was != result.Inconclusive:
		a.Status = Unchanged
	}
	return a
}

// An alertLimit is what an alert is judged by, in seconds.
type alertLimit struct{ fires, clears float64 }

// String writes the limits in words.
func (l alertLimit) String() string {
	text := "fires within " + figures.Duration(l.fires)
	if l.clears > 0 {
		text += " and clears within " + figures.Duration(l.clears)
	}
	return text
}

// alertLimits are the limits of an alert over runs, each once.
func alertLimits(name string, runs []experimentRun) (list []alertLimit) {
	for _, r := range runs {
		for i := range r.Alerts {
			a := &r.Alerts[i]
			if l := (alertLimit{a.FiresWithin, a.ClearsWithin}); a.Alert == name && !slices.Contains(list, l) {
				list = append(list, l)
			}
		}
	}
	return list
}

// alertNotes say which alerts decide nothing, and why.
func alertNotes(list []Alert, names Names, base, head []experimentRun) (notes []string) {
	for _, a := range list {
		was, is := alertLimits(a.Alert, base), alertLimits(a.Alert, head)
		if len(was) > 0 && len(is) > 0 && len(alertLimits(a.Alert, slices.Concat(base, head))) > 1 {
			notes = append(notes, fmt.Sprintf("the limits of the alert %s differ, so it is not compared: %s in %s, %s in %s", a.Alert, figures.List(said(was), "or"), names.Base, figures.List(said(is), "or"), names.Head))
		}
		for side, limits := range [][]alertLimit{was, is} {
			switch {
			case len(limits) == 0:
				notes = append(notes, names.of(side)+": nobody asked about the alert "+a.Alert)
			case [...]AlertState{a.Base, a.Head}[side].Verdict == result.Inconclusive:
				notes = append(notes, names.of(side)+": the alert "+a.Alert+" was not judged")
			}
		}
	}
	return notes
}

// said are limits in words.
func said(limits []alertLimit) (list []string) {
	for _, l := range limits {
		list = append(list, l.String())
	}
	return list
}

// reason is why the alert changed; false if it is not known to have.
func (a Alert) reason(names Names) (reason, bool) {
	text := fmt.Sprintf("alert %s: %s in %s, %s in %s", a.Alert, a.Base, names.Base, a.Head, names.Head)
	switch a.Status {
	case Regressed:
		return reason{ReasonAlertFails, text}, true
	case Improved:
		return reason{ReasonAlertWorksAgain, text}, true
	}
	return reason{}, false
}

func alertState(name string, side []experimentRun) AlertState {
	s := AlertState{Verdict: result.Held}
	judged := 0
	for _, r := range side {
		c := r.Criterion(result.AlertCriterion, name)
		if c == nil || c.Verdict != result.Held && c.Verdict != result.Refuted {
			continue
		}
		if judged++; judged == 1 || c.Verdict == result.Refuted {
			s.Code = c.Code
		}
		if c.Verdict == result.Refuted {
			s.Verdict = result.Refuted
		}
		for i := range r.Alerts {
			if f := r.Alerts[i].Fired; r.Alerts[i].Alert == name && f != nil && (s.Fired == nil || f.Before > *s.Fired) {
				s.Fired = &f.Before
			}
		}
	}
	if s.Verdict == result.Held && (judged < len(side) || judged == 0) {
		return AlertState{Verdict: result.Inconclusive}
	}
	return s
}

// String says the state in a few words.
func (s AlertState) String() string {
	switch {
	case s.Verdict == result.Inconclusive:
		return "not judged"
	case s.Code == result.ReasonAlertMissing:
		return "did not fire"
	case s.Code == result.ReasonAlertNotCleared:
		return "did not clear in time"
	case s.Fired == nil:
		return string(s.Verdict)
	case s.Verdict == result.Refuted:
		return "late, after " + figures.Duration(*s.Fired)
	}
	return "in time, after " + figures.Duration(*s.Fired)
}
