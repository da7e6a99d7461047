package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// pair compares one experiment.
func pair(id string, base, head []Input, margin float64) Experiment {
	b, h := trials(id, base), trials(id, head)
	shown := append(slices.Clone(h), b...)[0]
	e := Experiment{
		ID: id, Title: shown.Title, File: shown.File, Line: shown.Line, IfRefuted: shown.IfRefuted,
		Dependencies: dependencies(append(slices.Clone(h), b...)),
		Journeys:     []Journey{}, Invariants: []Invariant{}, Reasons: []string{},
	}
	why := apart(b, h)
	good := [2][]trial{}
	for i, side := range [][]trial{b, h} {
		var not string
		good[i], not = usable(side)
		if not != "" {
			why.reasons = append(why.reasons, sideName(i)+" is "+not)
		}
		if left := len(side) - len(good[i]); left > 0 && len(good[i]) > 0 {
			e.Notes = append(e.Notes, fmt.Sprintf("%s: %d of %d runs cannot be trusted and are left out", sideName(i), left, len(side)))
		}
	}
	e.Base, e.Head = newSide(orAll(good[0], b)), newSide(orAll(good[1], h))
	e.Diff = why.diff
	if len(why.reasons) > 0 {
		e.Status, e.Reasons = NotComparable, why.reasons
		e.Journeys = journeys(orAll(good[0], b), orAll(good[1], h), margin, false)
		e.lead()
		return e
	}
	e.Notes = append(e.Notes, besides(good[0], good[1])...)
	e.Journeys = journeys(good[0], good[1], margin, true)
	e.Invariants = invariants(good[0], good[1])
	e.Amplification = amplification(good[0], good[1])
	e.Impact = e.impact(good[1])
	e.judge()
	return e
}

func sideName(i int) string { return [...]string{"base", "head"}[i] }

// orAll are the trials that can be shown: those that count, or all that there are.
func orAll(good, all []trial) []trial {
	if len(good) > 0 {
		return good
	}
	return all
}

// besides are differences that keep nothing from being compared.
func besides(base, head []trial) []string {
	var list []string
	b, h := base[len(base)-1], head[len(head)-1]
	if b.Digests.Limits != h.Digests.Limits {
		list = append(list, limitsNote(b, h))
	}
	for i, side := range [][]trial{base, head} {
		if s := newSide(side); s.Fault == string(result.GradeProbed) {
			list = append(list, sideName(i)+": only our own probe met the fault; nothing shows that a journey did")
		} else if s.Tripped > 0 {
			list = append(list, sideName(i)+": a guardrail removed the fault early")
		}
	}
	return list
}

func limitsNote(b, h trial) string {
	var parts []string
	if x, y := b.Limits.BlastRadius, h.Limits.BlastRadius; x != y {
		parts = append(parts, "blast radius "+percent(x)+" → "+percent(y))
	}
	if x, y := b.Limits.Recovery, h.Limits.Recovery; x != y {
		parts = append(parts, "recovery "+seconds(x)+" → "+seconds(y))
	}
	if x, y := b.Limits.Baseline, h.Limits.Baseline; x != y {
		parts = append(parts, "baseline "+percent(x)+" → "+percent(y))
	}
	for _, j := range h.Journeys {
		if i := slices.IndexFunc(b.Journeys, func(o result.Journey) bool { return o.Name == j.Name }); i >= 0 && b.Journeys[i].Limit != j.Limit {
			parts = append(parts, j.Name+" "+percent(b.Journeys[i].Limit)+" → "+percent(j.Limit))
		}
	}
	return strings.TrimSuffix("the limits differ, so verdicts may: "+strings.Join(parts, ", "), ": ")
}

// journeys compares each journey that a side has. Where the experiment is not
// comparable, they only show what each side found.
func journeys(base, head []trial, margin float64, comparable bool) []Journey {
	list := []Journey{}
	for _, name := range journeyNames(base, head) {
		j := Journey{Name: name, Status: NotComparable}
		b, bLimit := radii(name, base)
		h, hLimit := radii(name, head)
		j.Limit = hLimit
		if len(h) == 0 {
			j.Limit = bLimit
		} else if len(b) > 0 && bLimit != hLimit {
			j.BaseLimit = &bLimit
		}
		j.Base, j.Head = radius(name, b, base), radius(name, h, head)
		j.compare(b, h, margin, comparable)
		list = append(list, j)
	}
	return list
}

