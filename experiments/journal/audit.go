package journal

import "fmt"

// A TrafficAudit is what came of the journeys that a program was to send.
type TrafficAudit struct {
	Lines    int            `json:"lines"`         // that it wrote, without blank ones
	Bad      []BadLines     `json:"bad,omitempty"` // lines that say nothing of a journey
	Journeys []TrafficCount `json:"journeys,omitempty"`
	// Ended says how the program came to its end where that was before it was told to stop,
	// or that it fell silent, with its last words; empty: it sent to the end.
	Ended string `json:"ended,omitempty"`
}

// BadLines are lines of a kind that say nothing of a journey of the experiment.
type BadLines struct {
	Kind  string   `json:"kind"` // such as malformed or unknown_journey
	Count int      `json:"count"`
	First []string `json:"first,omitempty"` // what is wrong with the first few, and their beginnings
}

// A TrafficCount is how many journeys of one kind were to start on an arm in a phase, and
// how many did.
type TrafficCount struct {
	Journey string `json:"journey"`
	Arm     string `json:"arm"`
	Phase   Phase  `json:"phase"`
	Planned int    `json:"planned"`
	Seen    int    `json:"seen"`
	// Together is how many journeys the largest line was of, beyond one: so many may count
	// in the phase beside theirs.
	Together int `json:"together,omitempty"`
	// Behind is how many journeys that were due had not started, going by their starts, at
	// the worst moment of the phase.
	Behind int `json:"behind,omitempty"`
}

// What an audit is bounded by.
const (
	MaxBadKinds = 20  // kinds of bad lines
	MaxBadFirst = 3   // of a kind
	MaxBadText  = 300 // bytes of one
)

// check returns what no run can have recorded.
func (a *TrafficAudit) check() error {
	if a == nil {
		return nil
	}
	numbers := []int{a.Lines}
	for _, b := range a.Bad {
		numbers = append(numbers, b.Count)
	}
	for _, c := range a.Journeys {
		numbers = append(numbers, c.Planned, c.Seen, c.Together, c.Behind)
	}
	for _, n := range numbers {
		if n < 0 {
			return fmt.Errorf("a count of the audit is %d, and a count is not negative", n)
		}
	}
	return nil
}
