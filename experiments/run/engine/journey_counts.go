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
	window      = 5 * time.Second // that the window rule and the health check look at
	minJourneys = 10              // in a window: at low rates it is as long as it takes to have them
	leastLooked = 5               // with fewer nothing is said
)

// journeyCounts keeps the journeys of an experiment while it runs, as far as guardrails
// and the health check need them.
type journeyCounts struct {
	e *plan.Experiment

	mu         sync.Mutex
	recent     [2][][]endedJourney // by arm and journey, in the order in which they ended
	baseline   interval
	faultFrom  time.Duration      // when the first fault was in force; 0: not yet
	acrossFrom time.Duration      // what was to start before that an earlier fault may have harmed
	inBaseline [2][][]stats.Count // by arm, journey and guardrail

	before [2][]*stats.Baseline // the harm of the baseline, by arm and journey
	lasted []stats.Sketch       // microseconds of those that ended in it, by journey

	recovery  interval           // of which afterward is
	afterward [2][][]stats.Count // by arm, journey and stats.RecoveryStep
	next      *journeyCounts     // of the experiment whose baseline is the end of the recovery; nil: of none
}

// window is how far back the window rule and the health check look: over two scrapes, where
// journeys are known by scrapes.
func (c *journeyCounts) window() time.Duration { return max(window, 2*c.e.BatchEvery) }

// An endedJourney is one journey of the last few seconds.
type endedJourney struct {
	intended, took time.Duration
	lasted         time.Duration // took, and its pauses
	harmed, failed bool
	shed           bool // it never ran
	times          int  // of how many journeys this is, all alike; 0: of one
}

func newEndedJourney(o *journal.Observation) endedJourney {
	return endedJourney{intended: o.Intended, took: o.Took, lasted: o.Ended() - o.Intended, harmed: o.Harmed(), failed: o.Outcome == journal.Failed, shed: o.Cause == journal.Shed, times: o.Count}
}

func (j endedJourney) end() time.Duration { return j.intended + j.lasted }

func (j endedJourney) many() int { return max(1, j.times) }

