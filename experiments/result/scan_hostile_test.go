package result

import (
	"fmt"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// longStory is a scan of as many dependencies, each of which can be slow, and of as many
// cells as one may have.
func longStory(dependencies int, cell func(number int) journal.Cell) *story {
	s := scanStory()
	e := &s.plan.Experiments[0]
	e.Faults, s.plan.System.Dependencies, s.plan.Scan.Dependencies = nil, nil, nil
	s.plan.Scan.Modes, s.plan.Scan.Thresholds, s.plan.Scan.Pairs = plan.FailureModes(), true, true
	for i := range dependencies {
		name := dependencyName(i)
		s.plan.System.Dependencies = append(s.plan.System.Dependencies, experiments.Dependency{Name: name, Criticality: experiments.Soft})
		s.plan.Scan.Dependencies = append(s.plan.Scan.Dependencies, name)
		for _, m := range plan.FailureModes() {
			f := slowBy(i, time.Second)
			f.Name, f.Mode = fmt.Sprintf("blastgauge.r.%d", len(e.Faults)+1), m
			e.Faults = append(e.Faults, f)
		}
	}
	s.at(0, journal.Event{Kind: journal.RunStarted, Plan: s.plan})
	for n := 1; n <= mostCells; n++ {
		c := cell(n)
		c.Number = n
		s.at(1, journal.Event{Kind: journal.CellStarted, Cell: &c})
		s.at(1, journal.Event{Kind: journal.CellEnded, CellEnd: &journal.CellEnd{
			Number: n, Why: journal.CellDecided, From: time.Second, To: 2 * time.Second,
			Journeys: []journal.CellJourney{{Decision: []journal.Decision{journal.Harmful, journal.Harmless, journal.Undecided}[n%3], Harmful: float64(n)}},
		}})
	}
	for i := range s.events {
		if s.events[i].Experiment != "" {
			s.events[i].Experiment = plan.ScanID
		}
	}
	return s
}

func dependencyName(i int) string { return fmt.Sprintf("d%d", i) }

func slowBy(dependency int, latency time.Duration) plan.Fault {
	return plan.Fault{Mode: plan.Slow, Proxy: "p", Fault: experiments.Fault{Inject: "latency", Into: dependencyName(dependency), Share: 1, Attributes: injectors.Attributes{"latency": latency.Seconds()}}}
}

// The longest journal that is read as a scan is a result within seconds, whatever its cells
// are about.
func TestTheLongestScanIsReadInSeconds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dependencies int
		cell         func(n int) journal.Cell
	}{
		"one search": {1, func(n int) journal.Cell {
			return journal.Cell{Stage: journal.Threshold, Faults: []plan.Fault{slowBy(0, time.Duration(n)*time.Millisecond)}}
		}},
		"pairs": {mostDependencies, func(n int) journal.Cell {
			return journal.Cell{Stage: journal.PairStage, Faults: []plan.Fault{slowBy(n%mostDependencies, time.Second), slowBy(n/mostDependencies, time.Second)}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			events := longStory(tt.dependencies, tt.cell).events
			begun := time.Now()
			r, err := Fold(checkEvents(journal.EventsFile, func(yield func(journal.Event, error) bool) {
				for _, e := range events {
					if !yield(e, nil) {
						return
					}
				}
			}), journeys{})
			if err != nil || r.Scan == nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > time.Minute { // of a machine with much else to do
				t.Errorf("it took %v", took)
			}
		})
	}
}

// More of anything than a scan can have ends the report at its line.
func TestMoreThanAScanCanHaveIsNotRead(t *testing.T) {
	t.Parallel()
	ended := func(c journal.CellEnd) journal.Event {
		c.Number = 1
		return journal.Event{Kind: journal.CellEnded, CellEnd: &c}
	}
	for name, tt := range map[string]struct {
		most int
		make func(n int) journal.Event
	}{
		"cells": {mostCells, func(n int) journal.Event {
			return journal.Event{Kind: journal.CellStarted, Cell: &journal.Cell{Number: n}}
		}},
		"faults": {mostDependencies, func(n int) journal.Event {
			faults := make([]plan.Fault, n)
			for i := range faults {
				faults[i] = slowBy(i, time.Second)
			}
			return journal.Event{Kind: journal.CellStarted, Cell: &journal.Cell{Number: 1, Faults: faults}}
		}},
		"met":      {mostDependencies, func(n int) journal.Event { return ended(journal.CellEnd{Met: make([]journal.CellMet, n)}) }},
		"journeys": {mostJourneys, func(n int) journal.Event { return ended(journal.CellEnd{Journeys: make([]journal.CellJourney, n)}) }},
		"lateness": {mostJourneys, func(n int) journal.Event { return ended(journal.CellEnd{Late: make([]journal.Lateness, n)}) }},
		"broken":   {mostInvariants, func(n int) journal.Event { return ended(journal.CellEnd{Broken: make([]journal.CheckResult, n)}) }},
		"unjudged": {mostInvariants, func(n int) journal.Event { return ended(journal.CellEnd{Unjudged: make([]journal.CheckResult, n)}) }},
		"carried":  {mostProxies, func(n int) journal.Event { return ended(journal.CellEnd{Carried: make([]journal.Traffic, n)}) }},
		"exercise": {mostJourneys, func(n int) journal.Event {
			return journal.Event{Kind: journal.Exercised, Exercise: &journal.Exercise{Journeys: make([]journal.ArmCounts, n)}}
		}},
		"idle rates": {mostProxies, func(n int) journal.Event {
			return journal.Event{Kind: journal.Exercised, Exercise: &journal.Exercise{Idle: make([]journal.IdleRate, n)}}
		}},
	} {
		most, more := tt.make(tt.most), tt.make(tt.most+1)
		if err := checkEvent(&most, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := checkEvent(&more, 0); err == nil {
			t.Errorf("%s: one more than %d is read", name, tt.most)
		}
	}
}
