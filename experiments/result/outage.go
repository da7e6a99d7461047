package result

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

const (
	// leastRefused is how many journeys in a row an outage refuses at the least, and
	// mostOutages how many are kept of an address.
	leastRefused = 5
	mostOutages  = 20
)

// Outage is a time in which nobody listened where journeys enter the system: it has
// died, or is started anew.
type Outage struct {
	Address string    `json:"address"`
	From    time.Time `json:"from"`
	Second  float64   `json:"second"` // of From, since the experiment's start
	// To is when the address answered again; absent where it did not until the end.
	To       time.Time `json:"to,omitzero"`
	ToSecond float64   `json:"to_second,omitempty"`
	Refused  int       `json:"refused"` // journeys
}

// Lasted reports whether nobody listened until the end.
func (o *Outage) Lasted() bool { return o.To.IsZero() }

// An entry is where journeys enter the system, and when nobody listened there.
type entry struct {
	address string
	open    *outage // the one that nothing has answered since
	ended   []outage
}

// An outage is from the first refusal to the first answer after it.
type outage struct {
	from, to time.Duration // offsets from the run's start
	refused  int
}

// findEntries finds the addresses where the arms enter the system. One where a fault is
// injected is left out: who listens there is the fault's doing. Another program does not
// say who answered it.
func (r *experimentRun) findEntries(system *experiments.System) {
	if len(r.command) > 0 {
		return
	}
	urls := [2]string{plan.FaultArm: system.URL, plan.ControlArm: system.ControlURL}
	if r.plan.Tagged || urls[plan.ControlArm] == "" {
		urls[plan.ControlArm] = system.URL
	}
	for arm, text := range urls {
		address := addressOf(text)
		for _, d := range system.Dependencies {
			if d.Listen == address && slices.ContainsFunc(r.plan.Faults, func(f plan.Fault) bool { return f.Into == d.Name }) {
				address = ""
			}
		}
		switch {
		case address == "":
		case arm == int(plan.ControlArm) && r.entries[plan.FaultArm] != nil && r.entries[plan.FaultArm].address == address:
			r.entries[arm] = r.entries[plan.FaultArm]
		default:
			r.entries[arm] = &entry{address: address}
		}
	}
}

// addressOf is the host:port that a URL leads to; empty if it is none.
func addressOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
}

// addToEntry notes whether somebody listened when a journey came.
func (r *experimentRun) addToEntry(o *journal.Observation) {
	e := r.entries[o.Arm]
	if e == nil || o.Cause == journal.Shed {
		return
	}
	if r.refusedAt(o, e.address) {
		e.refuse(o.Intended + o.Paused)
	} else if len(o.Steps) > 0 && (o.Cause != journal.Timeout || o.Step > 0) { // somebody answered
		at := o.Intended
		if o.Cause != journal.Timeout { // else what answered came before a pause, perhaps
			at += o.Paused
		}
		e.answer(at)
	}
}

// refusedAt reports whether an address refused a journey. A journal that lacks the cause's
// introduction tells it by the step: the first request goes to the entry.
func (r *experimentRun) refusedAt(o *journal.Observation, address string) bool {
	if classOf(o) != journal.Refused {
		return false
	}
	if s, known := r.causes[o.Why]; known && s.key != "" {
		return s.key == address
	}
	return o.Step == 0
}

func (e *entry) refuse(at time.Duration) {
	if e.open == nil {
		e.open = &outage{from: at}
	}
	e.open.from = min(e.open.from, at)
	e.open.refused++
}

// answer ends the outage, unless the journey began before it.
func (e *entry) answer(at time.Duration) {
	if e.open == nil || at < e.open.from {
		return
	}
	if e.open.refused >= leastRefused && len(e.ended) < mostOutages {
		e.open.to = at
		e.ended = append(e.ended, *e.open)
	}
	e.open = nil
}

// outages are those of both entries, in the order of time.
func (r *experimentRun) outages() []Outage {
	var list []Outage
	for arm, e := range r.entries {
		if e == nil || arm > 0 && e == r.entries[0] {
			continue
		}
		all := e.ended
		if e.open != nil && e.open.refused >= leastRefused {
			all = append(slices.Clone(all), *e.open)
		}
		for _, o := range all {
			row := Outage{Address: e.address, From: r.at(o.from), Second: seconds(o.from - r.start.Since), Refused: o.refused}
			if o.to > 0 {
				row.To, row.ToSecond = r.at(o.to), seconds(o.to-r.start.Since)
			}
			list = append(list, row)
		}
	}
	slices.SortStableFunc(list, func(a, b Outage) int { return cmp.Compare(a.Second, b.Second) })
	return list
}

// at is the time of an offset from the run's start.
func (r *experimentRun) at(offset time.Duration) time.Time {
	return r.start.At.Add(offset - r.start.Since)
}

// died is why nothing else has to be explained: nobody listens any more.
func (e *Experiment) died() *reason {
	for i := range e.Outages {
		if o := &e.Outages[i]; o.Lasted() {
			return &reason{ReasonSystemDied, fmt.Sprintf("since %s nobody listens at %s: the system has died, or was stopped (%s refused)", figures.Clock(o.From), o.Address, quantity(int64(o.Refused), "journey"))}
		}
	}
	return nil
}

// outageEvents are the outages as events of the time line.
func (e *Experiment) outageEvents() (list []Event) {
	for i := range e.Outages {
		o := &e.Outages[i]
		list = append(list, Event{o.From, o.Second, fmt.Sprintf("nobody listens at %s from now on", o.Address)})
		if !o.Lasted() {
			list = append(list, Event{o.To, o.ToSecond, fmt.Sprintf("%s answers again, %.1f s later: the system was started anew", o.Address, o.ToSecond-o.Second)})
		}
	}
	return list
}
