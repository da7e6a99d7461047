package progress

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	mostStretches = 240 // of a chart: more cannot be told apart on a screen
	mostBlocks    = 60  // of a fault phase, whose evidence is gathered anew every second
)

// Harm is what became of the journeys of an experiment, by when they were to start.
type Harm struct {
	Step      time.Duration  // how long a stretch is
	Stretches [][]stats.Pair // since the experiment's start; each has the journeys of one kind at its index
	Marks     []Mark         // where phases begin
	InForce   []Span         // when faults were; of a scan one for each of the last trials
	// Intervals are the excess of the fault arm, as it was known so far at each moment. Each
	// holds at any time, and all do together.
	Intervals []Known

	e         *plan.Experiment
	from      time.Duration // of the experiment, since the run's start
	injected  bool
	faultFrom time.Duration // when the first fault was in force
	faultTo   time.Duration // when the first removal was asked for; 0: not yet
	block     time.Duration
	blocks    [][]stats.Pair // of the fault, by journey
}

// A Mark is where something begins, since the experiment's start.
type Mark struct {
	Name string
	At   time.Duration
}

// A Span is a stretch of time since the experiment's start.
type Span struct {
	From, To time.Duration // To is 0 while it lasts
}

// mostSpans bounds those of a long scan.
const mostSpans = 100

// Known is what was known of the excess of a kind of journey.
type Known struct {
	stats.Interval
	Journey int           // its index in the experiment
	At      time.Duration // since the experiment's start
	Blocks  int           // of journeys that it is of
}

// begin starts with an experiment.
func (h *Harm) begin(e *plan.Experiment, since time.Duration) {
	*h = Harm{Step: time.Second, e: e, from: since}
	h.block = max(time.Second, 2*e.BatchEvery, e.Phases.Fault/mostBlocks)
	h.blocks = make([][]stats.Pair, len(e.Journeys))
}

func (h *Harm) mark(name string, since time.Duration) {
	h.Marks = append(h.Marks, Mark{name, since - h.from})
}

// startCell forgets the faults of the cell before.
func (h *Harm) startCell() {
	h.injected, h.faultTo, h.Intervals = false, 0, nil
	h.blocks = make([][]stats.Pair, len(h.e.Journeys))
}

func (h *Harm) inject(since time.Duration) {
	if !h.injected {
		h.injected, h.faultFrom = true, since
		h.InForce = append(h.InForce, Span{From: since - h.from})
		h.InForce = h.InForce[max(0, len(h.InForce)-mostSpans):]
	}
}

func (h *Harm) remove(since time.Duration) {
	if h.faultTo == 0 {
		h.faultTo = since
	}
	if n := len(h.InForce); n > 0 && h.InForce[n-1].To == 0 {
		h.InForce[n-1].To = since - h.from
	}
}

// add counts a journey.
func (h *Harm) add(o journal.Observation) {
	if h.e == nil || o.Intended < h.from || o.Journey >= len(h.e.Journeys) {
		return
	}
	i := int((o.Intended - h.from) / h.Step)
	for ; i >= mostStretches; i /= 2 {
		h.widen()
	}
	for len(h.Stretches) <= i {
		h.Stretches = append(h.Stretches, make([]stats.Pair, len(h.e.Journeys)))
	}
	count(&h.Stretches[i][o.Journey], o)
	if !h.injected || o.Intended < h.faultFrom || h.faultTo > 0 && o.Intended >= h.faultTo {
		return
	}
	block := int((o.Intended - h.faultFrom) / h.block)
	if block >= 2*mostBlocks {
		return
	}
	list := &h.blocks[o.Journey]
	for len(*list) <= block {
		*list = append(*list, stats.Pair{})
	}
	count(&(*list)[block], o)
}

// count adds a journey to those of its arm.
func count(p *stats.Pair, o journal.Observation) {
	c := &p.Fault
	if o.Arm == plan.ControlArm {
		c = &p.Control
	}
	c.N += o.Times()
	if o.Harmed() {
		c.Hits += o.Times()
	}
}

// widen makes stretches twice as long.
func (h *Harm) widen() {
	var list [][]stats.Pair
	for i, s := range h.Stretches {
		if i%2 == 0 {
			list = append(list, s)
			continue
		}
		for j := range s {
			both := &list[len(list)-1][j]
			both.Fault = stats.Total([]stats.Count{both.Fault, s[j].Fault})
			both.Control = stats.Total([]stats.Count{both.Control, s[j].Control})
		}
	}
	h.Stretches, h.Step = list, 2*h.Step
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

// Shown is the kind of journey that stands for all: the one that the fault harms most.
func (p *Progress) Shown() int {
	if p.Current.Phase == journal.Recovery {
		return p.Current.UnderFault.Worst()
	}
	return p.Current.Counts.Worst()
}

// Estimate takes the journeys into account that have ended, and are known to be all that
// were to start by then. It is called about once a second where intervals are shown.
func (p *Progress) Estimate(now time.Time) {
	h := &p.Current.Harm
	if h.e == nil || !h.injected || h.e.Turns != nil {
		return
	}
	journey := p.Shown()
	closed := min(int((now.Sub(p.epoch)-h.faultFrom-h.settles(journey))/h.block), len(h.blocks[journey]))
	if n := len(h.Intervals); n > 0 && h.Intervals[n-1].Journey != journey {
		h.Intervals = nil
	}
	if n := len(h.Intervals); closed <= 0 || n > 0 && h.Intervals[n-1].Blocks >= closed {
		return
	}
	if known, ok := h.know(p.Current.Baseline.Journey(journey), h.blocks[journey][:closed]); ok {
		at := h.faultFrom - h.from + time.Duration(closed)*h.block
		h.Intervals = append(h.Intervals, Known{known, journey, at, closed})
	}
}

// know is the interval of the excess after some blocks.
func (h *Harm) know(before ArmCounts, blocks []stats.Pair) (stats.Interval, bool) {
	fault := stats.Count{Hits: before.Harmed[plan.FaultArm], N: before.Journeys[plan.FaultArm]}
	if h.e.Control == plan.Concurrent {
		control := stats.Count{Hits: before.Harmed[plan.ControlArm], N: before.Journeys[plan.ControlArm]}
		return stats.ExcessSequence(blocks, stats.Pair{Fault: fault, Control: control}), true
	}
	var under stats.Count
	for _, b := range blocks {
		under = stats.Total([]stats.Count{under, b.Fault})
	}
	if under.N == 0 || fault.N == 0 || h.e.Phases.Fault <= 0 {
		return stats.Interval{}, false
	}
	part := float64(time.Duration(len(blocks))*h.block) / float64(h.e.Phases.Fault)
	return stats.AtAnyTime(stats.Newcombe(under, fault), min(part, 1)), true
}

// Interval is what is known last of the kind of journey that is shown; false: nothing is.
func (p *Progress) Interval() (Known, bool) {
	list := p.Current.Harm.Intervals
	if len(list) == 0 || list[len(list)-1].Journey != p.Shown() {
		return Known{}, false
	}
	return list[len(list)-1], true
}
