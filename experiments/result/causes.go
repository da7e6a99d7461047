package result

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Cause is why journeys were harmed, and how many. The counts of all causes of a
// journey add up to the harmed of its Baseline and its Arms, by arm.
type Cause struct {
	// Step is what was answered, or not answered, as the class says. It is absent where
	// journeys were shed. A journey that was too slow and then failed counts at the step
	// that failed, but for one that waited beyond its budget until the fault was removed: it
	// counts as slow at the step that it waited at, however the removal ended it.
	Step string `json:"step,omitempty"`
	// Class is status, timeout, refused, reset, closed, tls, dns, not_allowed, too_large,
	// check, slow, redirects, shed, counted where a counter of the system counts it as
	// harmed and nobody knows why, or error for a connection or an answer that broke in
	// another way.
	Class string `json:"class"`
	// Key tells causes of a class apart: the status code; the address (host:port) that
	// refused, reset, closed, timed out or did not agree on TLS; the name without an
	// address; the host that is not allowed; the expectation or the capture as it is
	// written; the budget that was crossed as a duration, such as 3s; how many redirects
	// are followed, loop where they lead back, or secret_body where one would take a
	// secret in a body to another host. It is absent where it is not known.
	Key      string         `json:"key,omitempty"`
	Baseline CauseCounts    `json:"baseline"`
	Fault    CauseCounts    `json:"fault"`
	Recovery CauseCounts    `json:"recovery"` // journeys that were to start after the removal
	Examples []CauseExample `json:"examples,omitempty"`
}

// CauseCounts are journeys by arm. Control is absent where no control arm ran beside the
// fault arm.
type CauseCounts struct {
	Fault   int  `json:"fault"`
	Control *int `json:"control,omitempty"`
}

// A CauseExample is one harmed journey, without secrets.
type CauseExample struct {
	At          time.Time `json:"at"`              // when it ended
	Second      float64   `json:"second"`          // the same since the experiment's start
	Phase       string    `json:"phase,omitempty"` // in which it was to start
	Arm         string    `json:"arm"`
	Status      int       `json:"status,omitempty"`
	Location    string    `json:"location,omitempty"`
	ContentType string    `json:"content_type,omitempty"`
	RetryAfter  string    `json:"retry_after,omitempty"`
	Body        string    `json:"body,omitempty"`       // its beginning
	Expected    string    `json:"expected,omitempty"`   // a value, or statuses
	Found       string    `json:"found,omitempty"`      // in place of it
	Detail      string    `json:"detail,omitempty"`     // what was wrong, in words
	Trace       string    `json:"trace,omitempty"`      // by which logs and traces find the request
	TraceURL    string    `json:"trace_url,omitempty"`  // where people look at the trace
	RequestID   string    `json:"request_id,omitempty"` // the system's own name for it, where that is another one
}

// mostText bounds every text of an example, in bytes: a mask may be longer than what it
// hides.
const mostText = 1024

// mostShownCauses is of how many causes of a step examples are kept.
const mostShownCauses = 20

// A causeID is what tells the causes of a journey apart.
type causeID struct {
	step  int // -1: none
	class journal.Cause
	key   string
}

// causeCounts are the harmed journeys of one kind by cause.
type causeCounts struct {
	steps []string
	seen  map[int]seenCause // by number, those of this journey
	// groups are those that are counted: before, during and after, by arm.
	groups [3][2]group
	counts map[causeID]*causeTally
	// inForce are when faults were; none where nobody knows when a journey began.
	inForce     []stretch
	budget      string        // of the journey, as a key
	harmedAfter time.Duration // since its start
}

// A causeTally counts journeys before, under and after the fault, by arm.
type causeTally [3][2]int

func (t *causeTally) of(phase int, concurrent bool) CauseCounts {
	c := CauseCounts{Fault: t[phase][plan.FaultArm]}
	if concurrent {
		c.Control = &t[phase][plan.ControlArm]
	}
	return c
}

// A seenCause is a cause that the journal introduces.
type seenCause struct {
	journey  string
	step     string
	class    journal.Cause
	key      string
	examples []seenExample
}

// A seenExample is an example and the event that brought it.
type seenExample struct {
	*journal.Example
	at    time.Time
	since time.Duration
}

