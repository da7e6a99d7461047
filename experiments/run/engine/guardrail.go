package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	guardrailEvery = 250 * time.Millisecond // between two looks at live journeys
	renewEvery     = 5 * time.Second        // how often evidence starts afresh, for harm that begins late
	// falseStops is the risk of stopping a fault whose blast radius never was
	// beyond any guardrail, over the whole experiment or scan and all its guardrails.
	falseStops = 0.01
)

// A violation is a guardrail that was passed.
type violation struct {
	guardrail     experiments.Guardrail
	journey       string
	excess, limit float64
	how           string // the evidence, in words
}

// watchGuardrails watches the guardrails on journeys while faults are in force.
//
// Each limits a share: of journeys harmed, failed, or slower than one in a hundred
// may be. Arms that run at the same time are compared by evidence that may be
// looked at as often as one likes (stats.EProcess). Its null hypothesis is that the
// excess is beyond the guardrail in no block of time, which is more than that it is within
// on average: one pause of half a second may trip a guardrail of 2 %. A jump of harm from
// 1 % to 20 % at 50 journeys/s is stopped after a median of 2.8 s by one of 2 %, and fewer
// than one in a hundred quiet experiments are stopped, however long they are.
//
// Without a concurrent control there is no such evidence: whatever else happens to
// the system looks like the fault. Instead, a window rule compares the journeys of
// the last five seconds, ten at least, with those of the baseline, at the lower end
// of the interval. It stops more often than necessary, which costs a measurement
// and not a system; its stop refutes nothing.
func (x *experimentRun) watchGuardrails(ctx context.Context, stop context.CancelCauseFunc) {
	defer x.catchPanic("guardrail")
	if !slices.ContainsFunc(x.e.Guardrails, func(g experiments.Guardrail) bool { return g.Probe == nil }) {
		return
	}
	find := x.findByWindow
	if x.e.Control == plan.Concurrent {
		find = newGuardrailEvidence(x).find
	}
	for wait.For(ctx, guardrailEvery) {
		if v, found := find(); found {
			x.trip(ctx, v, stop)
			return
		}
	}
}

// trip ends the fault, unless ctx has ended already. The journal learns why beside the
// removal, which waits for nothing.
func (x *experimentRun) trip(ctx context.Context, v violation, stop context.CancelCauseFunc) {
	if ctx.Err() != nil {
		return
	}
	detail := v.describe()
	stop(&earlyEnd{journal.CellGuarded, detail})
	x.recordBeside(journal.GuardrailTripped, journal.Event{Guardrail: v.guardrail.Kind(), Detail: detail, Value: v.excess, Limit: v.limit})
}

func (v violation) describe() string {
	switch g := v.guardrail; g.Kind() {
	case "probe":
		return fmt.Sprintf("%s: %s", g.Probe.Name, v.how)
	case "p99":
		return fmt.Sprintf("p99 of %s: %.1f%% take longer than %s, beyond the control, where 1%% may %s", v.journey, v.excess*100, figures.Span(g.P99), v.how)
	case "failed":
		return fmt.Sprintf("failed share of %s: %.1f%% > %s %s", v.journey, v.excess*100, figures.ShortPercent(v.limit, 1), v.how)
	}
	return fmt.Sprintf("blast radius of %s: %.1f%% > %s %s", v.journey, v.excess*100, figures.ShortPercent(v.limit, 1), v.how)
}

// A guardedJourney is one journey under one guardrail, by their indexes in the
// experiment.
type guardedJourney struct{ journey, guardrail int }

// guardedJourneys returns every journey under every guardrail on journeys.
func (x *experimentRun) guardedJourneys() []guardedJourney {
	var list []guardedJourney
	for j := range x.e.Journeys {
		for i, g := range x.e.Guardrails {
			if g.Probe == nil {
				list = append(list, guardedJourney{j, i})
			}
		}
	}
	return list
}

// violationOf returns the violation of a guardrail on a journey.
func (x *experimentRun) violationOf(j guardedJourney, excess float64, how string) violation {
	g := x.e.Guardrails[j.guardrail]
	return violation{guardrail: g, journey: x.e.Journeys[j.journey].Name, limit: g.Share(), excess: excess, how: how}
}

// findByWindow returns the first violation by the window rule.
func (x *experimentRun) findByWindow() (violation, bool) {
	how := fmt.Sprintf("over the last %s", figures.Span(x.counts.window()))
	for _, j := range x.guardedJourneys() {
		if excess, found := x.counts.exceedsLimit(x.log.since(), j, plan.FaultArm, x.generator.InFlight); found {
			return x.violationOf(j, excess, how), true
		}
		if x.e.Turns == nil { // there are no others
			continue
		}
		if excess, found := x.counts.exceedsLimit(x.log.since(), j, plan.ControlArm, x.generator.InFlight); found {
			return x.violationOf(j, excess, how+", of journeys that the fault did not touch"), true
		}
	}
	return violation{}, false
}

