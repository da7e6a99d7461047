package results

import (
	"slices"
)

// A moment is one line of an experiment's time line: an event, which the chart numbers, or
// what somebody wrote.
type moment struct {
	Number int // 0: somebody wrote it
	Second float64
	What   string
	Author string
}

// TimeLine are the events of the experiment, and what people wrote meanwhile, in the order
// of time.
func (e *experiment) TimeLine() []moment {
	var list []moment
	for i, ev := range e.Events {
		list = append(list, moment{Number: i + 1, Second: ev.Second, What: ev.What})
	}
	if e.s == nil || len(e.Phases) == 0 {
		return list
	}
	began := e.Phases[0].From
	for _, n := range e.s.r.Run.Notes {
		if n.Experiment == e.ID {
			second := e.Phases[0].Start + n.At.Sub(began).Seconds()
			list = append(list, moment{Second: max(0, second), What: n.Text, Author: n.Author})
		}
	}
	slices.SortStableFunc(list, func(a, b moment) int {
		switch {
		case a.Second < b.Second:
			return -1
		case a.Second > b.Second:
			return 1
		}
		return 0
	})
	return list
}
