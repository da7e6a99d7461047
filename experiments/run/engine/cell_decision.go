package engine

import (
	"math"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	// othersWait is for how long a cell goes on for journeys that are undecided, once all
	// that can be decided in time are.
	othersWait = 2 * time.Second
	// othersSoon is the same once another kind of journey is harmful, and the evidence of
	// that stands: others that come to harm by it do so at about the same time, and that
	// they do not takes much longer.
	othersSoon = time.Second
	// neededAtLimit over a limit is how many journeys of an arm it takes, about, to show
	// that harm is within the limit.
	neededAtLimit = 5
	// mostWrong is the share of wrong ones among the harmful cells of a scan.
	mostWrong = stats.FalseDiscoveries
)

// A journeyTest decides about one kind of journey in a cell.
type journeyTest struct {
	s       *scanRun
	journey int
	before  []stats.Pair
	ages    []*evidenceAtAge
	test    *stats.HarmTest
	last    stats.Decision
	decided time.Duration // when that was
}

func newJourneyTest(s *scanRun, journey int, stage journal.Stage) *journeyTest {
	j := s.e.Journeys[journey]
	t := &journeyTest{s: s, journey: journey, before: s.healthy.of(journey)}
	for _, age := range agesUpTo(j.HarmedAfter()) {
		t.ages = append(t.ages, &evidenceAtAge{age: age})
	}
	newTest := stats.NewHarmTest
	if stage == journal.Threshold {
		newTest = stats.NewThresholdTest
	}
	t.test = newTest(j.Limit, t.before, s.e.Control == plan.Concurrent, len(t.ages))
	return t
}

// begin starts with journeys that are to start from now on.
func (t *journeyTest) begin(now time.Duration) {
	for _, a := range t.ages {
		a.until = now
	}
}

// look takes into account what is known at a moment of the journeys that were to start
// before.
func (t *journeyTest) look(now time.Duration) {
	oldest := t.ages[len(t.ages)-1]
	started := func(arm plan.Arm) []endedJourney {
		return t.s.counts.startedSince(oldest.until, now, t.journey, arm, t.s.generator.InFlight)
	}
	fault := started(plan.FaultArm)
	var control []endedJourney
	if t.s.e.Control == plan.Concurrent {
		control = started(plan.ControlArm)
	}
	for i, a := range t.ages {
		block := a.take(now, fault, control, func(j endedJourney) bool {
			return a == oldest && j.lasted > a.age || j.lasted <= a.age && j.harmed
		})
		t.test.Add(i, block)
	}
	if d := t.test.Decision(); d != t.last {
		t.last, t.decided = d, now
	}
}

// isRare reports whether there are too few journeys to show within a time that harm is
// within the limit.
func (t *journeyTest) isRare(most time.Duration) bool {
	j := t.s.e.Journeys[t.journey]
	judged := t.s.e.ArmRate(j) * (most - j.HarmedAfter()).Seconds()
	return judged*j.Limit < neededAtLimit
}

// result is what the cell says of the journey.
func (t *journeyTest) result() journal.CellJourney {
	harmful, harmless := t.test.Evidence()
	share := t.test.Share()
	return journal.CellJourney{
		ArmCounts: armCounts(t.counted()), Before: armCounts(sum(t.before)), Decision: decisionOf(t.last),
		Harmful: finite(harmful), Harmless: finite(harmless),
		Share: journal.Share{Estimate: share.Estimate, Low: share.Low, High: share.High},
	}
}

func decisionOf(d stats.Decision) journal.Decision {
	switch d {
	case stats.Harmful:
		return journal.Harmful
	case stats.Harmless:
		return journal.Harmless
	}
	return journal.Undecided
}

// counted are the journeys that the share is about: those of the full age, where there
// are any.
func (t *journeyTest) counted() stats.Pair {
	if full := t.ages[len(t.ages)-1].used; full.Fault.N > 0 {
		return full
	}
	return t.ages[0].used
}

// finite bounds evidence, because a journal holds no infinite number.
func finite(e float64) float64 {
	if math.IsNaN(e) {
		return 0
	}
	return min(e, math.MaxFloat64)
}

// look takes the journeys of every kind into account.
func (c *cellRun) look(now time.Duration) {
	for _, t := range c.tests {
		t.look(now)
	}
}

// isOver reports whether the faults have shown what they do, or their time is over.
func (c *cellRun) isOver(now time.Duration) (why string, over bool) {
	var harmful, last time.Duration // when the first was found harmful, and when the last was decided
	open, awaited := 0, 0
	most := c.most()
	for _, t := range c.tests {
		switch {
		case t.last == stats.Undecided:
			open++
			if !t.isRare(most) {
				awaited++
			}
		case t.last == stats.Harmful && (harmful == 0 || t.decided < harmful):
			harmful = t.decided
		}
		last = max(last, t.decided)
	}
	timeIsOver, stands := now-c.end.From >= most, c.stands()
	switch {
	case open == 0 && (harmful == 0 || stands), harmful > 0 && (timeIsOver || stands && now >= harmful+othersSoon):
		return journal.CellDecided, true
	case timeIsOver, awaited == 0 && last > 0 && now >= last+othersWait:
		return journal.CellUndecided, true
	}
	return "", false
}

// stands reports whether the evidence of harm is enough for this cell to be a discovery
// among all that a scan may try, were it the only one. What is enough for one cell alone is
// reached by chance in some of many. A search for a breaking point counts for itself.
func (c *cellRun) stands() bool {
	if c.cell.Stage == journal.Threshold {
		return true
	}
	mean := 0.0
	for _, t := range c.tests {
		harmful, _ := t.test.Evidence()
		mean += harmful / float64(len(c.tests))
	}
	return mean >= float64(len(c.e.Faults))/mostWrong
}
