package plan

import (
	"encoding/json"
	"time"
)

// A FailureMode is a way in which a dependency fails, as those who call it see it.
type FailureMode string

// Failure modes, in the order in which a scan tries them.
const (
	Hang       FailureMode = "hang"        // it takes connections and requests, and never answers
	Refuse     FailureMode = "refuse"      // nobody listens
	Slow       FailureMode = "slow"        // it answers, late
	Error      FailureMode = "error"       // it answers with an error, and has done nothing
	ErrorAfter FailureMode = "error-after" // it does the work, and answers with an error
	Reset      FailureMode = "reset"       // it resets connections
)

// FailureModes are all of them.
func FailureModes() []FailureMode {
	return []FailureMode{Hang, Refuse, Slow, Error, ErrorAfter, Reset}
}

// A Scan is what a run may try where its next step depends on what is known by then. The
// plan of a scan has one experiment, [ScanID], whose journeys are sent all the while. Its
// faults are all that the scan may inject, one for each dependency and failure mode, and
// no phase says when: which are in force, at which strength and how long, is in the
// journal. So whoever cleans up after a run finds every name here.
type Scan struct {
	Budget       time.Duration `json:"budget"`
	Modes        []FailureMode `json:"modes"`
	Dependencies []string      `json:"dependencies"` // that are scanned
	Thresholds   bool          `json:"thresholds,omitempty"`
	Pairs        bool          `json:"pairs,omitempty"`
	// Slow is how late answers are in mode slow: the longest budget of a journey.
	Slow time.Duration `json:"slow"`
	// Unavailable says of modes of dependencies why they cannot be tried.
	Unavailable []Unavailable `json:"unavailable,omitempty"`
	// Since is the id of an earlier scan whose cells are taken over where they still hold.
	Since string `json:"since,omitempty"`
	// Known is what is taken over of it, as package scan writes it, so that the journal
	// alone gives the map.
	Known json.RawMessage `json:"known,omitempty"`
}

// ScanID is the id of the one experiment of a scan.
const ScanID = "scan"

// An Unavailable is a failure mode that cannot be caused in a dependency.
type Unavailable struct {
	Dependency string      `json:"dependency"`
	Mode       FailureMode `json:"mode"`
	Why        string      `json:"why"`
}
