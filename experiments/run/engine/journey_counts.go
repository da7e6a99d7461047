package engine

import (
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	window      = 5 * time.Second // that the window rule looks at
	minJourneys = 10              // in a window; with fewer it says nothing
)

// journeyCounts counts the journeys of an experiment while it runs. A journey
// meets the condition of a guardrail where it is one of those that the guardrail
// limits.
type journeyCounts struct {
	e *plan.Experiment

	mu         sync.Mutex
	recent     []endedJourney // in the order in which they ended
	baseline   interval
	faultFrom  time.Duration      // when the first fault was in force; 0: not yet
	inBaseline [2][][]stats.Count // by arm, journey and guardrail
	underFault [2][][]stats.Count // ended since faultFrom, by arm, journey and guardrail
}

// An endedJourney is one journey of the last few seconds.
type endedJourney struct {
	at         time.Duration
	journey    int
	arm        plan.Arm
	harmed     bool
	conditions uint16 // a bit for each guardrail whose condition it meets
}

// maxConditions is how many conditions an endedJourney holds.
const maxConditions = 16

// meetsCondition reports whether a journey is one of those that a guardrail
// limits.
func meetsCondition(g experiments.Guardrail, o journal.Observation) bool {
	switch g.Kind() {
	case "failed":
		return o.Outcome == journal.Failed
	case "p99":
		return o.Took > g.P99 || o.Cause == journal.Shed // a shed journey never ends
	case "blast_radius":
		return o.Harmed()
	}
	return false
}

// An interval is a part of the run; it is open while to is 0.
type interval struct {
	from, to time.Duration
	begun    bool
}

func (i interval) contains(at time.Duration) bool {
	return i.begun && at >= i.from && (i.to == 0 || at < i.to)
}

func newJourneyCounts(e *plan.Experiment) *journeyCounts {
	c := &journeyCounts{e: e}
	for arm := range c.inBaseline {
		for range e.Journeys {
			c.inBaseline[arm] = append(c.inBaseline[arm], make([]stats.Count, len(e.Guardrails)))
			c.underFault[arm] = append(c.underFault[arm], make([]stats.Count, len(e.Guardrails)))
		}
	}
	return c
}

func (c *journeyCounts) add(o journal.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := o.Intended + o.Took
	ended := endedJourney{at: at, journey: o.Journey, arm: o.Arm, harmed: o.Harmed()}
	for i, g := range c.e.Guardrails {
		met := meetsCondition(g, o)
		if met && i < maxConditions {
			ended.conditions |= 1 << i
		}
		if c.baseline.contains(o.Intended) {
			count(&c.inBaseline[o.Arm][o.Journey][i], met)
		}
		if c.faultFrom > 0 && at >= c.faultFrom {
			count(&c.underFault[o.Arm][o.Journey][i], met)
		}
	}
	c.recent = append(c.recent, ended)
	drop := 0
	for drop < len(c.recent) && c.recent[drop].at < at-2*window {
		drop++
	}
	if drop > len(c.recent)/2 { // rarely, so that the cost per journey stays constant
		c.recent = append([]endedJourney(nil), c.recent[drop:]...)
	}
}

func count(c *stats.Count, hit bool) {
	c.N++
	if hit {
		c.Hits++
	}
}

func (c *journeyCounts) startBaseline(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.baseline = interval{from: now, begun: true}
}

func (c *journeyCounts) endBaseline(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.baseline.to = now
}

func (c *journeyCounts) startFault(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faultFrom = now
}

// isHealthy reports whether the harmed share of the journeys that ended in the
// last window is not beyond limit, at the lower end of its interval.
func (c *journeyCounts) isHealthy(now time.Duration, limit float64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all stats.Count
	for _, j := range c.recent {
		if j.at >= now-window {
			count(&all, j.harmed)
		}
	}
	return all.N >= minJourneys && stats.Wilson(all).Low <= limit
}

// baselineCounts returns the counts of one journey in the baseline.
func (c *journeyCounts) baselineCounts(j guardedJourney) stats.Pair {
	c.mu.Lock()
	defer c.mu.Unlock()
	return pairOf(c.inBaseline, j)
}

// pairOf returns the counts of one journey from those by arm, journey and
// guardrail.
func pairOf(counts [2][][]stats.Count, j guardedJourney) stats.Pair {
	return stats.Pair{Fault: counts[plan.FaultArm][j.journey][j.guardrail], Control: counts[plan.ControlArm][j.journey][j.guardrail]}
}

// sinceFault returns the counts of the journeys whose outcome is known since the
// first fault is in force, in both arms. It reads ended journeys before overdue
// ones: a journey that ends in between is counted by the next look, and never
// twice.
func (c *journeyCounts) sinceFault(j guardedJourney, overdue func(journey int, arm plan.Arm) int) stats.Pair {
	c.mu.Lock()
	ended := pairOf(c.underFault, j)
	c.mu.Unlock()
	return c.withOverdue(ended, j, overdue)
}

// inWindow returns the counts of the journeys of one kind that ended under the
// fault in the last window, and of those that are overdue.
func (c *journeyCounts) inWindow(now time.Duration, j guardedJourney, overdue func(journey int, arm plan.Arm) int) stats.Pair {
	c.mu.Lock()
	defer c.mu.Unlock()
	var counts [2]stats.Count
	for _, e := range c.recent {
		if e.journey == j.journey && e.at >= max(now-window, c.faultFrom) {
			count(&counts[e.arm], e.conditions>>j.guardrail&1 == 1)
		}
	}
	return c.withOverdue(stats.Pair{Fault: counts[plan.FaultArm], Control: counts[plan.ControlArm]}, j, overdue)
}

// withOverdue adds the journeys in flight that are certain to meet the condition.
// A journey beyond its budget is certain to be harmed, and to be slower than a p99
// below the budget. Whether it fails is not known.
func (c *journeyCounts) withOverdue(p stats.Pair, j guardedJourney, overdue func(journey int, arm plan.Arm) int) stats.Pair {
	g, budget := c.e.Guardrails[j.guardrail], c.e.Journeys[j.journey].SlowAfter
	if g.Kind() != "blast_radius" && (g.Kind() != "p99" || g.P99 > budget) {
		return p
	}
	add := func(c stats.Count, arm plan.Arm) stats.Count {
		n := overdue(j.journey, arm)
		return stats.Count{Hits: c.Hits + n, N: c.N + n}
	}
	return stats.Pair{Fault: add(p.Fault, plan.FaultArm), Control: add(p.Control, plan.ControlArm)}
}

// excess returns by how much more often the condition was met in the fault arm
// than in the control over the last window, as a difference of shares.
func (c *journeyCounts) excess(now time.Duration, j guardedJourney, overdue func(journey int, arm plan.Arm) int) float64 {
	p := c.inWindow(now, j, overdue)
	return p.Fault.Share() - p.Control.Share()
}

// exceedsLimit reports whether a journey meets the condition more often in the
// last window than in the baseline, by more than the guardrail's limit, at the
// lower end of the interval: the lower end keeps a window of few journeys from
// tripping on noise. It returns the difference of the shares.
func (c *journeyCounts) exceedsLimit(now time.Duration, j guardedJourney, overdue func(journey int, arm plan.Arm) int) (float64, bool) {
	fault, baseline := c.inWindow(now, j, overdue).Fault, c.baselineCounts(j).Fault
	if fault.N < minJourneys || baseline.N < minJourneys {
		return 0, false
	}
	excess := stats.Newcombe(fault, baseline)
	return excess.Estimate, excess.Low > c.e.Guardrails[j.guardrail].Share()
}
