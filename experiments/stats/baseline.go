package stats

import "time"

const (
	// finestCell is how finely a Baseline knows when trials were made, at first.
	finestCell = 10 * time.Millisecond
	// mostCells bounds the memory of a Baseline. Of a longer one, cells are twice as wide.
	mostCells = 1 << 14
)

// A Baseline is the harm of one kind of journey on one arm before a fault, as it comes.
// Its size does not depend on how many journeys there are. Those who decide during a run
// whether a system is fit to be broken and those who judge the run afterwards use the
// same one, so that they agree.
type Baseline struct {
	from  time.Duration
	width time.Duration
	every time.Duration // trials come together every so often; 0: they come one by one
	cells []Count
}

// NewBaseline is one that began at a moment, on any clock. Trials come together every so
// often, see [BatchesOf]; 0: they come one by one.
func NewBaseline(from, every time.Duration) *Baseline {
	return &Baseline{from: from, width: finestCell, every: every}
}

// Add counts journeys by their intended start, all alike. Those from before the baseline
// are left out.
func (b *Baseline) Add(intended time.Duration, harmed bool, times int) {
	since := intended - b.from
	if since < 0 {
		return
	}
	for since/b.width >= mostCells {
		b.widen()
	}
	at := int(since / b.width)
	if at >= len(b.cells) {
		b.cells = append(b.cells, make([]Count, at+1-len(b.cells))...)
	}
	c := &b.cells[at]
	c.N += times
	if harmed {
		c.Hits += times
	}
}

// widen makes cells twice as wide.
func (b *Baseline) widen() {
	half := (len(b.cells) + 1) / 2
	for i := range half {
		sum := b.cells[2*i]
		if 2*i+1 < len(b.cells) {
			sum = sum.plus(b.cells[2*i+1])
		}
		b.cells[i] = sum
	}
	b.cells, b.width = b.cells[:half], 2*b.width
}

// Share is the share of journeys harmed that were intended to start before a moment, and
// how many these are. Its interval is [Share]'s, so that harm in bursts is known as badly
// as it is.
func (b *Baseline) Share(until time.Duration) (Interval, Count) {
	cells := b.cells[:max(0, min(len(b.cells), int((until-b.from)/b.width)))]
	batches := make([]Count, BatchesOf(max(0, until-b.from), b.every))
	for i, c := range cells {
		k := i * len(batches) / len(cells)
		batches[k] = batches[k].plus(c)
	}
	return Share(batches), Total(batches)
}
