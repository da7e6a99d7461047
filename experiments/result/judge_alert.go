package result

import (
	"fmt"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// mostUnseen is how long nobody may answer, all silences together, while an alert that did
// not fire was to. Shorter silences are taken for quiet.
const mostUnseen = 5 * time.Second

// alertCriteria judge the alerts, in the order of the plan.
func (r *experimentRun) alertCriteria(rows []Alert) (list []Criterion) {
	for i := range rows { // none where nobody can be asked
		list = append(list, r.alertCriterion(&r.alerts[i], &rows[i]))
	}
	return list
}

// An alertAnswer is what is known of one of the two times of an alert.
type alertAnswer struct {
	verdict Verdict
	code    ReasonCode
	text    string
}

// alertCriterion judges whether an alert fired and cleared in time. What speaks against it
// decides, then what is not known.
func (r *experimentRun) alertCriterion(a *alertRecord, row *Alert) Criterion {
	c := newCriterion(AlertCriterion, row.Alert, alertLimit(row))
	c.Measured = alertMeasured(row)
	if text, on := r.onBefore(a, row); on {
		c.Measured = "on before"
		c.decide(Inconclusive, ReasonAlertOnBefore, fmt.Sprintf("the alert %s was on before the fault (%s): that it fires tells nothing of the fault", row.Alert, text))
		return c
	}
	answers := []alertAnswer{r.judgeFired(a, row)}
	if row.ClearsWithin > 0 && row.Fired != nil {
		answers = append(answers, r.judgeCleared(a, row))
	}
	decisive := answers[0]
	for _, v := range []Verdict{Refuted, Inconclusive} {
		for _, x := range answers {
			if x.verdict == v && decisive.verdict != Refuted && decisive.verdict != v {
				decisive = x
			}
		}
	}
	text := decisive.text
	if decisive.verdict == Held {
		text = joinAnswers(answers)
	}
	c.decide(decisive.verdict, decisive.code, "the alert "+row.Alert+" "+text+row.muted())
	return c
}

// joinAnswers says all that held.
func joinAnswers(answers []alertAnswer) string {
	texts := make([]string, len(answers))
	for i, x := range answers {
		texts[i] = x.text
	}
	return strings.Join(texts, ", and ")
}

// onBefore reports whether an alert was on before the fault, and says how.
func (r *experimentRun) onBefore(a *alertRecord, row *Alert) (text string, on bool) {
	injected := r.moments.injected
	if row.Before == string(journal.AlertFiring) {
		return a.looks[a.at(injected)].Alert.Example, true
	}
	i := a.firstFiring(injected)
	if i < 0 {
		return "", false
	}
	example := a.looks[i].Alert.Example
	before := a.activeBefore(i, injected)
	switch {
	case before && row.Before == string(journal.AlertPending):
		return example + ", whose condition was met already", true
	case before:
		return example + ", which its server says to have been active already", true
	case row.Before == string(journal.AlertPending) && a.metBefore(i, injected):
		return example + ", whose condition was met already", true
	}
	return "", false
}

// metBefore reports whether the alert was pending before a moment and until look i, and
// nothing shows that the one which fires then is another one, which is newer.
func (a *alertRecord) metBefore(i int, when time.Duration) bool {
	first := max(0, a.at(when))
	for k := first; k < i; k++ {
		if a.state(k) != journal.AlertPending {
			return false
		}
	}
	newer := a.looks[i].Alert.ActiveAt.After(a.looks[first].Alert.ActiveAt) // one clock, read twice
	return !newer || !a.activeAfter(i, when)
}

// judgeFired judges when the alert fired.
func (r *experimentRun) judgeFired(a *alertRecord, row *Alert) alertAnswer {
	injected := r.moments.injected
	limit := figures.Duration(row.FiresWithin)
	due := injected + a.plan.FiresWithin
	var quiet time.Duration // until when it had not fired for certain
	if row.Fired != nil {
		if row.Fired.Before <= row.FiresWithin && (row.Before != "" || r.startedAfter(a)) {
			return alertAnswer{Held, ReasonAlertInTime, fmt.Sprintf("fired %s after the injection, limit %s", row.Fired.says(), limit)}
		}
		quiet = injected + time.Duration(row.Fired.After*float64(time.Second))
	} else {
		quiet = a.seenUntil()
	}
	force := r.moments.removed - injected
	switch {
	case len(a.looks) == 0:
		return alertAnswer{Inconclusive, ReasonAlertUnasked, "was never asked about"}
	case quiet > due && r.forceEnded(force, a.plan.FiresWithin):
		return alertAnswer{Inconclusive, ReasonAlertCutOff, fmt.Sprintf("had too little time: the fault was removed %s after the injection, and the limit is %s", figures.Duration(seconds(force)), limit)}
	case quiet > due && a.unseen(injected, due) > mostUnseen:
		return alertAnswer{Inconclusive, ReasonAlertUnasked, fmt.Sprintf("may have fired in time unseen: nobody answered for %s (%s)", figures.Duration(seconds(a.unseen(injected, due))), a.whyUnseen())}
	case quiet > due && row.Fired != nil:
		return alertAnswer{Refuted, ReasonAlertLate, fmt.Sprintf("fired late: %s after the injection, limit %s", row.Fired.says(), limit)}
	case quiet > due:
		return alertAnswer{Refuted, ReasonAlertMissing, fmt.Sprintf("did not fire: not within %s, and not in the %s that it was asked for after the injection", limit, figures.Duration(seconds(quiet-injected)))}
	case row.Fired != nil && row.Before == "" && row.Fired.Before <= row.FiresWithin:
		return alertAnswer{Inconclusive, ReasonAlertUnasked, fmt.Sprintf("fires, and nobody knows whether it did before the fault: nobody answered then (%s)", a.whyUnseen())}
	case row.Fired != nil:
		return alertAnswer{Inconclusive, ReasonAlertUnasked, fmt.Sprintf("fired between %s and %s after the injection, and nobody knows on which side of the limit of %s", figures.Duration(row.Fired.After), figures.Duration(row.Fired.Before), limit)}
	case r.endedEarly() || r.cut != nil:
		return alertAnswer{Inconclusive, ReasonAlertCutOff, fmt.Sprintf("had not fired when %s ended the experiment, before its limit of %s was over", r.stopper(), limit)}
	}
	return alertAnswer{Inconclusive, ReasonAlertUnasked, fmt.Sprintf("had not fired when it was last heard of, before its limit of %s was over (%s)", limit, a.whyUnseen())}
}

// startedAfter reports whether the server says that the alert which fired was not active
// before the fault.
func (r *experimentRun) startedAfter(a *alertRecord) bool {
	return a.activeAfter(a.firstFiring(r.moments.injected), r.moments.injected)
}

// forceEnded reports whether the fault was in force for less than the alert may take to
// fire, and for less than was planned.
func (r *experimentRun) forceEnded(force, limit time.Duration) bool {
	return force < limit && (r.endedEarly() || force+experiments.AlertMargin < r.plan.InForce())
}

// judgeCleared judges when an alert that has fired cleared.
func (r *experimentRun) judgeCleared(a *alertRecord, row *Alert) alertAnswer {
	removed := r.moments.removed
	limit := figures.Duration(row.ClearsWithin)
	last, _ := a.lastFiring(a.firstFiring(r.moments.injected))
	on := seconds(a.until(last) - removed) // until when it fired for certain
	switch {
	case row.Cleared != nil && row.Cleared.Before <= 0:
		return alertAnswer{Held, ReasonAlertInTime, "had cleared before the removal"}
	case row.Cleared != nil && row.Cleared.Before <= row.ClearsWithin:
		return alertAnswer{Held, ReasonAlertInTime, fmt.Sprintf("cleared %s after the removal, limit %s", row.Cleared.says(), limit)}
	case on > row.ClearsWithin && row.Cleared != nil:
		return alertAnswer{Refuted, ReasonAlertNotCleared, fmt.Sprintf("cleared late: %s after the removal, limit %s", row.Cleared.says(), limit)}
	case on > row.ClearsWithin:
		return alertAnswer{Refuted, ReasonAlertNotCleared, fmt.Sprintf("did not clear: it still fired %s after the removal, limit %s", figures.Duration(on), limit)}
	case row.Cleared != nil:
		return alertAnswer{Inconclusive, ReasonAlertUnasked, fmt.Sprintf("cleared between %s and %s after the removal, and nobody knows on which side of the limit of %s", figures.Duration(max(0, on)), figures.Duration(row.Cleared.Before), limit)}
	case r.cut != nil:
		return alertAnswer{Inconclusive, ReasonAlertCutOff, fmt.Sprintf("had not cleared when an interruption ended the experiment, before its limit of %s was over", limit)}
	}
	return alertAnswer{Inconclusive, ReasonAlertUnasked, fmt.Sprintf("had not cleared when it was last heard of, before its limit of %s was over (%s)", limit, a.whyUnseen())}
}

// whyUnseen is the last reason for which nobody answered.
func (a *alertRecord) whyUnseen() string {
	for i := len(a.looks) - 1; i >= 0; i-- {
		if l := a.looks[i].Alert; l.State == journal.AlertUnknown && l.Error != "" {
			return l.Error
		}
	}
	return "the run ended"
}

// says is the moment in words: its end, and its beginning where that is far from it.
func (b *Between) says() string {
	after := max(0, b.After)
	if b.Before-after <= (experiments.AlertMargin + experiments.AlertPoll).Seconds() {
		return figures.Duration(b.Before)
	}
	return figures.Duration(after) + " to " + figures.Duration(b.Before)
}

// muted says that nobody was told; empty where somebody was.
func (a *Alert) muted() string {
	if a.Muted == "" {
		return ""
	}
	return "; nobody was told, as it was " + a.Muted
}

// alertLimit is what an alert is judged by.
func alertLimit(a *Alert) string {
	text := "fires ≤ " + figures.Duration(a.FiresWithin)
	if a.ClearsWithin > 0 {
		text += ", clears ≤ " + figures.Duration(a.ClearsWithin)
	}
	return text
}

// alertMeasured is when an alert fired and cleared; empty where neither is known.
func alertMeasured(a *Alert) string {
	if a.Fired == nil {
		return ""
	}
	text := "fired " + a.Fired.says()
	switch {
	case a.Cleared == nil:
	case a.Cleared.Before <= 0:
		text += ", cleared before the removal"
	default:
		text += ", cleared " + a.Cleared.says()
	}
	return text
}

// alertWarnings are alerts of which nobody was told.
func alertWarnings(rows []Alert) (list []string) {
	for i := range rows {
		if a := &rows[i]; a.Muted != "" {
			list = append(list, fmt.Sprintf("nobody was told of the alert %s: it fired, and it was %s in Alertmanager", a.Alert, a.Muted))
		}
	}
	return list
}

// mostAlertEvents is how many changes of one alert are among the events of an experiment.
const mostAlertEvents = 12

// alertEvents are the changes of the alerts, for people.
func alertEvents(rows []Alert) (list []Event) {
	for i := range rows {
		a := &rows[i]
		told, was := 0, string(journal.AlertInactive)
		for _, c := range a.Changes {
			text := ""
			switch state := journal.AlertState(c.State); {
			case c.State == was && c.Muted == "":
			case state == journal.AlertFiring && c.Muted != "":
				text = "alert " + a.Alert + " fires, and is " + c.Muted
			case state == journal.AlertFiring:
				text = "alert " + a.Alert + " fires"
			case state == journal.AlertPending:
				text = "alert " + a.Alert + " is pending"
			case state == journal.AlertUnknown:
				text = "nobody answers for the alert " + a.Alert + ": " + c.Error
			case was == string(journal.AlertFiring):
				text = "alert " + a.Alert + " has cleared"
			default:
				text = "alert " + a.Alert + " is inactive"
			}
			was = c.State
			if text == "" {
				continue
			}
			if told++; told > mostAlertEvents {
				break
			}
			list = append(list, Event{c.At, c.Second, text})
		}
	}
	return list
}