// meets reports whether a journey is one of those that a guardrail limits, as far as is
// known of it at an age: what became of it later does not count.
func (j endedJourney) meets(g experiments.Guardrail, age time.Duration) bool {
	known := j.lasted <= age
	switch g.Kind() {
	case "failed":
		return known && j.failed
	case "p99":
		return j.took > g.P99 || j.shed // a shed journey never ends
	case "blast_radius":
		return known && j.harmed
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
	c := &journeyCounts{e: e, lasted: make([]stats.Sketch, len(e.Journeys))}
	for arm := range c.inBaseline {
		c.recent[arm] = make([][]endedJourney, len(e.Journeys))
		for range e.Journeys {
			c.inBaseline[arm] = append(c.inBaseline[arm], make([]stats.Count, len(e.Guardrails)))
		}
	}
	return c
}

func (c *journeyCounts) add(o journal.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ended := newEndedJourney(&o)
	if c.baseline.contains(o.Intended) {
		c.addToBaseline(o, ended)
	}
	if c.next != nil && c.recovery.contains(o.Intended) {
		c.addToRecovery(o, ended)
	}
	list := append(c.recent[o.Arm][o.Journey], ended)
	old := func(i int) bool {
		return i < len(list)-minJourneys && list[i].end() < ended.end()-c.e.Journeys[o.Journey].EndsWithin()-2*c.window()
	}
	if drop := len(list) / 2; old(drop) { // rarely, so that the cost per journey stays constant
		for old(drop) {
			drop++
		}
		list = append([]endedJourney(nil), list[drop:]...)
	}
	c.recent[o.Arm][o.Journey] = list
}

// addToBaseline needs mu.
func (c *journeyCounts) addToBaseline(o journal.Observation, ended endedJourney) {
	for i, g := range c.e.Guardrails {
		count(&c.inBaseline[o.Arm][o.Journey][i], ended.meets(g, ended.lasted), ended.many())
	}
	c.before[o.Arm][o.Journey].Add(o.Intended, o.Harmed(), ended.many())
	c.lasted[o.Journey].Add(ended.lasted.Microseconds())
}

func count(c *stats.Count, hit bool, times int) {
	c.N += times
	if hit {
		c.Hits += times
	}
}

func (c *journeyCounts) startBaseline(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.baseline = interval{from: now, begun: true}
	for arm := range c.before {
		for range c.e.Journeys {
			c.before[arm] = append(c.before[arm], stats.NewBaseline(now, c.e.BatchEvery))
		}
	}
}

func (c *journeyCounts) endBaseline(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.baseline.to = now
}

// A harmedArm is an arm of a journey that was harmed in the baseline, beyond the limit.
type harmedArm struct {
	journey int
	arm     plan.Arm
	share   stats.Interval
	count   stats.Count
}

// harmedBaseline returns the first arm of a journey that is harmed beyond the baseline's
// limit, at the lower end of the interval. As in the judgement afterwards, the journeys
// that would still have been under way when the fault came do not count: those that
// started within the 95th percentile of durations before now. One that is in flight
// beyond its budget is harmed, whatever becomes of it.
func (c *journeyCounts) harmedBaseline(now time.Duration, inFlight func(int, plan.Arm) []time.Duration) (harmedArm, bool) {
	for k, j := range c.e.Journeys {
		for _, arm := range c.e.Arms() {
			flying := inFlight(k, arm)
			if a, found := c.harmedInBaseline(now, k, arm, j.HarmedAfter(), flying); found {
				return a, true
			}
		}
	}
	return harmedArm{}, false
}

func (c *journeyCounts) harmedInBaseline(now time.Duration, journey int, arm plan.Arm, harmedAfter time.Duration, flying []time.Duration) (harmedArm, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, until := c.before[arm][journey], now-harmedAfter
	if n := c.lasted[journey].N(); n > 0 {
		until = now - time.Duration(c.lasted[journey].At(stats.Rank(0.95, n)))*time.Microsecond
	}
	known := map[time.Duration]bool{}
	for _, j := range c.recent[arm][journey] {
		known[j.intended] = true
	}
	for _, intended := range flying {
		if c.baseline.contains(intended) && intended < now-harmedAfter && !known[intended] {
			before.Add(intended, true, 1)
		}
	}
	share, n := before.Share(until)
	return harmedArm{journey, arm, share, n}, n.N > 0 && share.Low > c.e.Limits.Baseline
}

func (c *journeyCounts) startFault(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faultFrom = now
}

// startCell is the same for a fault of a scan. What was to start before the removal of the
// faults before is not its doing.
func (c *journeyCounts) startCell(now, removed time.Duration) {
	c.startFault(now)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acrossFrom = removed
}

// isHealthy reports whether the harmed share of the journeys that ended in the last
// window is not beyond limit, at the lower end of its interval.
func (c *journeyCounts) isHealthy(now time.Duration, limit float64) bool {
	all := c.lately(now)
	return all.N >= leastLooked && stats.Wilson(all).Low <= limit
}

// isHarmed reports whether that share is beyond limit, at the lower end.
func (c *journeyCounts) isHarmed(now time.Duration, limit float64) bool {
	all := c.lately(now)
	return all.N >= leastLooked && stats.Wilson(all).Low > limit
}

// lately are the journeys that ended in the last window.
func (c *journeyCounts) lately(now time.Duration) (all stats.Count) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, arm := range c.recent {
		for _, list := range arm {
			for _, j := range lastEnded(list, now-c.window()) {
				count(&all, j.harmed, j.many())
			}
		}
	}
	return all
}

// lastEnded returns the journeys that ended since a moment, or the last few if these are
// fewer.
func lastEnded(list []endedJourney, since time.Duration) []endedJourney {
	from, n := len(list), 0
	// What was counted together belongs together: some of it was harmed, and some was not.
	together := func() bool { return list[from-1].times > 0 && n > 0 && list[from-1].end() == list[from].end() }
	for from > 0 && (list[from-1].end() >= since || n < minJourneys || together()) {
		from--
		n += list[from].many()
	}
	return list[from:]
}