// guardrailEvidence is what was gathered for each journey under each guardrail.
type guardrailEvidence struct {
	x        *experimentRun
	journeys []guardedJourney
	evidence map[guardedJourney][]*guardedAge
	renewAt  time.Duration // when evidence next starts afresh
	enough   float64       // evidence that trips a guardrail
}

// guardedAge is evidence from journeys at an age.
type guardedAge struct {
	evidenceAtAge
	process *stats.EProcess
}

// agesOf are the ages at which journeys are judged under a guardrail. The young ones see
// journeys that fail at once, the last one those that hang. The mean of the evidence at
// several ages is evidence as well.
func agesOf(g experiments.Guardrail, j experiments.Journey) []time.Duration {
	last := j.HarmedAfter()
	switch g.Kind() {
	case "p99":
		return []time.Duration{g.P99 + j.Pauses().Most} // a journey that ends sooner does not meet the condition
	case "failed":
		last = max(j.Timeout, j.SlowAfter) + j.Pauses().Most
	}
	return agesUpTo(last)
}

// lateScrape is how long a look for scrapes and its answer take.
const lateScrape = 2 * time.Second

// agesOf is one age where journeys are known by scrapes: at which those of a scrape that is
// as far from the one before as it may be, and is told one scrape later, have come.
func (x *experimentRun) agesOf(g experiments.Guardrail, j experiments.Journey) []time.Duration {
	if x.e.Measured() {
		return []time.Duration{x.e.BatchEvery*5/2 + lateScrape}
	}
	return agesOf(g, j)
}

func newGuardrailEvidence(x *experimentRun) *guardrailEvidence {
	now := x.log.since()
	e := &guardrailEvidence{x: x, journeys: x.guardedJourneys(), evidence: map[guardedJourney][]*guardedAge{}, renewAt: now + renewEvery}
	for _, j := range e.journeys {
		g := x.e.Guardrails[j.guardrail]
		for _, age := range x.agesOf(g, x.e.Journeys[j.journey].Journey) {
			e.evidence[j] = append(e.evidence[j], &guardedAge{evidenceAtAge{age: age, until: now}, stats.NewEProcess(g.Share(), x.counts.baselineCounts(j))})
		}
	}
	e.enough = float64(len(e.journeys)*x.cells) / falseStops
	return e
}

// find takes the journeys since the last call into account, and returns the first
// violation.
func (e *guardrailEvidence) find() (violation, bool) {
	now := e.x.log.since()
	renew := now >= e.renewAt
	if renew {
		e.renewAt += renewEvery
	}
	for _, j := range e.journeys {
		if renew {
			for _, at := range e.evidence[j] {
				at.process.Renew()
			}
		}
		if excess, found := e.add(now, j); found {
			return e.x.violationOf(j, excess, fmt.Sprintf("(seen by chance in at most 1 of %.0f runs)", 1/falseStops)), true
		}
	}
	return violation{}, false
}

// add takes the journeys of one kind since the last call into account. It reports
// whether the evidence is enough to trip the guardrail, and returns by how much
// the fault arm is worse.
func (e *guardrailEvidence) add(now time.Duration, j guardedJourney) (excess float64, found bool) {
	fault := e.x.counts.started(now, j.journey, plan.FaultArm, e.x.generator.InFlight)
	control := e.x.counts.started(now, j.journey, plan.ControlArm, e.x.generator.InFlight)
	g, ages := e.x.e.Guardrails[j.guardrail], e.evidence[j]
	sum := 0.0
	for i, at := range ages {
		last := i == len(ages)-1
		// One that was still in flight at the last age meets the condition; of those that
		// may not fail it has to have failed since, or to be beyond its timeout.
		block := at.take(now, fault, control, func(j endedJourney) bool {
			hangs := last && j.lasted > at.age && (g.Kind() != "failed" || j.failed || j.took == stillFlying)
			return hangs || j.meets(g, at.age)
		})
		excess = max(excess, at.used.Fault.Share()-at.used.Control.Share())
		sum += at.process.Add(block)
	}
	if sum/float64(len(ages)) < e.enough {
		return 0, false
	}
	lately := func(arm plan.Arm) float64 { return e.x.counts.inWindow(now, j, arm, e.x.generator.InFlight).Share() }
	return max(excess, lately(plan.FaultArm)-lately(plan.ControlArm)), true
}
