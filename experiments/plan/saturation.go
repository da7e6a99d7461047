package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/stats"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Turn is a part of the fault phase in which the fault touches one share of the
// journeys.
type Turn struct {
	At    time.Duration `json:"at"` // since the beginning of the fault phase
	Until time.Duration `json:"until"`
	Share float64       `json:"share"` // from 0 to 1
}

const (
	advisedTurn = 20 * time.Second // phases that leave longer turns have more of them, for quick journeys
	mostRounds  = 6                // in which each share has its turn
	leastTurns  = 4                // times slow_after, and pauses, that a turn takes at least
)

// saturate lets the faults touch a share of the journeys, one after the other. All
// journeys enter at the same URL, and those that the faults touch carry the tag, so that
// what becomes of a journey at its first request is the same at its last. Outside the
// fault phase all carry it.
//
// The control is the baseline, because at a share of all journeys there is no other, and
// because those that the fault did not touch may be harmed by it as well.
func (e *Experiment) saturate(shares []float64, run string) {
	if shares == nil {
		return
	}
	for i := range e.Faults {
		e.Faults[i].Attributes = withTag(e.Faults[i].Attributes, run)
	}
	e.Tagged, e.Control, e.Repeat = true, Baseline, 0
	e.ControlWhy = "the fault touches a share of the journeys, and may harm the others as well: the baseline phase is the control"
	e.Turns = turnsOf(shares, e.Phases.Fault, e.advisedTurn())
}

// turnsOf divides a phase. It begins and ends with the largest share, so that it is
// guarded, and followed by a recovery, as a fault that touches as many from the start.
// Every other round goes the other way round, so that what changes in a straight line
// weighs as much on each share.
func turnsOf(shares []float64, phase, advised time.Duration) (turns []Turn) {
	falling := slices.SortedFunc(slices.Values(shares), func(a, b float64) int { return cmp.Compare(b, a) })
	pair := 2 * time.Duration(len(shares))
	rounds := 2 * min(mostRounds/2, max(1, int(phase/(pair*advised))))
	n := rounds * len(shares)
	for k := range n {
		share := falling[k%len(falling)]
		if k/len(falling)%2 == 1 {
			share = falling[len(falling)-1-k%len(falling)]
		}
		t := Turn{phase * time.Duration(k) / time.Duration(n), phase * time.Duration(k+1) / time.Duration(n), share}
		if k > 0 && turns[len(turns)-1].Share == share {
			turns[len(turns)-1].Until = t.Until
			continue
		}
		turns = append(turns, t)
	}
	return turns
}

// advisedTurn is how long turns are at the least, if the phase allows it: longer where
// journeys need longer.
func (e Experiment) advisedTurn() time.Duration {
	longest := advisedTurn
	for _, j := range e.Journeys {
		longest = max(longest, leastTurns*j.HarmedAfter())
	}
	return longest
}

