package engine

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/internal/wait"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// What a cell costs beyond its decision: on a healthy system a second in which nobody is
// harmed, and the age at which the journeys of that second are judged. That makes 1.25 s, up
// to 3 s where journeys usually take long, and as long as it takes for five of them to start.
const (
	leastHealthy = time.Second     // for which nobody may be harmed before the next fault
	usualHealthy = 2 * time.Second // for which journeys may be harmed no more than in the baseline

	youngestJudged = 250 * time.Millisecond // since the start of a journey
	oldestAwaited  = 2 * time.Second        // likewise: a journey with long pauses holds up nothing

	healthyStep        = 250 * time.Millisecond // how finely healthy time is cut
	healthyStepsASlice = int(time.Second / healthyStep)
	mostHealthySeconds = 300 // that are kept of each kind of journey, beside the baseline
)

// healthyTime is the harm of journeys while no fault was in force and the system was
// healthy, second by second. Without a control at the same time, it is what journeys under
// a fault are compared with. Its size does not depend on how long a scan takes.
type healthyTime struct {
	oneRoute bool // there is no control at the same time

	mu       sync.Mutex
	from     time.Duration   // of the stretch that is being counted
	counts   bool            // there is such a stretch
	stretch  [][]stats.Pair  // by step of it and journey
	baseline [][]stats.Pair  // its seconds, by journey
	seconds  [][]stats.Pair  // those since, by journey, oldest first
	settled  []time.Duration // by journey: the age at which a journey has ended, if all is well
	overdue  []time.Duration // by journey: the age at which it is harmed, whatever becomes of it
}

func newHealthyTime(journeys int) *healthyTime {
	return &healthyTime{baseline: make([][]stats.Pair, journeys), seconds: make([][]stats.Pair, journeys), settled: make([]time.Duration, journeys), overdue: make([]time.Duration, journeys)}
}

// learn takes from the baseline how long journeys usually take.
func (h *healthyTime) learn(c *journeyCounts) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, j := range c.e.Journeys {
		h.overdue[k] = j.HarmedAfter()
		h.settled[k] = min(h.overdue[k], max(youngestJudged, 2*c.usually(k)))
	}
}

// usually returns how long 99 of 100 journeys of a kind took in the baseline at the most;
// their budget where none ended.
func (c *journeyCounts) usually(journey int) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.lasted[journey].N()
	if n == 0 {
		return c.e.Journeys[journey].HarmedAfter()
	}
	return time.Duration(c.lasted[journey].At(stats.Rank(0.99, n))) * time.Microsecond
}

// begin counts journeys that are to start from now on.
func (h *healthyTime) begin(now time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.from, h.counts, h.stretch = now, true, nil
}

func (h *healthyTime) add(o journal.Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.addTo(o.Intended, o.Journey, o.Arm, o.Harmed())
}

// addTo needs mu.
func (h *healthyTime) addTo(intended time.Duration, journey int, arm plan.Arm, harmed bool) {
	if !h.counts || intended < h.from {
		return
	}
	at := int((intended - h.from) / healthyStep)
	for len(h.stretch) <= at {
		h.stretch = append(h.stretch, make([]stats.Pair, len(h.seconds)))
	}
	c := &h.stretch[at][journey].Fault
	if arm == plan.ControlArm {
		c = &h.stretch[at][journey].Control
	}
	count(c, harmed, 1)
}

// end keeps of the stretch what was healthy, from a moment on, and ends it. Journeys that
// may still be in flight now are nobody's: the fault that comes now may harm them.
func (h *healthyTime) end(from, now time.Duration, inFlight func(int, plan.Arm) []time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k := range h.seconds {
		for _, arm := range []plan.Arm{plan.FaultArm, plan.ControlArm} {
			for _, intended := range inFlight(k, arm) {
				if now-intended >= h.overdue[k] {
					h.addTo(intended, k, arm, true)
				}
			}
		}
		first := int((max(0, from-h.from) + healthyStep - 1) / healthyStep)
		last := min(len(h.stretch), int(max(0, now-h.settled[k]-h.from)/healthyStep))
		h.keep(k, first, last)
	}
	h.counts, h.stretch = false, nil
}

// keep needs mu.
func (h *healthyTime) keep(journey, first, last int) {
	for ; first < last; first += healthyStepsASlice {
		var second stats.Pair
		for _, step := range h.stretch[first:min(last, first+healthyStepsASlice)] {
			second.Fault = joined(second.Fault, step[journey].Fault)
			second.Control = joined(second.Control, step[journey].Control)
		}
		h.seconds[journey] = append(h.seconds[journey], second)
	}
	most := mostHealthySeconds
	if n := len(h.baseline[journey]); h.oneRoute && n > 0 {
		most = n
	}
	if drop := len(h.seconds[journey]) - most; drop > 0 {
		h.seconds[journey] = append([]stats.Pair(nil), h.seconds[journey][drop:]...)
	}
}

// endBaseline keeps what was counted so far for good. Time between two faults ends as soon
// as nobody was harmed for a while: of a system that harms some without any fault it shows
// too few. Where it is the control, there is no more of it than of the baseline.
func (h *healthyTime) endBaseline() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.baseline, h.seconds = h.seconds, make([][]stats.Pair, len(h.seconds))
}