// baselineCounts returns the counts of one journey in the baseline.
func (c *journeyCounts) baselineCounts(j guardedJourney) stats.Pair {
	c.mu.Lock()
	defer c.mu.Unlock()
	return stats.Pair{Fault: c.inBaseline[plan.FaultArm][j.journey][j.guardrail], Control: c.inBaseline[plan.ControlArm][j.journey][j.guardrail]}
}

// started returns the journeys of one kind on an arm that were intended to start since
// the fault came: those that ended, and those in flight as journeys that take until now
// and longer. A journey in flight may have ended between the two looks, so it is left
// out where it is among those that ended.
func (c *journeyCounts) started(now time.Duration, journey int, arm plan.Arm, inFlight func(int, plan.Arm) []time.Duration) []endedJourney {
	c.mu.Lock()
	from := c.faultFrom
	c.mu.Unlock()
	return c.startedSince(from, now, journey, arm, inFlight)
}

// startedSince returns those that were intended to start since a moment, as far as it is
// a few seconds ago.
func (c *journeyCounts) startedSince(from, now time.Duration, journey int, arm plan.Arm, inFlight func(int, plan.Arm) []time.Duration) []endedJourney {
	flying := inFlight(journey, arm)
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []endedJourney
	known := map[time.Duration]bool{}
	for _, j := range c.recent[arm][journey] {
		if j.intended >= from {
			list = append(list, j)
			known[j.intended] = true
		}
	}
	for _, intended := range flying {
		if intended >= from && intended <= now && !known[intended] {
			list = append(list, endedJourney{intended: intended, took: stillFlying, lasted: stillFlying})
		}
	}
	return list
}

// stillFlying is how long a journey in flight takes: longer than any age.
const stillFlying = time.Duration(1<<62 - 1)

// inWindow returns the counts of the journeys of one kind that ended under the fault in
// the last window, and of those that are overdue.
func (c *journeyCounts) inWindow(now time.Duration, j guardedJourney, arm plan.Arm, inFlight func(int, plan.Arm) []time.Duration) stats.Count {
	g := c.e.Guardrails[j.guardrail]
	certain, age := certainAge(g, c.e.Journeys[j.journey].Journey)
	var all stats.Count
	var ended []endedJourney
	for _, s := range c.started(now, j.journey, arm, inFlight) {
		switch {
		case s.took != stillFlying:
			ended = append(ended, s)
		case certain && now-s.intended > age:
			count(&all, true, 1)
		}
	}
	// Journeys that were on their way when the fault came may be harmed by it as well.
	ended = append(c.endedAcross(j.journey, arm), ended...)
	for _, e := range lastEnded(ended, now-c.window()) {
		count(&all, e.meets(g, e.lasted), e.many())
	}
	return all
}

// endedAcross returns the journeys that started before the fault came and ended after.
func (c *journeyCounts) endedAcross(journey int, arm plan.Arm) (list []endedJourney) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range c.recent[arm][journey] {
		if j.intended >= c.acrossFrom && j.intended < c.faultFrom && j.end() >= c.faultFrom {
			list = append(list, j)
		}
	}
	return list
}

// certainAge is the age from which a journey in flight is certain to meet a guardrail's
// condition. It reports false where that is not before its end.
func certainAge(g experiments.Guardrail, j experiments.Journey) (bool, time.Duration) {
	switch {
	case g.Kind() == "blast_radius":
		return true, j.HarmedAfter()
	case g.Kind() == "p99":
		return true, g.P99 + j.Pauses().Most
	}
	return false, 0
}

// exceedsLimit reports whether a journey of an arm meets the condition more often in the
// last window than in the baseline, by more than the guardrail's limit, at the
// lower end of the interval: the lower end keeps a window of few journeys from
// tripping on noise. It returns the difference of the shares.
func (c *journeyCounts) exceedsLimit(now time.Duration, j guardedJourney, arm plan.Arm, inFlight func(int, plan.Arm) []time.Duration) (float64, bool) {
	fault, baseline := c.inWindow(now, j, arm, inFlight), c.baselineCounts(j).Fault
	if fault.N < leastLooked || baseline.N < leastLooked {
		return 0, false
	}
	excess := stats.Newcombe(fault, baseline)
	return excess.Estimate, excess.Low > c.e.Guardrails[j.guardrail].Share()
}