// Shares are the shares of the turns, the smallest first; nil where there are none.
func (e Experiment) Shares() []float64 {
	var list []float64
	for _, t := range e.Turns {
		list = append(list, t.Share)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// LargestShare is the share of journeys that the fault touches at the most; 1 where all
// of the fault arm are touched all the time.
func (e Experiment) LargestShare() float64 {
	if len(e.Turns) == 0 {
		return 1
	}
	return slices.Max(e.Shares())
}

// Counted is the part of a turn, which may have been cut short, in which journeys start
// that count: not those that meet a system which the turn before has left busy, and not
// those which the next turn may harm or spare.
func (t Turn) Counted(harmedAfter time.Duration) (from, to time.Duration) {
	return t.At + max(harmedAfter, (t.Until-t.At)/4), t.Until - harmedAfter
}

// atShare are the starts of journeys of j that count at a share.
func (e Experiment) atShare(j Journey, share float64) (list []stretch) {
	for _, t := range e.Turns {
		if from, to := t.Counted(j.HarmedAfter()); t.Share == share && to > from {
			list = append(list, stretch{e.Phases.Baseline + from, e.Phases.Baseline + to})
		}
	}
	return list
}

// checkTurns finds turns that are too short to count anything of some journey.
func (e Experiment) checkTurns() error {
	if e.Turns == nil || len(e.Journeys) == 0 {
		return nil
	}
	j := slices.MaxFunc(e.Journeys, func(a, b Journey) int { return cmp.Compare(a.HarmedAfter(), b.HarmedAfter()) })
	if e.shortestTurn() >= leastTurns*j.HarmedAfter() {
		return nil
	}
	return fmt.Errorf("the shares take turns of %s, which is less than %d times %s: make the fault phase at least %s, or leave out a share",
		figures.Span(e.shortestTurn().Round(100*time.Millisecond)), leastTurns, j.SayHarmedAfter(), figures.Span(e.shortestPhase(j)))
}

// shortestPhase is the shortest fault phase, or turn of a repeated fault, in which
// anything of j counts.
func (e Experiment) shortestPhase(j Journey) time.Duration {
	if e.Turns == nil {
		return 2 * j.HarmedAfter()
	}
	return 2 * time.Duration(len(e.Shares())) * leastTurns * j.HarmedAfter()
}

func (e Experiment) shortestTurn() time.Duration {
	shortest := e.Phases.Fault
	for _, t := range e.Turns {
		shortest = min(shortest, t.Until-t.At)
	}
	return shortest
}

// sayTurns says which shares are touched when, and what will be known of each.
func (e Experiment) sayTurns() (list []string) {
	if e.Turns == nil {
		return nil
	}
	var order []string
	for _, t := range e.Turns {
		order = append(order, fmt.Sprintf("%s for %s", figures.ShortPercent(t.Share, 2), figures.Span((t.Until-t.At).Round(100*time.Millisecond))))
	}
	list = append(list, "saturation: the fault touches "+strings.Join(order, ", ")+" of the journeys; the limits are judged at "+
		figures.ShortPercent(e.LargestShare(), 2)+", and harm of those that it did not touch is told beside it")
	for _, j := range e.Journeys {
		var counts []string
		for _, share := range e.Shares() {
			all := j.Rate * length(e.atShare(j, share)).Seconds()
			counts = append(counts, fmt.Sprintf("%d and %d at %s", int(all*share), int(all*(1-share)), figures.ShortPercent(share, 2)))
		}
		list = append(list, fmt.Sprintf("saturation: %s: about so many touched and untouched journeys count: %s", j.Name, strings.Join(counts, ", ")))
	}
	return list
}

// turnWarnings are shares of which too little will be known.
func (e Experiment) turnWarnings() (list []string) {
	const batches = stats.LeastBatches * stats.ShortestBatch
	for _, j := range e.Journeys {
		var few, brief []string
		for _, share := range e.Shares() {
			counted := length(e.atShare(j, share))
			if int(j.Rate*share*counted.Seconds()) < leastJourneys {
				few = append(few, figures.ShortPercent(share, 2))
			}
			if counted < batches {
				brief = append(brief, figures.ShortPercent(share, 2))
			}
		}
		if few != nil {
			list = append(list, fmt.Sprintf("%s: fewer than %d journeys that the fault touches count at a share of %s, which say little: raise its rate, or lengthen the fault phase", j.Name, leastJourneys, figures.List(few, "and")))
		}
		if brief != nil {
			list = append(list, fmt.Sprintf("%s: less than the %s count at a share of %s that it takes to know how much harm varies: journeys are taken as independent", j.Name, figures.Span(batches), figures.List(brief, "and")))
		}
	}
	return list
}

// checkSaturation finds what documents that were not loaded from files may have: faults
// that cannot tell whose journey a request is for.
func checkSaturation(doc *experiments.Experiment) error {
	for _, f := range doc.Faults {
		if kind, _ := injectors.Lookup(f.Inject); doc.Saturation != nil && (!kind.ByRequest || f.At > 0 || f.For > 0 || f.Share < 1 || f.Instances != nil) {
			return fmt.Errorf("saturation needs faults on single requests for the whole fault phase, and %s into %s is none", f.Inject, f.Into)
		}
	}
	return nil
}
