package result

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// An alertStory is what a watcher saw of one alert, by the second of the run at which it
// asked. It asked every second from the start to the end.
type alertStory struct {
	state func(second float64) journal.AlertState
	ahead float64 // the clock of the server, in seconds; its alerts are active since their first second
	since float64 // the alert that fires is active since then, by our clock; 0: since it was first seen
	muted string
	until float64 // of the last answer; 0: the end of the run
}

// during is a state between two seconds, and inactive elsewhere.
func during(state journal.AlertState, from, to float64) func(float64) journal.AlertState {
	return func(second float64) journal.AlertState {
		if second >= from && second < to {
			return state
		}
		return journal.AlertInactive
	}
}

// then is one state until a moment, and what another one says from then on.
func then(first func(float64) journal.AlertState, at float64, second func(float64) journal.AlertState) func(float64) journal.AlertState {
	return func(s float64) journal.AlertState {
		if s < at {
			return first(s)
		}
		return second(s)
	}
}

// looks are what the watcher records, each with the second at which it does.
func (a alertStory) looks(name string) (events []journal.Event) {
	span := func(second float64) time.Duration { return time.Duration(second * float64(time.Second)) }
	until := a.until
	if until == 0 {
		until = endAt - 0.5
	}
	var last *journal.AlertLook
	asked := 0.0
	for second := 0.5; second <= until; second++ {
		state := a.state(second)
		if last == nil || last.State != state {
			l := journal.AlertLook{Alert: name, State: state, Asked: span(second), Answered: span(second) + 10*time.Millisecond, LastAsked: span(asked)}
			switch state {
			case journal.AlertFiring, journal.AlertPending:
				l.Count, l.Example, l.Muted = 1, name+`{instance="a"}`, a.muted
				l.ActiveAt, l.ClockAhead, l.ClockUncertain = epoch.Add(span(second+a.ahead)), span(a.ahead), time.Second/2
				if a.since != 0 && (state == journal.AlertFiring || a.since < second) {
					l.ActiveAt = epoch.Add(span(a.since + a.ahead))
				}
			case journal.AlertUnknown:
				l.Error = "connection refused"
			}
			last = &l
			events = append(events, journal.Event{Kind: journal.AlertChanged, Since: l.Answered + time.Millisecond, Alert: &l})
		}
		asked = second
	}
	if last != nil {
		final := *last
		final.Asked, final.LastAsked, final.Answered = span(asked), span(asked), span(asked)+10*time.Millisecond
		events = append(events, journal.Event{Kind: journal.AlertChanged, Since: span(endAt) - time.Millisecond, Alert: &final})
	}
	return events
}

// alertStoryOf is a run with one alert: its fault is in force from second 11 to second 31,
// and the run ends at 41.
func alertStoryOf(a alertStory, alert experiments.Alert) *story {
	s := newStory()
	s.plan.System.Alerts = &experiments.AlertSource{Prometheus: "http://127.0.0.1:9090"}
	s.plan.Experiments[0].Alerts = []experiments.Alert{alert}
	s.writeJournal()
	s.insert(a.looks(alert.Selector())...)
	return s
}

// insert puts events of the first experiment among those of the journal, by their time.
func (s *story) insert(events ...journal.Event) {
	for _, e := range events {
		e.At, e.Experiment = epoch.Add(e.Since), "payments-slow"
		at := slices.IndexFunc(s.events, func(x journal.Event) bool { return x.Since > e.Since || x.Kind == journal.ExperimentEnded })
		s.events = slices.Insert(s.events, at, e)
	}
	for i := range s.events {
		s.events[i].Seq = i + 1
	}
}

