package progress

import (
	"cmp"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// Known is what was known of the excess of a kind of journey.
type Known struct {
	stats.Interval
	At     time.Duration // since the experiment's start
	Blocks int           // of journeys that it is of
	// Rough means that it may be too narrow: journeys are taken as independent of each
	// other, or what changed from turn to turn is not minded.
	Rough bool
}

// settles is how long it takes until all journeys have ended that were to start at a
// moment. Until then those that hang are missing, and harm looks smaller than it is.
func (h *Harm) settles(journey int) time.Duration {
	return h.e.Journeys[journey].EndsWithin() + h.e.BatchEvery*5/2
}

// Settled is up to where all journeys of a kind have ended, since the experiment's start.
func (p *Progress) Settled(journey int, now time.Time) time.Duration {
	h := &p.Current.Harm
	if h.e == nil {
		return 0
	}
	return max(0, now.Sub(p.epoch)-h.from-h.settles(journey))
}

// Estimate takes the journeys into account that have ended, and are known to be all that
// were to start by then. It is called about once a second where intervals are shown.
func (p *Progress) Estimate(now time.Time) {
	h := &p.Current.Harm
	if h.e == nil || h.e.Turns != nil {
		return
	}
	for journey := range h.e.Journeys {
		list := &h.Intervals[journey]
		blocks, at := h.closed(journey, now.Sub(p.epoch))
		if n := len(*list); len(blocks) == 0 || n > 0 && (*list)[n-1].Blocks >= len(blocks) {
			continue
		}
		if known, ok := p.know(journey, blocks); ok {
			known.At, known.Blocks = at, len(blocks)
			*list = append(*list, known)
		}
	}
}

// closed are the blocks of a kind of journey that count, up to a moment of the run: of all
// times in force together. The last of them ended at, since the experiment's start.
func (h *Harm) closed(journey int, now time.Duration) (list []stats.Pair, at time.Duration) {
	for _, t := range h.times {
		first, until := t.From+h.e.Lag, now-h.settles(journey)
		if t.To > 0 {
			until = min(until, t.counted(h.e.Journeys[journey].HarmedAfter()))
		}
		if n := min(int((until-first)/h.block), len(t.blocks[journey])); n > 0 {
			list, at = append(list, t.blocks[journey][:n]...), first+time.Duration(n)*h.block-h.from
		}
	}
	return list, at
}

// counted is up to when journeys count that were to start while a fault was in force, as in
// the result: those that start shortly before the removal may be rescued by it. Of a short
// fault nothing would be left.
func (t *inForce) counted(harmedAfter time.Duration) time.Duration {
	if t.To-t.From < 2*harmedAfter {
		return t.To
	}
	return t.To - harmedAfter
}

// know is the interval of the excess of a kind of journey after some blocks.
func (p *Progress) know(journey int, blocks []stats.Pair) (Known, bool) {
	h := &p.Current.Harm
	if h.e.Control == plan.Concurrent {
		before := p.Current.Baseline.Journey(journey)
		return Known{Interval: stats.ExcessSequence(blocks, stats.Pair{Fault: before.harm(plan.FaultArm), Control: before.harm(plan.ControlArm)})}, true
	}
	var under []stats.Count
	for _, b := range blocks {
		under = append(under, b.Fault)
	}
	control, lasted := p.Current.before.harm(journey, h.e.Journeys[journey].HarmedAfter())
	length := time.Duration(len(blocks)) * h.block
	planned := cmp.Or(h.e.InForce(), h.e.Phases.Fault) * time.Duration(max(1, h.e.Repeat))
	if stats.Total(under).N == 0 || stats.Total(control).N == 0 || planned <= 0 {
		return Known{}, false
	}
	d := stats.UnpairedBatches(batched(under, length, h.e.BatchEvery), batched(control, lasted, h.e.BatchEvery))
	return Known{
		Interval: stats.AtAnyTime(d.Interval, min(1, length.Seconds()/planned.Seconds())),
		Rough:    d.Method == stats.Independent || h.e.Repeat > 1, // turns are compared by the result
	}, true
}

// batched joins counts that follow each other to as many batches as their length makes.
func batched(list []stats.Count, length, every time.Duration) []stats.Count {
	n := min(stats.BatchesOf(length, every), len(list))
	if n < stats.LeastBatches {
		return []stats.Count{stats.Total(list)}
	}
	batches := make([]stats.Count, n)
	for i, c := range list {
		at := &batches[i*n/len(list)]
		*at = stats.Total([]stats.Count{*at, c})
	}
	return batches
}

// Interval is what is known last of the kind of journey that is shown; false: nothing is.
func (p *Progress) Interval() (Known, bool) {
	if p.Current.Harm.e == nil {
		return Known{}, false
	}
	list := p.Current.Harm.Intervals[p.Shown()]
	if len(list) == 0 {
		return Known{}, false
	}
	return list[len(list)-1], true
}

// Lose takes that journeys came too fast to be told of.
func (p *Progress) Lose(journeys int) { p.Current.Harm.Lost += journeys }

// harm are the journeys of an arm, and those of them that were harmed.
func (a ArmCounts) harm(arm plan.Arm) stats.Count {
	return stats.Count{Hits: a.Harmed[arm], N: a.Journeys[arm]}
}
