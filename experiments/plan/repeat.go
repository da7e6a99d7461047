package plan

import (
	"fmt"
	"time"
)

// repeat makes control and fault take turns: fault, baseline, fault, and so on after
// the first baseline. A concurrent control is better than that, and makes it
// superfluous.
func (e *Experiment) repeat(times int) {
	if times < 2 {
		return
	}
	if e.Control == Concurrent {
		e.Warnings = append(e.Warnings, fmt.Sprintf("repeat: %d is not needed: the control arm runs at the same time", times))
		return
	}
	e.Repeat, e.Turn = times, e.Phases.Fault
	cycle := e.Turn + e.Phases.Baseline
	var all []Fault
	for k := range times {
		for _, f := range e.Faults {
			f.Cycle = k
			f.At, f.Until = f.At+time.Duration(k)*cycle, f.Until+time.Duration(k)*cycle
			all = append(all, f)
		}
	}
	e.Faults = all
	e.Phases.Fault = time.Duration(times)*cycle - e.Phases.Baseline
	if times < 3 {
		e.Warnings = append(e.Warnings, "repeat: 2 turns say too little of how much they vary: 3 are needed for a sound interval")
	}
}

// turn is how long the fault is in force at a time.
func (e Experiment) turn() time.Duration {
	if e.Repeat > 1 {
		return e.Turn
	}
	return e.Phases.Fault
}

// turns is how often it is.
func (e Experiment) turns() int { return max(1, e.Repeat) }