// What becomes of an alert is judged by what was seen of it between two answers.
func TestAlertsAreJudged(t *testing.T) {
	t.Parallel()
	always := func(state journal.AlertState) func(float64) journal.AlertState {
		return func(float64) journal.AlertState { return state }
	}
	silent := always(journal.AlertUnknown)
	flapping := func(second float64) journal.AlertState {
		if int(second)%4 == 0 {
			return journal.AlertInactive
		}
		return journal.AlertUnknown
	}
	const fire = journal.AlertFiring
	for name, tt := range map[string]struct {
		alertStory
		clears  time.Duration
		change  func(*story)
		verdict Verdict
		code    ReasonCode
	}{
		"in time":                               {alertStory: alertStory{state: during(fire, 15, 33)}, verdict: Held, code: ReasonAlertInTime},
		"in time, and clears":                   {alertStory: alertStory{state: during(fire, 15, 33)}, clears: 5 * time.Second, verdict: Held, code: ReasonAlertInTime},
		"it cleared under the fault":            {alertStory: alertStory{state: during(fire, 15, 18)}, clears: 5 * time.Second, verdict: Held, code: ReasonAlertInTime},
		"pending, then in time":                 {alertStory: alertStory{state: then(during(journal.AlertPending, 12, 99), 17, during(fire, 0, 33))}, verdict: Held, code: ReasonAlertInTime},
		"late":                                  {alertStory: alertStory{state: during(fire, 25, 33)}, verdict: Refuted, code: ReasonAlertLate},
		"after the removal":                     {alertStory: alertStory{state: during(fire, 33, 36)}, verdict: Refuted, code: ReasonAlertLate},
		"never":                                 {alertStory: alertStory{state: always(journal.AlertInactive)}, verdict: Refuted, code: ReasonAlertMissing},
		"pending and no more":                   {alertStory: alertStory{state: during(journal.AlertPending, 13, 31)}, verdict: Refuted, code: ReasonAlertMissing},
		"clears late":                           {alertStory: alertStory{state: during(fire, 15, 38)}, clears: 4 * time.Second, verdict: Refuted, code: ReasonAlertNotCleared},
		"does not clear":                        {alertStory: alertStory{state: during(fire, 15, 99)}, clears: 4 * time.Second, verdict: Refuted, code: ReasonAlertNotCleared},
		"clears and comes again":                {alertStory: alertStory{state: then(during(fire, 15, 32), 37, always(fire))}, clears: 4 * time.Second, verdict: Refuted, code: ReasonAlertNotCleared},
		"late is worse than what clears":        {alertStory: alertStory{state: during(fire, 25, 38)}, clears: 4 * time.Second, verdict: Refuted, code: ReasonAlertLate},
		"on before":                             {alertStory: alertStory{state: always(fire)}, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"on until just after the injection":     {alertStory: alertStory{state: during(fire, 2, 13)}, clears: 4 * time.Second, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"on earlier, and not at the injection":  {alertStory: alertStory{state: then(during(fire, 2, 6), 12, during(fire, 15, 33))}, verdict: Held, code: ReasonAlertInTime},
		"its condition was met before":          {alertStory: alertStory{state: then(always(journal.AlertPending), 14, always(fire)), since: 0.5}, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"its condition was met just before":     {alertStory: alertStory{state: then(during(journal.AlertPending, 10, 99), 14, always(fire)), since: 10.505}, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"met before, and the clock went wrong":  {alertStory: alertStory{state: then(always(journal.AlertPending), 14, always(fire)), since: 0.4}, change: wrongClock, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"perhaps another was pending before":    {alertStory: alertStory{state: then(always(journal.AlertPending), 14, always(fire)), since: 11.2}, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"another was pending before":            {alertStory: alertStory{state: then(always(journal.AlertPending), 14, always(fire)), since: 12}, verdict: Held, code: ReasonAlertInTime},
		"silent at the injection, and on since": {alertStory: alertStory{state: then(silent, 14, always(fire)), since: 5}, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"silent at the injection, and newer":    {alertStory: alertStory{state: then(silent, 14, always(fire)), since: 13}, verdict: Held, code: ReasonAlertInTime},
		"silent at the injection, and as new":   {alertStory: alertStory{state: then(silent, 14, always(fire)), since: 11.2}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"another clock tells the same":          {alertStory: alertStory{state: then(silent, 14, always(fire)), since: 13, ahead: -7200}, verdict: Held, code: ReasonAlertInTime},
		"another clock, on before":              {alertStory: alertStory{state: then(silent, 14, always(fire)), since: 5, ahead: 7200}, verdict: Inconclusive, code: ReasonAlertOnBefore},
		"a restart, and in time even so":        {alertStory: alertStory{state: then(during(journal.AlertUnknown, 13, 17), 17, always(fire))}, verdict: Held, code: ReasonAlertInTime},
		"it fired at the edge of its limit":     {alertStory: alertStory{state: during(fire, 21.4, 33)}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"silent when it was due":                {alertStory: alertStory{state: then(during(journal.AlertUnknown, 13, 25), 25, always(fire))}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"silent for long, and nothing after it": {alertStory: alertStory{state: during(journal.AlertUnknown, 13, 20)}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"silent for a moment":                   {alertStory: alertStory{state: during(journal.AlertUnknown, 13, 16)}, verdict: Refuted, code: ReasonAlertMissing},
		"silent for three seconds of four":      {alertStory: alertStory{state: flapping}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"gone for good":                         {alertStory: alertStory{state: during(journal.AlertUnknown, 13, 99)}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"gone while it fires":                   {alertStory: alertStory{state: then(during(fire, 15, 99), 32, silent)}, clears: 4 * time.Second, verdict: Inconclusive, code: ReasonAlertUnasked},
		"never asked":                           {alertStory: alertStory{until: 0.1}, verdict: Inconclusive, code: ReasonAlertUnasked},
		"silenced, and fires all the same":      {alertStory: alertStory{state: during(fire, 15, 33), muted: "silenced"}, verdict: Held, code: ReasonAlertInTime},
		"the fault went early": {alertStory: alertStory{state: always(journal.AlertInactive)}, change: func(s *story) {
			s.insert(journal.Event{Kind: journal.GuardrailTripped, Since: 14 * time.Second, Guardrail: "probe", Detail: "x", Value: 3, Limit: 3})
			s.move(journal.FaultRemoved, 14)
		}, verdict: Inconclusive, code: ReasonAlertCutOff},
		"the fault went early, and it fired": {alertStory: alertStory{state: during(fire, 13, 18)}, change: func(s *story) { s.move(journal.FaultRemoved, 14) }, verdict: Held, code: ReasonAlertInTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alert := experiments.Alert{Name: "ShopErrors", Labels: map[string]string{"severity": "page"}, FiresWithin: 10 * time.Second, ClearsWithin: tt.clears}
			s := alertStoryOf(tt.alertStory, alert)
			if tt.change != nil {
				tt.change(s)
			}
			e := s.fold(t).Experiments[0]
			c := e.Criterion(AlertCriterion, `ShopErrors{severity="page"}`)
			if c == nil || c.Verdict != tt.verdict || c.Code != tt.code {
				t.Fatalf("%+v, want %s by %s: %+v", c, tt.verdict, tt.code, e.Alerts)
			}
			told := strings.Contains(strings.Join(e.Warnings, "\n"), "nobody was told")
			if told != (tt.muted != "") {
				t.Errorf("warnings %q", e.Warnings)
			}
			if tt.verdict != Held && e.Verdict == Held {
				t.Error("the experiment held")
			}
			if tt.verdict == Refuted && !e.HasReason(tt.code) {
				t.Errorf("reasons %q", e.Reasons)
			}
		})
	}
}

// wrongClock lets the first answer that the alert fires come from a clock that has gone
// back since, by an hour.
func wrongClock(s *story) {
	s.edit(journal.AlertChanged, func(e *journal.Event) {
		if e.Alert.State == journal.AlertFiring {
			l := *e.Alert
			l.ClockAhead -= time.Hour
			e.Alert = &l
		}
	})
}

// Silences that overlap are counted once, and those of other times not at all.
func TestSilenceIsCountedOnce(t *testing.T) {
	t.Parallel()
	look := func(state journal.AlertState, last, answered time.Duration) journal.Event {
		return journal.Event{Alert: &journal.AlertLook{State: state, LastAsked: last * time.Second, Answered: answered * time.Second}}
	}
	a := &alertRecord{looks: []journal.Event{
		look(journal.AlertUnknown, 0, 2), look(journal.AlertInactive, 2, 6),
		look(journal.AlertUnknown, 10, 12), look(journal.AlertUnknown, 12, 14), look(journal.AlertInactive, 14, 15),
		look(journal.AlertUnknown, 28, 29),
	}}
	for _, tt := range []struct{ from, to, want time.Duration }{{0, 99, 6 + 5 + 71}, {4, 13, 2 + 3}, {6, 10, 0}, {20, 30, 2}, {40, 30, 0}} {
		if got := a.unseen(tt.from*time.Second, tt.to*time.Second); got != tt.want*time.Second {
			t.Errorf("%d to %d: %s, want %ds", tt.from, tt.to, got, tt.want)
		}
	}
}

// move moves an event of a kind to another moment.
func (s *story) move(k journal.Kind, second float64) {
	i := slices.IndexFunc(s.events, func(e journal.Event) bool { return e.Kind == k })
	e := s.events[i]
	s.events = slices.Delete(s.events, i, i+1)
	e.Since, e.Began = time.Duration(second*float64(time.Second)), time.Duration(second*float64(time.Second))
	s.insert(e)
}

// Times are counted from the injection and from the removal, and the events say what
// changed.
func TestAlertsHaveTimes(t *testing.T) {
	t.Parallel()
	e := alertStoryOf(alertStory{state: during(journal.AlertFiring, 15, 33)}, experiments.Alert{Name: "ShopErrors", FiresWithin: 10 * time.Second, ClearsWithin: 5 * time.Second}).fold(t).Experiments[0]
	a := e.Alerts[0]
	if a.Fired == nil || a.Fired.After != 3.5 || a.Fired.Before != 4.51 || a.Cleared == nil || a.Cleared.After != 1.5 || a.Cleared.Before != 2.51 || a.Before != "inactive" {
		t.Errorf("fired %+v, cleared %+v, before %q", a.Fired, a.Cleared, a.Before)
	}
	var told []string
	for _, v := range e.Events {
		if strings.Contains(v.What, "ShopErrors") {
			told = append(told, fmt.Sprintf("%.1f", v.Second))
		}
	}
	if strings.Join(told, " ") != "15.5 33.5" || len(a.Changes) != 3 {
		t.Errorf("events at %q, %d changes", told, len(a.Changes))
	}
}

// A plan from elsewhere may name alerts and nobody to ask, and a journal any number of looks.
func TestWildAlerts(t *testing.T) {
	t.Parallel()
	s := alertStoryOf(alertStory{state: during(journal.AlertFiring, 15, 33)}, experiments.Alert{Name: "ShopErrors", FiresWithin: time.Second})
	s.plan.System.Alerts = nil
	if e := s.fold(t).Experiments[0]; e.Criterion(AlertCriterion, "ShopErrors") != nil {
		t.Error("an alert is judged, and nobody was asked")
	}
	flapping := alertStoryOf(alertStory{state: func(s float64) journal.AlertState {
		if int(s)%2 == 0 {
			return journal.AlertFiring
		}
		return journal.AlertInactive
	}}, experiments.Alert{Name: "ShopErrors", FiresWithin: time.Second})
	looks := slices.DeleteFunc(slices.Clone(flapping.events), func(e journal.Event) bool { return e.Kind != journal.AlertChanged })
	for range 300 {
		flapping.insert(looks[len(looks)-2])
	}
	e := flapping.fold(t).Experiments[0]
	if n := len(e.Alerts[0].Changes); n > mostAlertChanges || len(e.Events) > 50 {
		t.Errorf("%d changes, %d events", n, len(e.Events))
	}
	for name, spoil := range map[string]func(*journal.AlertLook){
		"state":    func(l *journal.AlertLook) { l.State = "odd" },
		"order":    func(l *journal.AlertLook) { l.Answered = l.Asked - 1 },
		"negative": func(l *journal.AlertLook) { l.LastAsked = -1 },
		"too far":  func(l *journal.AlertLook) { l.Answered = journal.LongestRun + 1 },
		"count":    func(l *journal.AlertLook) { l.Count = -1 },
	} {
		s := alertStoryOf(alertStory{state: during(journal.AlertFiring, 15, 33)}, experiments.Alert{Name: "ShopErrors", FiresWithin: time.Second})
		first := true
		s.edit(journal.AlertChanged, func(e *journal.Event) {
			if first {
				l := *e.Alert
				spoil(&l)
				e.Alert, first = &l, false
			}
		})
		r, _, err := foldText(s.lines(t), nil, nil)
		if err != nil || len(r.Warnings) == 0 {
			t.Errorf("%s: %v, no warning names the line", name, err)
		}
	}
}