func (j *Journey) compare(b, h []*result.BlastRadius, margin float64, comparable bool) {
	switch {
	case !comparable:
		j.Reason = "the experiments are not comparable"
	case len(b) == 0:
		j.Reason = "not measured in base"
	case len(h) == 0:
		j.Reason = "not measured in head"
	case controls(b) != controls(h) || controls(b) == mixed:
		j.Reason = fmt.Sprintf("the kind of control differs: %s in base, %s in head", controls(b), controls(h))
	}
	if len(b) == 0 || len(h) == 0 {
		return
	}
	change := stats.Compare(intervals(b), intervals(h))
	change.Interval = possible(change.Interval)
	j.Base.set(change.Base)
	j.Head.set(change.Head)
	if j.Reason != "" {
		return
	}
	j.Change = &Change{Estimate: change.Estimate, Low: change.Low, High: change.High, Method: "difference of two runs' intervals (Zou and Donner)"}
	if change.Repeated {
		j.Change.Method = "difference of means over runs, with the variance from run to run"
		j.Change.Drift = &change.Drift
	}
	j.Status, j.Reason = judge(change.Interval, margin)
}

// possible is the part of a change that can be: the fault harms from none to all
// of the journeys in base and in head, so that it is within -100 to 100 points,
// whatever chance does to differences of differences.
func possible(i stats.Interval) stats.Interval {
	within := func(v float64) float64 { return max(-1, min(1, v)) }
	return stats.Interval{Estimate: within(i.Estimate), Low: within(i.Low), High: within(i.High)}
}

func (r *Radius) set(i stats.Interval) { r.Estimate, r.Low, r.High = i.Estimate, i.Low, i.High }

// judge is the table of statuses: the first row that matches wins.
func judge(d stats.Interval, margin float64) (Status, string) {
	text := fmt.Sprintf("%s points (95%% interval %s to %s)", signed(d.Estimate), signed(d.Low), signed(d.High))
	switch {
	case d.Low > 0 && d.Estimate > margin:
		return Regressed, "more harm than in base: " + text
	case d.High < 0 && d.Estimate < -margin:
		return Improved, "less harm than in base: " + text
	case d.Low >= -margin && d.High <= margin:
		return Unchanged, fmt.Sprintf("shown to be within %s points: %s", points(margin), text)
	}
	return Uncertain, text + ": " + settle(d, margin)
}

// settle says what would decide a change if its estimate stays: an interval
// shrinks with the square root of the journeys.
func settle(d stats.Interval, margin float64) string {
	room := math.Abs(math.Abs(d.Estimate) - margin) // to show it unchanged
	if math.Abs(d.Estimate) > margin {
		room = math.Abs(d.Estimate) // to show that there is one
	}
	const most = 100
	more := math.Pow((d.High-d.Low)/2/room, 2)
	if room == 0 || more > most {
		return "too close to the margin to be settled by more journeys"
	}
	return fmt.Sprintf("about %s times as many journeys would settle it, if the estimate stays", strconv.FormatFloat(math.Ceil(max(more, 1.1)*10)/10, 'f', -1, 64))
}

// mixed is the kind of control of a side whose runs have different ones.
const mixed = "mixed"

// controls is the kind of control of all runs of a side.
func controls(list []*result.BlastRadius) string {
	for _, b := range list {
		if b.Control != list[0].Control {
			return mixed
		}
	}
	return list[0].Control
}

func intervals(list []*result.BlastRadius) []stats.Interval {
	out := make([]stats.Interval, len(list))
	for i, b := range list {
		out[i] = stats.Interval{Estimate: b.Estimate, Low: b.Low, High: b.High}
	}
	return out
}

func journeyNames(sides ...[]trial) []string {
	var names []string
	for _, side := range slices.Backward(sides) { // head's order first
		for _, t := range side {
			for _, j := range t.Journeys {
				if !slices.Contains(names, j.Name) {
					names = append(names, j.Name)
				}
			}
		}
	}
	return names
}

