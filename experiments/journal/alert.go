package journal

import (
	"fmt"
	"time"
)

// An AlertLook is what was seen of an alert: the first time, whenever it changed, and at
// last. From one look to the time in LastAsked of the next one, every answer said the same.
// Times are offsets from the run's start by its own clock, unless they say otherwise.
type AlertLook struct {
	Alert string     `json:"alert"` // its selector, see [experiments.Alert]
	State AlertState `json:"state"`
	// Asked and Answered are of the first answer that said so; of the last look, of the last
	// answer. LastAsked is when the answer before was asked for, which still said what the
	// look before says.
	Asked     time.Duration `json:"asked"`
	Answered  time.Duration `json:"answered"`
	LastAsked time.Duration `json:"last_asked,omitempty"`
	// ActiveAt is since when the newest of the alerts in this state is active, by the clock
	// of the server. ClockAhead is by how much that was ahead of ours, give or take
	// ClockUncertain, which is 0 where nobody knows.
	ActiveAt       time.Time     `json:"active_at,omitzero"`
	ClockAhead     time.Duration `json:"clock_ahead,omitempty"`
	ClockUncertain time.Duration `json:"clock_uncertain,omitempty"`
	// Count is how many alerts are in this state, and Example one of them with its labels.
	Count   int    `json:"count,omitempty"`
	Example string `json:"example,omitempty"`
	// Muted is why nobody was told of any of those that fire: silenced, inhibited or muted.
	Muted string `json:"muted,omitempty"`
	Error string `json:"error,omitempty"` // why the state is unknown
}

// An AlertState is the state of an alert: the furthest of all that fit.
type AlertState string

// The states.
const (
	AlertInactive AlertState = "inactive"
	AlertPending  AlertState = "pending" // its condition is met, and not for long enough
	AlertFiring   AlertState = "firing"
	AlertUnknown  AlertState = "unknown" // nobody answered
)

// check returns what no run can have recorded.
func (l *AlertLook) check() error {
	if l == nil {
		return nil
	}
	switch l.State {
	case AlertInactive, AlertPending, AlertFiring, AlertUnknown:
	default:
		return fmt.Errorf("%.40q is no state of an alert", l.State)
	}
	switch {
	case l.LastAsked < 0 || l.Asked < l.LastAsked || l.Answered < l.Asked || l.Answered > LongestRun:
		return fmt.Errorf("last_asked, asked and answered are %d, %d and %d ns, which are no times in order", l.LastAsked, l.Asked, l.Answered)
	case l.Count < 0:
		return fmt.Errorf("count is %d, and a count is not negative", l.Count)
	case l.ActiveAt.Year() > 9999:
		return fmt.Errorf("active_at is in the year %d", l.ActiveAt.Year())
	case l.ClockUncertain < 0 || l.ClockUncertain > LongestRun:
		return fmt.Errorf("clock_uncertain is %d ns", l.ClockUncertain)
	}
	return nil
}
