package experiments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// An AlertSource says who knows which alerts fire. One of the two addresses is set.
type AlertSource struct {
	Prometheus   string `json:"prometheus,omitempty"`   // URL of its API
	Alertmanager string `json:"alertmanager,omitempty"` // URL of its API
	Token        string `json:"token,omitempty"`        // ${env:NAME}: its value is in no document; empty: it asks for none
}

// URL returns the address of the API.
func (a *AlertSource) URL() string {
	if a.Prometheus != "" {
		return a.Prometheus
	}
	return a.Alertmanager
}

// Kind returns the key of the address: prometheus or alertmanager.
func (a *AlertSource) Kind() string {
	if a.Prometheus != "" {
		return "prometheus"
	}
	return "alertmanager"
}

// An Alert is one that has to fire while a fault is in force. Labels may fit several
// alerts at once, such as one for each instance: any of them will do.
type Alert struct {
	Name         string            `json:"name"`
	Labels       map[string]string `json:"labels,omitempty"`        // that it has, beside others
	FiresWithin  time.Duration     `json:"fires_within"`            // after the injection
	ClearsWithin time.Duration     `json:"clears_within,omitempty"` // after the removal; 0: when it clears is not judged
}

// AlertPoll is how often alerts are asked for: from question to question, and at once after
// an answer that took longer. So about how precisely it is known when an alert fired or cleared.
const AlertPoll = time.Second

// AlertMargin is how much longer an experiment has to go on than an alert may take: the
// last answer has to come after its time is over.
const AlertMargin = 2 * AlertPoll

// AlertName is the label that holds the name of an alert.
const AlertName = "alertname"

// Selector returns the alert as PromQL would select it, such as
// CheckoutErrors{severity="page"}. No other alert of its experiment has the same.
func (a Alert) Selector() string { return SelectAlert(a.Name, a.Labels) }

// SelectAlert returns an alert with labels as PromQL would select it. A label that holds
// the name is left out.
func SelectAlert(name string, labels map[string]string) string {
	var list []string
	for _, label := range slices.Sorted(maps.Keys(labels)) {
		if label != AlertName {
			list = append(list, label+"="+strconv.Quote(labels[label]))
		}
	}
	if list == nil {
		return name
	}
	return name + "{" + strings.Join(list, ", ") + "}"
}

// Fits reports whether an alert with these labels, its name among them, is the one.
func (a Alert) Fits(labels map[string]string) bool {
	if labels[AlertName] != a.Name {
		return false
	}
	for label, value := range a.Labels {
		if labels[label] != value {
			return false
		}
	}
	return true
}

const (
	maxAlerts      = 50  // of one experiment
	maxAlertLabels = 20  // of one alert
	maxAlertText   = 200 // characters of a name or of the value of a label
)

// alertSourceShape is the address of one of the two.
func alertSourceShape(a *AlertSource, env environment) shape.Shape {
	one := []shape.Object{{"required": []string{"prometheus"}}, {"required": []string{"alertmanager"}}}
	return shape.Validated{Always: true, Also: shape.Object{"oneOf": one}, Shape: alertSource{shape.Fields{
		{Name: "prometheus", Doc: "URL of the Prometheus that evaluates the alerts", Shape: env.inText(&a.Prometheus, httpURL{to: &a.Prometheus})},
		{Name: "alertmanager", Doc: "URL of the Alertmanager that gets them: it also knows who was told, and nothing of alerts that are pending", Shape: env.inText(&a.Alertmanager, httpURL{to: &a.Alertmanager})},
		{Name: "token", Doc: "bearer token that its API asks for: ${env:NAME}", Shape: bearerToken(&a.Token)},
	}}, Check: func(d *shape.Document, n shape.Node, path string) {
		if n.Kind() != shape.Mapping {
			return
		}
		switch first, second := d.Given(path+".prometheus"), d.Given(path+".alertmanager"); {
		case first && second:
			d.Fail(d.Key(path+".alertmanager"), shape.Diagnostic{Msg: "prometheus and alertmanager are mutually exclusive: one of them is asked", Hint: "keep alertmanager where it matters who is told, and prometheus otherwise"})
		case !first && !second:
			d.Fail(d.Key(path), shape.Diagnostic{Msg: "one of prometheus and alertmanager is missing", Hint: "prometheus: http://127.0.0.1:9090"})
		}
	}}
}

// An alertSource explains what to write instead of a URL alone, which may hold a login and is
// not repeated.
type alertSource struct{ shape.Fields }

func (s alertSource) Read(d *shape.Document, n shape.Node, path string) {
	if n.Kind() == shape.Str {
		d.Fail(n, shape.Diagnostic{Msg: "a mapping (key: value) is needed here, not a text", Hint: "write {prometheus: URL} or {alertmanager: URL}"})
		return
	}
	s.Fields.Read(d, n, path)
}

// alertsShape is a list of alerts, each with another selector.
func alertsShape(to *[]Alert) shape.Shape {
	list := shape.List[Alert]{To: to, Item: alertShape, Min: 1, Max: maxAlerts}
	return shape.Validated{Shape: list, Check: func(d *shape.Document, _ shape.Node, path string) {
		seen := map[string]bool{}
		for i, a := range *to {
			if a.Name != "" && seen[a.Selector()] {
				d.Fail(d.At(fmt.Sprintf("%s[%d].name", path, i)), shape.Diagnostic{Msg: "another alert of this experiment is " + a.Selector() + ", too", Hint: "give labels that tell them apart, or leave one out"})
			}
			seen[a.Selector()] = true
		}
	}}
}

