package result

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// An Alert is what became of one alert that had to fire under the fault.
type Alert struct {
	Alert  string            `json:"alert"` // as PromQL would select it, such as CheckoutErrors{severity="page"}
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	Source string            `json:"source"` // prometheus or alertmanager
	// FiresWithin and ClearsWithin are its limits in seconds. ClearsWithin is absent where it
	// is not judged when the alert clears.
	FiresWithin  float64 `json:"fires_within"`
	ClearsWithin float64 `json:"clears_within,omitempty"`
	// Before is its state when the fault was injected: inactive, pending or firing; absent
	// where nobody knows.
	Before string `json:"before,omitempty"`
	// Fired is when it first fired, in seconds after the injection, and Cleared when it had
	// ceased to for good, in seconds after the removal: below zero where that came first.
	// They are absent where it did not, where it fired before the fault, or nobody knows.
	Fired   *Between `json:"fired,omitempty"`
	Cleared *Between `json:"cleared,omitempty"`
	Fits    int      `json:"fits,omitempty"`    // how many alerts with these labels fired when it first did
	Example string   `json:"example,omitempty"` // one of them, with all its labels
	// Muted is why nobody was told of it: silenced, inhibited or muted; absent where somebody
	// was, or nobody knows.
	Muted string `json:"muted,omitempty"`
	// Changes are all that was seen of it, oldest first, at most 200.
	Changes []AlertChange `json:"changes,omitempty"`
}

// Between is a moment that came after one answer and before another one.
type Between struct {
	After  float64 `json:"after"`  // when the last answer that knew nothing of it was asked for
	Before float64 `json:"before"` // when the first one that did had come
}

// An AlertChange is a state in which an alert was seen from then on.
type AlertChange struct {
	At     time.Time `json:"at"`
	Second float64   `json:"second"` // since the experiment's start
	State  string    `json:"state"`  // inactive, pending, firing or unknown
	Muted  string    `json:"muted,omitempty"`
	Error  string    `json:"error,omitempty"` // why it is unknown
}

const (
	mostAlertLooks   = 10_000 // of one alert that are judged
	mostAlertChanges = 200    // of one alert in a result
)

// An alertRecord is what the journal knows of one alert.
type alertRecord struct {
	plan  experiments.Alert
	looks []journal.Event // oldest first; the last one is always among them
}

// add takes a look. Of more than anybody can have meant, the last one counts.
func (a *alertRecord) add(e journal.Event) {
	if n := len(a.looks); n == mostAlertLooks {
		a.looks[n-1] = e
		return
	}
	a.looks = append(a.looks, e)
}

// until is until when the state of look i was seen for certain.
func (a *alertRecord) until(i int) time.Duration {
	if i+1 < len(a.looks) {
		return max(a.looks[i].Alert.Asked, a.looks[i+1].Alert.LastAsked)
	}
	return a.looks[i].Alert.Asked
}

func (a *alertRecord) state(i int) journal.AlertState { return a.looks[i].Alert.State }

// at is the last look before a moment; -1: there is none.
func (a *alertRecord) at(when time.Duration) int {
	found := -1
	for i, e := range a.looks {
		if e.Alert.Answered <= when {
			found = i
		}
	}
	return found
}

// sawAlert takes a look at an alert of the plan.
func (r *experimentRun) sawAlert(e journal.Event) {
	for i := range r.alerts {
		if e.Alert != nil && r.alerts[i].plan.Selector() == e.Alert.Alert {
			r.alerts[i].add(e)
		}
	}
}

// alertRows are what became of the alerts, in the order of the plan. Of an experiment that
// was not measured it is what was seen.
func (r *experimentRun) alertRows(source string) (list []Alert) {
	for i := range r.alerts {
		a := &r.alerts[i]
		row := Alert{
			Alert: a.plan.Selector(), Name: a.plan.Name, Labels: a.plan.Labels, Source: source,
			FiresWithin: seconds(a.plan.FiresWithin), ClearsWithin: seconds(a.plan.ClearsWithin),
		}
		for k, e := range a.looks {
			if k == len(a.looks)-1 && k > 0 && a.state(k) == a.state(k-1) && e.Alert.Muted == a.looks[k-1].Alert.Muted || len(row.Changes) == mostAlertChanges {
				break // the last look tells nothing new
			}
			row.Changes = append(row.Changes, r.alertChange(e))
		}
		if r.measured() {
			r.timeAlert(a, &row)
		}
		list = append(list, row)
	}
	return list
}

// alertChange is a look for reports. It came when it was answered.
func (r *experimentRun) alertChange(e journal.Event) AlertChange {
	l := e.Alert
	since := l.Answered - r.start.Since
	return AlertChange{At: r.start.At.Add(since), Second: seconds(since), State: string(l.State), Muted: l.Muted, Error: l.Error}
}

