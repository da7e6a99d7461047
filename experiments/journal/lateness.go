package journal

import "github.com/blastgauge/blastgauge/experiments/plan"

// A Lateness is for how long this machine held up journeys of one kind, those of both arms:
// before they started, and while it judged their answers.
type Lateness struct {
	P99 float64 `json:"p99"` // seconds
	// Shed are those of the control at the same time that could not be started.
	Shed int `json:"shed,omitempty"`
}

// LateAmong is the index of the kind of journey that was too late by its own measure, and
// most so; -1: none was. Both are in the order of the plan.
func LateAmong(list []Lateness, journeys []plan.Journey) int {
	latest, most := -1, 0.0
	for i, l := range list[:min(len(list), len(journeys))] {
		if by := l.P99 - journeys[i].MostLate().Seconds(); journeys[i].TooLate(l.P99) && (latest < 0 || by > most) {
			latest, most = i, by
		}
	}
	return latest
}

// Distrust is why the journeys of a cell say nothing of the system: [CellLate] or
// [CellShed]; empty where they do.
func (c *CellEnd) Distrust(journeys []plan.Journey) string {
	if LateAmong(c.Late, journeys) >= 0 {
		return CellLate
	}
	for _, l := range c.Late {
		if l.Shed > 0 {
			return CellShed
		}
	}
	return ""
}

// LateBack reports whether traffic after the faults was too late to say that the system did
// not come back.
func (c *CellEnd) LateBack(journeys []plan.Journey) bool {
	return LateAmong(c.LateAfter, journeys) >= 0
}