// seeCause keeps what an event says of a cause. A journal may come from elsewhere, so
// that nothing is kept beyond what a run records.
func (r *experimentRun) seeCause(e journal.Event) {
	c := e.Cause
	if c == nil || c.Number < 1 || c.Number > journal.MaxCauses {
		return
	}
	class, known := journal.CauseNamed(c.Class)
	if !known {
		return // of a later version
	}
	s, introduced := r.causes[c.Number]
	if !introduced {
		s = seenCause{journey: c.Journey, step: c.Step, class: class, key: cutTo(c.Key, journal.MaxKey)}
	}
	if x := c.Example; x != nil && x.Status >= 0 && isArm(x.Arm) && len(s.examples) < journal.MaxExamples {
		s.examples = append(s.examples, seenExample{x, e.At, e.Since})
	}
	r.causes[c.Number] = s
}

func isArm(name string) bool {
	return name == plan.FaultArm.String() || name == plan.ControlArm.String()
}

// cutTo is at most so many bytes of a text.
func cutTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// newCauseCounts prepares the causes of journey i. The groups of its record are known.
func (r *experimentRun) newCauseCounts(i int, j *journeyRecord) causeCounts {
	p := &r.plan.Journeys[i]
	c := causeCounts{seen: map[int]seenCause{}, counts: map[causeID]*causeTally{}, budget: figures.Span(p.SlowAfter), harmedAfter: p.HarmedAfter()}
	if !r.plan.Measured() {
		c.inForce = r.moments.inForce
	}
	for _, s := range r.plan.Journeys[i].Steps {
		c.steps = append(c.steps, s.Name)
	}
	for number, s := range r.causes {
		if s.journey == r.plan.Journeys[i].Name {
			c.seen[number] = s
		}
	}
	c.groups[0] = [2]group{plan.FaultArm: j.before[plan.FaultArm].group, plan.ControlArm: j.before[plan.ControlArm].group}
	c.groups[1] = [2]group{plan.FaultArm: j.fault.group, plan.ControlArm: j.during.group}
	for arm := range c.groups[2] {
		c.groups[2][arm] = group{arm: plan.Arm(arm), spans: spans{{r.moments.removed, r.moments.end}}}
	}
	return c
}

func (c *causeCounts) add(o *journal.Observation) {
	if !o.Harmed() {
		return
	}
	for phase := range c.groups {
		if !c.groups[phase][o.Arm].has(o) {
			continue
		}
		id := c.id(o)
		if c.counts[id] == nil {
			c.counts[id] = &causeTally{}
		}
		c.counts[id][phase][o.Arm] += o.Times()
	}
}

// id is the cause of a harmed journey. Its step and its class stand in the observation;
// only the key needs the introduction, which a damaged journal may lack.
func (c *causeCounts) id(o *journal.Observation) causeID {
	id := causeID{step: o.Step, class: classOf(o)}
	if c.wasCut(o, id.class) {
		id.class, id.key = journal.TooSlow, c.budget
	}
	switch id.class {
	case journal.Shed:
		id.step = -1
	case journal.TooSlow:
	default: // it ended at the last step that was sent, perhaps after one that was too slow
		if n := len(o.Steps); n > 0 {
			id.step = n - 1
		}
	}
	if id.step < 0 || id.step >= len(c.steps) {
		id.step = -1
	}
	if s, ok := c.seen[o.Why]; ok && s.class == id.class && s.step == c.stepName(id.step) {
		id.key = s.key
	}
	return id
}

// wasCut reports whether a journey of the fault arm waited until a removal, beyond its budget.
// That it had no answer by then is what the fault did. How it ended is what the removal did,
// which cuts connections that hung.
func (c *causeCounts) wasCut(o *journal.Observation, class journal.Cause) bool {
	if o.Arm != plan.FaultArm || isWait(class) || class == journal.Shed {
		return false
	}
	s := stretchOf(c.inForce, o.Intended)
	return s != nil && o.Ended() > s.removing && s.removing-o.Intended >= c.harmedAfter
}

// isWait reports whether a cause is that an answer did not come in time, whoever ended the wait.
func isWait(class journal.Cause) bool { return class == journal.TooSlow || class == journal.Timeout }

