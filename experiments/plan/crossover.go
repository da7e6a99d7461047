package plan

import (
	"fmt"
	"time"
)

// crossOver alternates fault and baseline periods after the first baseline, so that
// drift over time affects both. A concurrent control is better and needs no
// crossover.
func (e *Experiment) crossOver(periods int) {
	if periods < 2 {
		return
	}
	if e.Control == Concurrent {
		e.Warnings = append(e.Warnings, fmt.Sprintf("repeat: %d is not needed: the control arm runs at the same time", periods))
		return
	}
	e.Repeat, e.FaultPeriod = periods, e.Phases.Fault
	cycle := e.FaultPeriod + e.Phases.Baseline
	var all []Fault
	for k := range periods {
		for _, f := range e.Faults {
			f.Period = k
			f.At, f.Until = f.At+time.Duration(k)*cycle, f.Until+time.Duration(k)*cycle
			all = append(all, f)
		}
	}
	e.Faults = all
	e.Phases.Fault = time.Duration(periods)*cycle - e.Phases.Baseline
}

// faultPeriod returns how long the fault is in force without a break.
func (e Experiment) faultPeriod() time.Duration {
	if e.Repeat > 1 {
		return e.FaultPeriod
	}
	return e.Phases.Fault
}
