package chaostoolkit

import (
	"fmt"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// maxGuardrails is how many probes an experiment gets, beside the limit of harm.
const maxGuardrails = 9

// guardrail makes a guardrail of a probe of the method: what it tolerates must stay true
// while the faults are in force.
func (r *reader) guardrail(a activity) {
	_, own := a.node.Lookup("tolerance")
	refers := textOf(a.node, "ref") != ""
	if refers {
		_, own = r.probes[a.name].node.Lookup("tolerance")
	}
	switch {
	case refers && r.probes[a.name].step != "":
		r.out.Remarks = append(r.out.Remarks, r.remark(a.node, "%s is asked again: the journey asks it all the time.", a.name))
		return
	case a.via != "http" || !own:
		r.leave(a.node, a.says(), a.why())
		return
	case len(r.out.Probes) >= maxGuardrails:
		r.leave(a.node, a.says(), fmt.Sprintf("an experiment has at most %d guardrails", maxGuardrails+1))
		return
	}
	s, why := r.step(a, true)
	if why != "" {
		r.leave(a.node, a.says(), why)
		return
	}
	r.out.Probes = append(r.out.Probes, s)
}

// least and most are the bounds of a fault phase that is taken over: below, too few
// journeys are sent to judge harm by.
const (
	leastPhase = 10 * time.Second
	mostPhase  = 20 * time.Minute
)

// span is how long the method waits since the first fault. It is extended where a fault
// begins so late that there is no time for it: Chaos Toolkit judges by what is in force at
// the end.
func (r *reader) span() (span time.Duration, extended bool) {
	span = r.clock.at()
	for _, f := range r.clock.open {
		if at := r.out.Faults[f.at].At; at >= leastPhase && at+leastPhase > span {
			span, extended = at+leastPhase, true
		}
	}
	return span, extended
}

// finishFaults makes a fault phase of the pauses where that is long enough.
//
// Note: a method waits so long that a fault takes effect, and then asks once. A share of
// journeys needs time: a phase is as long as the pauses only if these are.
func (r *reader) finishFaults() {
	span, extended := r.span()
	slow := experiments.DefaultSlowAfter
	if r.out.Journey != nil {
		slow = r.out.Journey.SlowAfter
	}
	standard := experiments.StandardPhases().Fault
	switch {
	case span > mostPhase:
		r.out.Phase, r.out.PhaseWhy = mostPhase, fmt.Sprintf("the method waits for %s; a longer phase needs caps.duration", figures.Span(span))
	case extended:
		r.out.Phase, r.out.PhaseWhy = max(span, 2*slow), fmt.Sprintf("as the pauses of the method add up, and %s for the last fault", figures.Span(leastPhase))
	case span >= leastPhase && span >= 2*slow:
		r.out.Phase, r.out.PhaseWhy = span, "as the pauses of the method add up"
	case 2*slow > standard:
		r.out.Phase, r.out.PhaseWhy = 2*slow, "twice slow_after, the least that can be judged"
	case span > 0:
		r.out.Remarks = append(r.out.Remarks, fmt.Sprintf("The method waits for %s with the faults in force, too short for a share of journeys: the fault phase is the system's.", figures.Span(span)))
	}
	phase := r.out.Phase
	if phase == 0 {
		phase = standard
	}
	for i := range r.out.Faults {
		f := &r.out.Faults[i]
		if f.At >= phase {
			f.At, f.For = 0, 0
			f.Remarks = append(f.Remarks, "It would begin after the phase, and begins with it.")
		}
		if f.For > 0 && f.At+f.For >= phase {
			f.For = 0
		}
	}
	r.keepShares()
}

// keepShares lets the faults of a proxy begin and end together where one of them is for a
// share of connections: whenever toxics change, Toxiproxy picks these anew.
func (r *reader) keepShares() {
	for i, f := range r.out.Faults {
		if f.Share >= 1 || f.Kind.Level != injectors.Byte {
			continue
		}
		for k := range r.out.Faults {
			g := &r.out.Faults[k]
			if k == i || g.Proxy != f.Proxy || g.Kind.Level != injectors.Byte || g.At == 0 && g.For == 0 && f.At == 0 && f.For == 0 {
				continue
			}
			for _, both := range []int{i, k} {
				if o := &r.out.Faults[both]; o.At > 0 || o.For > 0 {
					o.At, o.For = 0, 0
					o.Remarks = append(o.Remarks, "It lasts for all of the phase: a share of connections cannot be kept when toxics of the proxy come and go.")
				}
			}
		}
	}
}
