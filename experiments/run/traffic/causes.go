package traffic

import (
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

// examplesBefore is how many examples of a cause are kept before the fault, so that
// there is room for those that came under it.
const examplesBefore = 1

// causes are the causes of harm of an experiment so far. Beyond a few examples of each,
// and a few hundred causes, a harmed journey costs a look into a map.
type causes struct {
	bare bool // no examples are kept

	mu      sync.Mutex
	exposed bool // the fault phase has begun
	known   map[causeID]*cause
}

// A causeID is what tells the causes of an experiment apart.
type causeID struct {
	journey int
	step    int // -1: none
	class   journal.Cause
	key     string
}

type cause struct {
	number     int
	introduced bool
	asked      int // examples that are being made, or were
	kept       int // examples
}

func newCauses(s *experiments.System) *causes {
	return &causes{bare: s.Examples == experiments.NoExamples, known: map[causeID]*cause{}}
}

// startPhase takes note of a phase of the experiment. In a scan the fault phase begins with
// every cell, and each has examples of its own: the same status may come from elsewhere.
func (c *causes) startPhase(p journal.Phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.exposed && p == journal.Fault {
		for _, one := range c.known {
			one.asked, one.kept = 0, 0
		}
	}
	c.exposed = c.exposed || p == journal.Fault
}

// find returns a cause, which may be a new one. It is nil where there are too many.
func (c *causes) find(id causeID) *cause {
	one, known := c.known[id]
	if !known && len(c.known) < journal.MaxCauses {
		one = &cause{number: len(c.known) + 1}
		c.known[id] = one
	}
	return one
}

// want reports whether an example of a cause is wanted. Who asks is counted at once:
// all journeys may be harmed at the same moment.
func (c *causes) want(id causeID) bool {
	if c.bare {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	most := examplesBefore
	if c.exposed {
		most = journal.MaxExamples
	}
	one := c.find(id)
	if one == nil || one.asked >= most {
		return false
	}
	one.asked++
	return true
}

// see counts a harmed journey. It returns the number of its cause, 0 where there are too
// many, and what is new about it, where anything is.
func (c *causes) see(s *schedule, arm plan.Arm, r journey.Result, intended time.Duration) (number int, seen *journal.SeenCause) {
	id := causeID{s.index, r.At, r.Cause, r.Key}
	if r.Cause == journal.Shed {
		id.step = -1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.find(id)
	if one == nil {
		return 0, nil
	}
	example := r.Example
	if one.kept == journal.MaxExamples {
		example = nil
	}
	if one.introduced && example == nil {
		return one.number, nil
	}
	one.introduced = true
	seen = &journal.SeenCause{Number: one.number, Journey: s.journey.Name, Class: r.Cause.String(), Key: r.Key}
	if id.step >= 0 {
		seen.Step = s.journey.Steps[id.step].Name
	}
	if example != nil {
		one.kept++
		example.Arm, example.Intended = arm.String(), intended
		seen.Example = example
	}
	return one.number, seen
}