func alertShape(a *Alert) shape.Shape {
	return shape.Validated{Shape: shape.Fields{
		{Name: "name", Doc: "name of the alerting rule, such as CheckoutErrors", Shape: shape.Line(&a.Name), Required: true},
		{Name: "labels", Doc: "labels that the alert has, such as {severity: page}; of several alerts that have them, any will do",
			Shape: shape.Table[string]{To: &a.Labels, Key: alertLabels(), Item: labelValue}},
		{Name: "fires_within", Doc: "how long after the injection it fires at the latest, its own for: included, such as 2m", Shape: positive(duration, "0s")(&a.FiresWithin), Required: true},
		{Name: "clears_within", Doc: "how long after the removal it has ceased to fire at the latest, such as 5m; without it, that is not judged", Shape: positive(duration, "0s")(&a.ClearsWithin)},
	}, Check: func(d *shape.Document, _ shape.Node, path string) {
		if len(a.Name) > maxAlertText {
			d.Fail(d.At(path+".name"), shape.Diagnostic{Msg: fmt.Sprintf("a name of %d bytes: at most %d are allowed", len(a.Name), maxAlertText)})
		}
		if len(a.Labels) > maxAlertLabels {
			d.Fail(d.At(path+".labels"), shape.Diagnostic{Msg: fmt.Sprintf("%d labels: at most %d are allowed here", len(a.Labels), maxAlertLabels)})
		}
	}}
}

// alertLabels are the names of labels, but for that which holds the name.
func alertLabels() shape.Names {
	return shape.Names{Pattern: labelPattern, Check: func(s string) *shape.Diagnostic {
		switch {
		case s == AlertName:
			return &shape.Diagnostic{Msg: "the name of the alert is not among its labels", Hint: "write it as name:"}
		case !labelForm.MatchString(s):
			return &shape.Diagnostic{Msg: strconv.Quote(s) + " is not the name of a label, such as severity"}
		}
		return nil
	}}
}

// labelValue is a text of one line; a number is one as well.
func labelValue(to *string) shape.Shape {
	line := shape.Line(to).(shape.Scalar[string])
	parse := line.Parse
	line.Loose, line.JSON = true, shape.OfType("string", "number", "boolean")
	line.Parse = func(s string) (string, *shape.Diagnostic) {
		if len(s) > maxAlertText {
			return "", &shape.Diagnostic{Msg: fmt.Sprintf("a value of %d bytes: at most %d are allowed", len(s), maxAlertText)}
		}
		return parse(s)
	}
	return line
}

// AlertsTooLong returns, for each alert that cannot be judged in phases of these lengths,
// the key that asks for too much and why. force is how long the faults are in force.
func AlertsTooLong(alerts []Alert, force time.Duration, phases Phases) (list []AlertTooLong) {
	add := func(i int, key, format string, args ...any) {
		list = append(list, AlertTooLong{i, key, fmt.Sprintf(format, args...)})
	}
	for i, a := range alerts {
		rest, named := phases.Fault+phases.Recovery, cmp.Or(a.Selector(), "it")
		switch {
		case a.FiresWithin > force && force < phases.Fault:
			add(i, "fires_within", "its faults are in force for %s, and %s may take %s to fire: give them at least as long", short(force), named, short(a.FiresWithin))
		case a.FiresWithin > phases.Fault:
			add(i, "fires_within", "the fault phase of %s is shorter than the %s that %s may take to fire: make it at least %s", short(phases.Fault), short(a.FiresWithin), named, short(a.FiresWithin))
		case a.FiresWithin+AlertMargin > rest:
			add(i, "fires_within", "%s may take %s to fire, and the run ends before it is asked for after that: make the recovery phase at least %s", named, short(a.FiresWithin), short(AlertMargin))
		}
		if a.ClearsWithin > 0 && a.ClearsWithin+AlertMargin > phases.Recovery {
			add(i, "clears_within", "the recovery phase of %s is too short for the %s that %s may take to clear: make it at least %s, so that it is asked for after that", short(phases.Recovery), short(a.ClearsWithin), named, short(a.ClearsWithin+AlertMargin))
		}
	}
	return list
}

// An AlertTooLong is a time of an alert that is longer than its phase.
type AlertTooLong struct {
	Index int    // of the alert
	Key   string // fires_within or clears_within
	Why   string // with the phase to lengthen
}

// checkAlerts notes alerts that nobody can be asked for, and those that have more time than
// their phases.
func checkAlerts(d *shape.Document, e *Experiment, s *System, phases Phases) {
	if len(e.Alerts) > 0 && s.Alerts == nil {
		d.Fail(d.Key("alerts"), shape.Diagnostic{Msg: s.File + " does not say who knows which alerts fire", Hint: "write there alerts: {prometheus: http://127.0.0.1:9090}"})
	}
	repeat := e.Settings.Repeat
	if repeat == 0 {
		repeat = s.Defaults.Repeat
	}
	if repeat > 1 { // whether there are turns, and how long one is, the plan knows
		return
	}
	for _, long := range AlertsTooLong(e.Alerts, inForce(e.Faults, phases.Fault), phases) {
		d.Fail(d.At(fmt.Sprintf("alerts[%d].%s", long.Index, long.Key)), shape.Diagnostic{Msg: long.Why})
	}
}

// inForce is from the injection of the first fault to the removal of the last one.
func inForce(faults []Fault, phase time.Duration) time.Duration {
	from, to := phase, time.Duration(0)
	for _, f := range faults {
		from = min(from, f.At)
		if f.For > 0 {
			to = max(to, f.At+f.For)
		} else {
			to = phase
		}
	}
	return max(0, to-from)
}
