package experiments

import "github.com/blastgauge/blastgauge/experiments/shape"

// An Experiment is one hypothesis and the faults that test it.
type Experiment struct {
	Version    int                `json:"version"`
	ID         string             `json:"experiment"`
	Title      string             `json:"title"`
	Hypothesis string             `json:"hypothesis"`
	Owner      string             `json:"owner,omitempty"` // who answers for the hypothesis
	IfRefuted  string             `json:"if_refuted,omitempty"`
	Faults     []Fault            `json:"faults"`
	Settings   Settings           `json:"settings"`
	Control    string             `json:"control,omitempty"` // [ControlBaseline], or what the system allows
	Rates      map[string]float64 `json:"rates,omitempty"`   // journeys per second by journey, in place of the system's
	// Saturation are the shares of journeys, from 0 to 1, that the faults touch in turns;
	// nil: they touch all that the fault arm sends.
	Saturation []float64 `json:"saturation,omitempty"`
	Alerts     []Alert   `json:"alerts,omitempty"` // that have to fire under the faults
	File       string    `json:"-"`
	Text       string    `json:"-"`
	Line       int       `json:"-"` // of `experiment:`, for annotations
	places     map[string]Place
	env        []envReference // of requests
	unset      []envReference // of rates, see [CheckAddresses]
}

// Place returns where a field of the document is, by its path, such as
// "faults[0].into".
func (e *Experiment) Place(path string) (Place, bool) {
	p, ok := e.places[path]
	return p, ok
}

// ControlBaseline is the value of Experiment.Control that makes the time before the
// fault the control, whatever the system allows.
const ControlBaseline = "baseline"

// MaxOwner is how many characters the owner of an experiment may have, also in a game day.
const MaxOwner = 80

// MaxFaults is how many faults one experiment may have.
const MaxFaults = 100

// experimentShape is the document of an experiment.
func experimentShape(e *Experiment, env environment) shape.Shape {
	f := shape.Fields{
		{Name: "version", Doc: "version of this language: 1", Shape: version(&e.Version), Required: true},
		{Name: "experiment", Doc: "id of the experiment, such as payments-slow", Shape: id(&e.ID), Required: true},
		{Name: "title", Doc: "what reports call it; the id by default", Shape: shape.Line(&e.Title)},
		{Name: "hypothesis", Doc: "what must stay true while the fault is in force", Shape: shape.Prose(&e.Hypothesis), Required: true},
		{Name: "owner", Doc: "who answers for the hypothesis, and is named in reports; the owners of its dependencies by default", Shape: shape.ShortLine(&e.Owner, MaxOwner)},
		{Name: "faults", Doc: "what goes wrong", Required: true,
			Shape: shape.List[Fault]{To: &e.Faults, Item: func(f *Fault) shape.Shape { return faultShape{f} }, Min: 1, Max: MaxFaults}},
	}
	f = append(f, settingsFields(&e.Settings)...)
	return append(f, shape.Fields{
		{Name: "journeys", Doc: "rates of this experiment in place of the system's", Shape: shape.Table[float64]{To: &e.Rates, Key: ids(), Item: func(v *float64) shape.Shape {
			return shape.Fields{{Name: "rate", Doc: "journeys per second or minute over both arms, such as 20/s", Shape: env.in(positive(rate, "0/s")(v)), Required: true}}
		}}},
		{Name: "control", Doc: "baseline: compare with the time before the fault, also where a control arm is possible, such as for a fault that both arms share",
			Shape: shape.Enum(&e.Control, "a control", ControlBaseline)},
		{Name: "saturation", Doc: "shares of journeys that the fault touches in turns, such as [10%, 50%, 100%]: tells harm of those that it touched from harm of the others; for faults on single requests, with propagates: baggage",
			Shape: saturationShape(&e.Saturation)},
		{Name: "alerts", Doc: "alerts that have to fire under the fault, and to clear after it: whether detection works", Shape: alertsShape(&e.Alerts)},
		{Name: "if_refuted", Doc: "what to do when the hypothesis does not hold", Shape: shape.Prose(&e.IfRefuted)},
	}...)
}
