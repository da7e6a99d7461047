package progress

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

const (
	mostStretches = 240 // of a chart: more cannot be told apart on a screen
	mostBlocks    = 60  // of a time in force as planned, whose evidence is gathered anew every second
)

// Harm is what became of the journeys of an experiment, by when they were to start.
type Harm struct {
	Step      time.Duration  // how long a stretch is
	Stretches [][]stats.Pair // since the experiment's start; each has the journeys of one kind at its index
	Marks     []Mark         // where phases begin
	InForce   []Span         // when any fault was; of many the last ones
	// Intervals are the excess of the fault arm for each kind of journey at its index, as it
	// was known so far at each moment. Each holds at any time; those of one kind do together.
	Intervals [][]Known
	Lost      int // journeys that are missing, as they came too fast to be shown

	e     *plan.Experiment
	from  time.Duration   // of the experiment, since the run's start
	open  map[string]bool // the faults in force, by name
	times []*inForce
	block time.Duration
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

// inForce is a time without a break in which some fault was in force, since the run's
// start, with the journeys that were to start then.
type inForce struct {
	Span
	blocks [][]stats.Pair // by journey
}

// begin starts with an experiment.
func (h *Harm) begin(e *plan.Experiment, since time.Duration) {
	*h = Harm{Step: time.Second, e: e, from: since}
	h.block = max(time.Second, 2*e.BatchEvery, e.InForce()/mostBlocks)
	h.startCell()
}

func (h *Harm) mark(name string, since time.Duration) {
	h.Marks = append(h.Marks, Mark{name, since - h.from})
}

// startCell forgets the faults of the cell before.
func (h *Harm) startCell() {
	h.open, h.times, h.Intervals = map[string]bool{}, nil, make([][]Known, len(h.e.Journeys))
}

// inject takes a fault that is in force.
func (h *Harm) inject(fault string, since time.Duration) {
	if len(h.open) == 0 {
		h.InForce = append(h.InForce, Span{From: since - h.from})
		h.InForce = h.InForce[max(0, len(h.InForce)-mostSpans):]
		if len(h.times) < mostSpans {
			h.times = append(h.times, &inForce{Span{From: since}, make([][]stats.Pair, len(h.e.Journeys))})
		}
	}
	h.open[fault] = true
}

// remove takes a fault whose removal was asked for at a moment. The system is without any
// when the last one goes.
func (h *Harm) remove(fault string, since time.Duration) {
	if !h.open[fault] {
		return
	}
	if delete(h.open, fault); len(h.open) > 0 {
		return
	}
	last := &h.InForce[len(h.InForce)-1]
	last.To = max(last.From, since-h.from)
	if n := len(h.times); h.times[n-1].To == 0 {
		h.times[n-1].To = max(h.times[n-1].From, since)
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
	for _, t := range h.times {
		if o.Intended >= t.From && (t.To == 0 || o.Intended < t.To) {
			t.add(o, h.e.Lag, h.block)
		}
	}
}

// add counts a journey that was to start while a fault was in force. Of the time after an
// injection in which journeys from before it still end, none are counted.
func (t *inForce) add(o journal.Observation, lag, length time.Duration) {
	since := o.Intended - t.From - lag
	block := int(since / length)
	if since < 0 || block >= 2*mostBlocks {
		return
	}
	list := &t.blocks[o.Journey]
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