// timeAlert finds when an alert fired and cleared.
func (r *experimentRun) timeAlert(a *alertRecord, row *Alert) {
	injected, removed := r.moments.injected, r.moments.removed
	if i := a.at(injected); i >= 0 && a.state(i) != journal.AlertUnknown {
		row.Before = string(a.state(i))
	}
	first := a.firstFiring(injected)
	if first < 0 {
		return
	}
	l := a.looks[first].Alert
	row.Fits, row.Example, row.Muted = l.Count, l.Example, a.muted(first)
	if row.Before == string(journal.AlertFiring) {
		return // it did not begin to fire
	}
	row.Fired = &Between{seconds(a.quietUntil(first, injected) - injected), seconds(max(0, l.Answered-injected))}
	if last, cleared := a.lastFiring(first); cleared >= 0 {
		row.Cleared = &Between{seconds(a.until(last) - removed), seconds(a.looks[cleared].Alert.Answered - removed)}
	}
}

// firstFiring is the first look that the alert fires which goes on after a moment; -1:
// there is none.
func (a *alertRecord) firstFiring(after time.Duration) int {
	for i := max(0, a.at(after)); i < len(a.looks); i++ {
		if a.state(i) == journal.AlertFiring {
			return i
		}
	}
	return -1
}

// quietUntil is until when the alert is known not to have fired before look i did; no
// earlier than a moment before which it does not matter.
func (a *alertRecord) quietUntil(i int, from time.Duration) time.Duration {
	for k := i - 1; k >= 0; k-- {
		if a.state(k) != journal.AlertUnknown {
			return max(from, a.until(k))
		}
	}
	return from
}

// lastFiring is the last look that the alert fires, and the look that it does not any more;
// -1: none says so.
func (a *alertRecord) lastFiring(first int) (last, cleared int) {
	last, cleared = first, -1
	for i := first; i < len(a.looks); i++ {
		switch a.state(i) {
		case journal.AlertFiring:
			last, cleared = i, -1
		case journal.AlertUnknown:
		default:
			if cleared < 0 {
				cleared = i
			}
		}
	}
	return last, cleared
}

// muted is why nobody was told while the alert fired from look i on; empty if somebody was
// at some time.
func (a *alertRecord) muted(i int) string {
	why := a.looks[i].Alert.Muted
	for ; i < len(a.looks); i++ {
		if l := a.looks[i].Alert; l.State == journal.AlertFiring && l.Muted == "" {
			return ""
		}
	}
	return why
}

// activeBefore reports whether the alerts of a look were active before a moment for certain,
// going by the clock of their server.
func (a *alertRecord) activeBefore(i int, when time.Duration) bool {
	since, uncertain, known := a.activeSince(i)
	return known && since+uncertain < when
}

// activeAfter reports whether they were not active before a moment, for certain.
func (a *alertRecord) activeAfter(i int, when time.Duration) bool {
	since, uncertain, known := a.activeSince(i)
	return known && since-uncertain >= when
}

// activeSince is since when the alerts of a look are active, give or take what is uncertain
// of the clock of their server.
func (a *alertRecord) activeSince(i int) (since, uncertain time.Duration, known bool) {
	e := &a.looks[i]
	l := e.Alert
	if l.ActiveAt.IsZero() || l.ClockUncertain == 0 {
		return 0, 0, false
	}
	return l.ActiveAt.Sub(e.At) - l.ClockAhead + e.Since, l.ClockUncertain, true
}

// unseen is for how long in all nobody answered between two moments.
func (a *alertRecord) unseen(from, to time.Duration) (all time.Duration) {
	counted := from // until when silence is counted
	for i := range a.looks {
		if a.state(i) != journal.AlertUnknown {
			continue
		}
		began, ended := a.looks[i].Alert.LastAsked, to
		if i+1 < len(a.looks) {
			ended = a.looks[i+1].Alert.Answered
		}
		ended = min(ended, to)
		all += max(0, ended-max(began, counted))
		counted = max(counted, ended)
	}
	return all
}

// seenUntil is until when anything is known of the alert.
func (a *alertRecord) seenUntil() time.Duration {
	for i := len(a.looks) - 1; i >= 0; i-- {
		if a.state(i) != journal.AlertUnknown {
			return a.until(i)
		}
	}
	return -1
}

// alert checks what became of one alert.
func (c *checker) alert(a *Alert) {
	oneOf(c, "alert", a.Source, "prometheus", "alertmanager")
	c.number("alert", mostSeconds, a.FiresWithin, a.ClearsWithin)
	c.code("alert", a.Before)
	c.code("alert", a.Muted)
	count(c, "alert", a.Fits)
	for _, b := range []*Between{a.Fired, a.Cleared} {
		if b != nil {
			c.bounds("alert", mostSeconds, b.After, b.Before)
		}
	}
	if len(a.Changes) > mostAlertChanges {
		c.fail("alert", "%d changes: at most %d are told", len(a.Changes), mostAlertChanges)
	}
	for _, x := range a.Changes {
		c.time("alert", x.At)
		c.number("alert", mostSeconds, x.Second)
		c.code("alert", x.State)
		c.code("alert", x.Muted)
	}
}
