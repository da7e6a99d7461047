// Package causes numbers the causes of harm of an experiment and keeps a few examples of
// each.
package causes

import (
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// examplesBefore is how many examples of a cause are kept before the fault, so that
// there is room for those that came under it.
const examplesBefore = 1

// Causes are the causes of harm of an experiment so far. Beyond a few examples of each,
// and a few hundred causes, a harmed journey costs a look into a map.
type Causes struct {
	journeys []plan.Journey
	bare     bool // no examples are kept

	mu      sync.Mutex
	exposed bool // the fault phase has begun
	known   map[ID]*cause
}

// An ID is what tells the causes of an experiment apart.
type ID struct {
	Journey int // index in the experiment
	Step    int // index in the journey; -1: none
	Class   journal.Cause
	Key     string
}

type cause struct {
	number     int
	introduced bool
	asked      int // examples that are being made, or were
	kept       int // examples
}

// New keeps the causes of harm of an experiment's journeys; bare: without examples.
func New(journeys []plan.Journey, bare bool) *Causes {
	return &Causes{journeys: journeys, bare: bare, known: map[ID]*cause{}}
}

// Len is how many causes are known.
func (c *Causes) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}

// StartPhase takes note of a phase of the experiment. In a scan the fault phase begins with
// every cell, and each has examples of its own: the same status may come from elsewhere.
func (c *Causes) StartPhase(p journal.Phase) {
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
func (c *Causes) find(id ID) *cause {
	one, known := c.known[id]
	if !known && len(c.known) < journal.MaxCauses {
		one = &cause{number: len(c.known) + 1}
		c.known[id] = one
	}
	return one
}

// Want reports whether an example of a cause is wanted. Who asks is counted at once:
// all journeys may be harmed at the same moment.
func (c *Causes) Want(id ID) bool {
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

// See counts a harmed journey. It returns the number of its cause, 0 where there are too
// many, and what is new about it, where anything is. The example is nil where there is none.
func (c *Causes) See(id ID, arm plan.Arm, intended time.Duration, example *journal.Example) (number int, seen *journal.SeenCause) {
	if id.Class == journal.Shed {
		id.Step = -1
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	one := c.find(id)
	if one == nil {
		return 0, nil
	}
	if one.kept == journal.MaxExamples {
		example = nil
	}
	if one.introduced && example == nil {
		return one.number, nil
	}
	one.introduced = true
	j := c.journeys[id.Journey]
	seen = &journal.SeenCause{Number: one.number, Journey: j.Name, Class: id.Class.String(), Key: id.Key}
	if id.Step >= 0 {
		seen.Step = j.Steps[id.Step].Name
	}
	if example != nil {
		one.kept++
		example.Arm, example.Intended = arm.String(), intended
		seen.Example = example
	}
	return one.number, seen
}
