package generator

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A tally compares the journeys that lines are of with those that were planned. Its size
// does not depend on how many there are.
type tally struct {
	experiment *plan.Experiment
	secrets    *redact.Secrets // nil: there are none

	mu     sync.Mutex
	lines  int
	bad    map[string]*journal.BadLines
	phases []countedPhase
	ended  string
}

// A countedPhase is a phase from which on journeys are counted, until the next one.
type countedPhase struct {
	phase    journal.Phase // empty: after the stop
	from     time.Duration
	seen     [2][]int   // by arm and journey
	together [2][]int   // the largest count of a line, beyond one
	slots    [2][][]int // journeys that started, by arm, journey and slot of the phase
}

func newTally(e *plan.Experiment, secrets *redact.Secrets) *tally {
	return &tally{experiment: e, secrets: secrets, bad: map[string]*journal.BadLines{}}
}

// startPhase counts journeys that start from now on in a phase; an empty one: in none.
func (t *tally) startPhase(p journal.Phase, now time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := countedPhase{phase: p, from: now}
	for arm := range next.seen {
		next.seen[arm] = make([]int, len(t.experiment.Journeys))
		next.together[arm] = make([]int, len(t.experiment.Journeys))
		next.slots[arm] = make([][]int, len(t.experiment.Journeys))
	}
	t.phases = append(t.phases, next)
}

// add counts the journeys of a line. A line may be of a phase that is over.
func (t *tally) add(o *journal.Observation) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines++
	for i := len(t.phases) - 1; i >= 0; i-- {
		if p := &t.phases[i]; o.Intended >= p.from {
			p.seen[o.Arm][o.Journey] += o.Times()
			p.count(o)
			p.together[o.Arm][o.Journey] = max(p.together[o.Arm][o.Journey], o.Times()-1)
			return
		}
	}
}

// count counts the journeys of a line in the slot in which they started.
func (p *countedPhase) count(o *journal.Observation) {
	at, list := int((o.Intended-p.from)/slot), p.slots[o.Arm][o.Journey]
	for len(list) <= at {
		list = append(list, 0)
	}
	list[at] += o.Times()
	p.slots[o.Arm][o.Journey] = list
}

// reject counts a line that says nothing of a journey, and says what is wrong with it.
func (t *tally) reject(text []byte, wrong *badLine) (why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines++
	b := t.bad[wrong.kind]
	if b == nil {
		b = &journal.BadLines{Kind: wrong.kind}
		t.bad[wrong.kind] = b
	}
	if b.Count++; len(b.First) < journal.MaxBadFirst {
		const mostText = 120 // the rest is for what is wrong with it
		why = t.secrets.Plain(wrong.why+": "+t.secrets.Excerpt(text[:min(len(text), 4*mostText)], mostText), journal.MaxBadText)
		b.First = append(b.First, why)
	}
	return why
}

// end keeps why the program is no use any more; the first reason counts.
func (t *tally) end(why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended == "" {
		t.ended = why
	}
}

// audit is what came of the journeys that were measured.
func (t *tally) audit() *journal.TrafficAudit {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := &journal.TrafficAudit{Lines: t.lines, Ended: t.ended}
	for _, b := range t.bad {
		a.Bad = append(a.Bad, *b)
	}
	slices.SortFunc(a.Bad, func(x, y journal.BadLines) int { return strings.Compare(x.Kind, y.Kind) })
	for i, p := range t.phases {
		if p.phase == journal.Warmup || p.phase == "" || i+1 == len(t.phases) {
			continue // not measured, or its end is not known
		}
		length := t.phases[i+1].from - p.from
		for k, j := range t.experiment.Journeys {
			for _, arm := range t.experiment.Arms() {
				a.Journeys = append(a.Journeys, journal.TrafficCount{
					Journey: j.Name, Arm: arm.String(), Phase: p.phase,
					Planned: int(t.experiment.ArmRate(j) * length.Seconds()), Seen: p.seen[arm][k], Together: p.together[arm][k],
					Behind: behind(p.slots[arm][k], t.experiment.ArmRate(j)*slot.Seconds(), int(length/slot)),
				})
			}
		}
	}
	return a
}

// behind is how many journeys were due and had not started at the worst moment, since the
// best one before. A program that waits for the system, and makes up for it later, sends as
// many as planned and spares the system when it is slow: what it measures is too good.
func behind(started []int, perSlot float64, slots int) int {
	lacking, least, most := 0.0, 0.0, 0.0
	for i := range slots {
		lacking += perSlot
		if i < len(started) {
			lacking -= float64(started[i])
		}
		least = min(least, lacking)
		most = max(most, lacking-least)
	}
	return int(most)
}
