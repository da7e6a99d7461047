package engine

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// cellCauses counts the causes of harm in a cell, and the journeys that were to start in
// it, on the fault arm.
type cellCauses struct {
	e *plan.Experiment

	mu       sync.Mutex
	known    map[int]journal.SeenCause // by number, each with its last example
	from, to time.Duration             // when the faults were in force; to is 0 while they are
	counts   bool                      // there is a cell
	harmed   []map[int]int             // by journey and number of the cause, or what waited returns
	started  []int                     // by journey
}

func newCellCauses(e *plan.Experiment) *cellCauses {
	return &cellCauses{e: e, known: map[int]journal.SeenCause{}}
}

// clear forgets the cell before.
func (c *cellCauses) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts = false
}

func (c *cellCauses) begin(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.from, c.to, c.counts = now, 0, true
	c.harmed, c.started = make([]map[int]int, len(c.e.Journeys)), make([]int, len(c.e.Journeys))
	for k := range c.harmed {
		c.harmed[k] = map[int]int{}
	}
}

// end takes note of the moment at which the faults go. How a journey ends after that may be
// the work of the removal: connections that hung are cut then. What is certain is that one
// which was over its budget by then had no answer.
func (c *cellCauses) end(now time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.to = now
}

func (c *cellCauses) add(o journal.Observation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.counts && o.Arm == plan.FaultArm && o.Intended >= c.from && (c.to == 0 || o.Intended < c.to)
	released := counts && c.to > 0 && o.Ended() > c.to
	if o.Seen != nil {
		c.learn(*o.Seen, released)
	}
	if !counts {
		return
	}
	c.started[o.Journey]++
	over := c.to-o.Intended >= c.e.Journeys[o.Journey].HarmedAfter()
	switch {
	case !o.Harmed():
	case released && over && !c.isWait(o.Why):
		c.harmed[o.Journey][waited(o)]++
	case o.Why > 0 && (!released || over):
		c.harmed[o.Journey][o.Why]++
	}
}

// learn keeps an example as long as there is no later one. That of a journey which was
// released shows what the removal does. It needs mu.
func (c *cellCauses) learn(seen journal.SeenCause, released bool) {
	if old, known := c.known[seen.Number]; released || known && seen.Example == nil {
		seen.Example = old.Example
	}
	c.known[seen.Number] = seen
}

// isWait reports whether a cause is that a journey waited too long. It needs mu.
func (c *cellCauses) isWait(number int) bool {
	class := c.known[number].Class
	return class == journal.TooSlow.String() || class == journal.Timeout.String()
}

// waited stands for the cause that a step had no answer while the faults were in force. It
// is no number of a cause that was seen.
func waited(o journal.Observation) int { return -1 - max(0, o.Step) }

// causeOf returns what a key of harmed stands for. It needs mu.
func (c *cellCauses) causeOf(journey, key int) (journal.SeenCause, bool) {
	if key >= 0 {
		seen, known := c.known[key]
		return seen, known
	}
	j := c.e.Journeys[journey]
	seen := journal.SeenCause{Journey: j.Name, Class: journal.TooSlow.String(), Key: figures.Span(j.SlowAfter)}
	if step := -1 - key; step < len(j.Steps) {
		seen.Step = j.Steps[step].Name
	}
	return seen, true
}

// startedOf returns how many journeys of a kind were to start in the cell and have ended.
func (c *cellCauses) startedOf(journey int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counts {
		return 0
	}
	return c.started[journey]
}

// most returns the most frequent cause of harm of a kind of journey in the cell; nil where
// there was none. An example of another cell is none of this one.
func (c *cellCauses) most(journey int) *journal.SeenCause {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.counts {
		return nil
	}
	most := 0
	for _, number := range slices.Sorted(maps.Keys(c.harmed[journey])) {
		if most == 0 || c.harmed[journey][number] > c.harmed[journey][most] {
			most = number
		}
	}
	seen, known := c.causeOf(journey, most)
	if !known {
		return nil
	}
	if ex := seen.Example; ex != nil && (ex.Intended < c.from || ex.Intended >= c.to) {
		seen.Example = nil
	}
	return &seen
}