// stretchOf is the stretch in which a journey was to start; nil: no fault was in force.
func stretchOf(list []stretch, intended time.Duration) *stretch {
	i := slices.IndexFunc(list, func(s stretch) bool { return span{s.injected, s.removing}.contains(intended) })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// showsRemoval reports whether an example is of a journey that a removal ended: what came then
// is not what the cause is.
func (c *causeCounts) showsRemoval(x seenExample, class journal.Cause) bool {
	s := stretchOf(c.inForce, x.Intended)
	return s != nil && x.Arm == plan.FaultArm.String() && x.since > s.removing && !isWait(class)
}

// classOf is the cause of a harmed journey as far as its observation tells. Older
// versions gave one to failed journeys alone.
func classOf(o *journal.Observation) journal.Cause {
	switch {
	case o.Outcome == journal.Slow:
		return journal.TooSlow
	case o.Outcome == journal.Wrong:
		return journal.Unmet
	case o.Cause == journal.NoCause:
		return journal.Broken
	}
	return o.Cause
}

func (c *causeCounts) stepName(step int) string {
	if step < 0 {
		return ""
	}
	return c.steps[step]
}

// causeRows are the causes of harm of a journey, the most frequent under the fault
// first.
func (r *experimentRun) causeRows(c *causeCounts, concurrent bool) []Cause {
	var rows []Cause
	for id, n := range c.counts {
		rows = append(rows, Cause{Step: c.stepName(id.step), Class: id.class.String(), Key: id.key,
			Baseline: n.of(0, concurrent), Fault: n.of(1, concurrent), Recovery: n.of(2, concurrent)})
	}
	rows = slices.DeleteFunc(rows, func(row Cause) bool { return row.all() == 0 }) // an arm that does not count
	slices.SortFunc(rows, func(a, b Cause) int {
		return cmp.Or(cmp.Compare(b.Fault.Fault, a.Fault.Fault), cmp.Compare(b.all(), a.all()),
			cmp.Compare(a.Step, b.Step), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Key, b.Key))
	})
	shown := map[string]int{} // by step
	for i := range rows {
		row := &rows[i]
		if shown[row.Step]++; shown[row.Step] <= mostShownCauses {
			row.Examples = r.examples(c, row)
		}
	}
	return rows
}

// examples are those of a cause, in the order of time.
func (r *experimentRun) examples(c *causeCounts, row *Cause) []CauseExample {
	var list []CauseExample
	for _, s := range c.seen {
		if row.Key != s.key || row.Step != s.step || row.Class != s.class.String() {
			continue
		}
		for _, x := range s.examples {
			if !c.showsRemoval(x, s.class) {
				list = append(list, r.example(x))
			}
		}
	}
	slices.SortFunc(list, func(a, b CauseExample) int {
		return cmp.Or(cmp.Compare(a.Second, b.Second), cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Body, b.Body), cmp.Compare(a.Detail, b.Detail))
	})
	return list[:min(len(list), journal.MaxExamples)]
}

// Link is where people look at the trace; empty where that is not known, or where what is
// said to be that is no link to it.
func (x CauseExample) Link() string {
	if !experiments.IsTraceLink(x.TraceURL, x.Trace) {
		return ""
	}
	return x.TraceURL
}

func (r *experimentRun) example(x seenExample) CauseExample {
	return CauseExample{
		At: x.at, Second: seconds(x.since - r.start.Since), Phase: r.phaseAt(x.Intended), Arm: cutTo(x.Arm, journal.MaxKey), Status: x.Status,
		Location: cutTo(x.Location, mostText), ContentType: cutTo(x.ContentType, mostText), RetryAfter: cutTo(x.RetryAfter, mostText),
		Body: cutTo(x.Body, mostText), Expected: cutTo(x.Expected, mostText), Found: cutTo(x.Found, mostText),
		Detail: cutTo(x.Detail, mostText), Trace: cutTo(x.Trace, mostText), RequestID: cutTo(x.RequestID, mostText),
		TraceURL: r.traceLink(x.Trace),
	}
}

// traceLink is where people look at a trace, as far as the plan says.
func (r *experimentRun) traceLink(id string) string {
	link := experiments.TraceLink(r.traceURL, id)
	if len(link) > mostText || !experiments.IsTraceLink(link, id) { // the plan may come from elsewhere
		return ""
	}
	return link
}

// phaseAt is the phase of a moment; none before the first.
func (r *experimentRun) phaseAt(at time.Duration) string {
	name := ""
	for _, e := range r.phases {
		if e.Since <= at {
			name = string(e.Phase)
		}
	}
	return name
}

// all is how many journeys have the cause.
func (c Cause) all() (sum int) {
	for _, n := range []CauseCounts{c.Baseline, c.Fault, c.Recovery} {
		sum += n.Fault
		if n.Control != nil {
			sum += *n.Control
		}
	}
	return sum
}