// of returns the healthy seconds of a kind of journey, those of the baseline last: a test on
// one route takes the last ones.
func (h *healthyTime) of(journey int) []stats.Pair {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Concat(h.seconds[journey], h.baseline[journey])
}

// totals are the journeys of all healthy seconds.
func (h *healthyTime) totals() (list []journal.ArmCounts) {
	for k := range h.seconds {
		list = append(list, armCounts(sum(h.of(k))))
	}
	return list
}

func sum(pairs []stats.Pair) (all stats.Pair) {
	for _, p := range pairs {
		all = stats.Pair{Fault: joined(all.Fault, p.Fault), Control: joined(all.Control, p.Control)}
	}
	return all
}

func armCounts(p stats.Pair) journal.ArmCounts {
	return journal.ArmCounts{Fault: journal.Tally{Harmed: p.Fault.Hits, Of: p.Fault.N}, Control: journal.Tally{Harmed: p.Control.Hits, Of: p.Control.N}}
}

// endHealthy ends the healthy time before a cell.
func (s *scanRun) endHealthy() {
	s.healthy.end(s.healthyFrom, s.log.since(), s.generator.InFlight)
}

// healthySince returns since when the system is healthy after the last removal; false
// where it is not, or where too little is known. Nobody was harmed for a second, or for
// two seconds no kind of journey was harmed more than a baseline may be. Journeys that
// were to start before the removal do not count: it may have released them.
func (s *scanRun) healthySince(now time.Duration) (since time.Duration, healthy bool) {
	known := now - s.healthy.awaited()
	since = max(s.removed, s.lastHarm(now))
	if known-since >= leastHealthy && s.startedBetween(since, now) >= leastLooked {
		return since, true
	}
	since = known - usualHealthy
	return since, since >= s.removed && s.isUsual(since, now)
}

// awaited is the age at which journeys of every kind are judged.
func (h *healthyTime) awaited() (age time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, settled := range h.settled {
		age = max(age, min(settled, oldestAwaited))
	}
	return age
}

// lastHarm is just after the start of the last journey since the removal that was harmed;
// 0: none was. One in flight that would have ended by now, if all were well, counts.
func (s *scanRun) lastHarm(now time.Duration) (last time.Duration) {
	s.eachSince(s.removed, now, func(_ int, _ plan.Arm, j endedJourney, harmed bool) {
		if harmed {
			last = max(last, j.intended+1)
		}
	})
	return last
}

func (s *scanRun) startedBetween(since, now time.Duration) (n int) {
	s.eachSince(since, now, func(int, plan.Arm, endedJourney, bool) { n++ })
	return n
}

// isUsual reports whether no kind of journey is harmed more, on any arm, than a baseline
// may be, at the lower end of the interval.
func (s *scanRun) isUsual(since, now time.Duration) bool {
	counts := map[[2]int]stats.Count{}
	n := 0
	s.eachSince(since, now, func(k int, arm plan.Arm, _ endedJourney, harmed bool) {
		c := counts[[2]int{k, int(arm)}]
		count(&c, harmed, 1)
		counts[[2]int{k, int(arm)}] = c
		n++
	})
	for _, c := range counts {
		if stats.Wilson(c).Low > s.e.Limits.Baseline {
			return false
		}
	}
	return n >= leastLooked
}

// eachSince calls do for every journey that was to start since a moment and is old enough
// to judge.
func (s *scanRun) eachSince(since, now time.Duration, do func(k int, arm plan.Arm, j endedJourney, harmed bool)) {
	for k := range s.e.Journeys {
		late := s.healthy.lateAfter(k)
		for _, arm := range s.e.Arms() {
			for _, j := range s.counts.startedSince(since, now, k, arm, s.generator.InFlight) {
				age := now - j.intended
				flying := j.took == stillFlying
				if age >= min(late, oldestAwaited) || !flying {
					do(k, arm, j, !flying && j.harmed || flying && age >= late)
				}
			}
		}
	}
}

func (h *healthyTime) lateAfter(journey int) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.settled[journey]
}

// awaitHealth waits until the system is healthy after a removal, and returns since when:
// journeys are, and the probes of guardrails pass. It is false where that is not so by a
// moment, or ctx ends.
func (s *scanRun) awaitHealth(ctx context.Context, until time.Duration) (since time.Duration, healthy bool) {
	for {
		now := s.log.since()
		since, healthy = s.healthySince(now)
		if fineAt, fine := s.probes.fine(); healthy && fine {
			return max(since, fineAt), true
		}
		if now >= until || !wait.For(ctx, min(healthEvery, until-now)) {
			return 0, false
		}
	}
}

// mostRecovery is how long a system may take to come back: long enough for twice as many
// journeys to start as it takes to say that it did.
func mostRecovery(e *plan.Experiment, timeout time.Duration) time.Duration {
	rate := 0.0
	for _, j := range e.Journeys {
		rate += j.Rate
	}
	if rate <= 0 {
		return timeout
	}
	return max(timeout, time.Duration(2*leastLooked/rate*float64(time.Second)))
}