// radii are the blast radii of a journey by run, and its limit in the last.
func radii(name string, side []trial) (list []*result.BlastRadius, limit float64) {
	for _, t := range side {
		for i := range t.Journeys {
			if j := &t.Journeys[i]; j.Name == name && j.BlastRadius != nil {
				list, limit = append(list, j.BlastRadius), j.Limit
			}
		}
	}
	return list, limit
}

// radius shows the blast radius of one side, whose interval is that of the run
// until several are compared.
func radius(name string, list []*result.BlastRadius, side []trial) *Radius {
	if len(list) == 0 {
		return nil
	}
	r := &Radius{Control: controls(list)}
	r.set(stats.Compare(intervals(list), intervals(list)).Base)
	for _, b := range list {
		if len(list) > 1 {
			r.Runs = append(r.Runs, b.Estimate)
		} else {
			r.Low, r.High = b.Low, b.High
		}
	}
	var fault, against stats.Count
	for _, t := range side {
		for _, j := range t.Journeys {
			if j.Name != name || j.BlastRadius == nil {
				continue
			}
			f, c := j.Arms.Fault, j.Against()
			fault = stats.Count{Hits: fault.Hits + f.Harmed(), N: fault.N + f.Journeys}
			against = stats.Count{Hits: against.Hits + c.Harmed(), N: against.N + c.Journeys}
		}
	}
	r.Fault, r.Against, r.Journeys = fault.Share(), against.Share(), fault.N
	return r
}

// judge gives the experiment the status of its journeys and invariants: one
// regression makes it regressed, and only if all is shown to be unchanged it is.
func (e *Experiment) judge() {
	var all []Status
	reasons := map[Status][]string{}
	for _, j := range e.Journeys {
		all = append(all, j.Status)
		reasons[j.Status] = append(reasons[j.Status], j.Name+": "+j.Reason)
	}
	for _, inv := range e.Invariants {
		if inv.Status == Regressed || inv.Status == Improved {
			all = append(all, inv.Status)
			reasons[inv.Status] = append(reasons[inv.Status], fmt.Sprintf("invariant %q: %s in base, %s in head", inv.Name, inv.Base.text(), inv.Head.text()))
		}
	}
	e.Status = NotComparable
	for _, s := range []Status{Regressed, Improved, Uncertain, Unchanged} {
		if slices.Contains(all, s) {
			e.Status = s
			break
		}
	}
	e.Reasons = append(e.Reasons, reasons[e.Status]...)
	if len(all) == 0 {
		e.Reasons = []string{"no journey was measured"}
	}
	e.lead()
}

func (s InvariantState) text() string {
	if s.Verdict != result.Refuted {
		return string(s.Verdict)
	}
	if s.Violations == 1 {
		return "1 violation"
	}
	return fmt.Sprintf("%g violations", s.Violations)
}

// lead picks the journey that the row of the experiment shows: the largest change
// of those with its status, or else of all.
func (e *Experiment) lead() {
	best := -1.0
	for _, same := range []bool{true, false} {
		for _, j := range e.Journeys {
			size := 0.0
			if j.Change != nil {
				size = math.Abs(j.Change.Estimate)
			} else if j.Head != nil {
				size = math.Abs(j.Head.Estimate)
			}
			if (j.Status == e.Status || !same) && size > best {
				e.Journey, best = j.Name, size
			}
		}
		if e.Journey != "" {
			return
		}
	}
}

// percent writes a share that somebody chose: 0.05 is 5%.
func percent(share float64) string { return short(share*100) + "%" }

// points writes a share in points.
func points(share float64) string { return short(share * 100) }

func short(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

// signed writes a change in points with its sign: +4.5, -21.4, 0.0.
func signed(share float64) string {
	text := strconv.FormatFloat(share*100, 'f', 1, 64)
	switch {
	case text == "-0.0" || text == "0.0":
		return "0.0"
	case share > 0:
		return "+" + text
	}
	return text
}

func seconds(s float64) string { return short(s) + " s" }
