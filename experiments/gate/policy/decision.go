package policy

import (
	"errors"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Schema is the name and version of a decision as JSON.
const Schema = "blastgauge/gate-decision/v1"

// A Code is why a change may not pass, for programs. The text beside it says the same to
// people, and its wording may change.
type Code string

// What is wrong with the file.
const (
	NoStatement   Code = "no_statement"
	Malformed     Code = "malformed"
	UnknownField  Code = "unknown_field"
	DuplicateKey  Code = "duplicate_key"
	NotCanonical  Code = "not_canonical"
	Unreadable    Code = "unreadable" // a file that spoke of the change cannot be read any more
	Superseded    Code = "superseded" // a newer statement about the same change denies
	WrongSubject  Code = "wrong_subject"
	Expired       Code = "expired"
	NotYetValid   Code = "not_yet_valid"
	WrongPlace    Code = "environment_mismatch"
	WrongDocument Code = "system_mismatch"
)

// What is wrong with the signatures.
const (
	Unsigned              Code = "unsigned"
	UnknownKey            Code = "unknown_key"
	BadSignature          Code = "bad_signature"
	SecondApproverMissing Code = "second_approver_missing"
)

// What is wrong with what was measured.
const (
	VerdictNotHeld    Code = "verdict"
	ExperimentMissing Code = "experiment_missing"
	ExperimentFailed  Code = "experiment_failed"
	LimitExceeded     Code = "limit_exceeded"
	TooManyAttempts   Code = "too_many_attempts"
	Bypassed          Code = "bypassed"
	Regressed         Code = "regressed"      // it was compared with others, and is worse
	NotComparable     Code = "not_comparable" // it was compared, and that says nothing
)

// A Reason is why a change may not pass, in one sentence, or what is to be told of one that
// may.
type Reason struct {
	Code Code   `json:"code"`
	Text string `json:"text"`
}

// A Decision is whether a change may pass. Denied is empty if it may, and holds each code
// once if not.
type Decision struct {
	Schema string   `json:"schema"`
	Pass   bool     `json:"pass"`
	Denied []Reason `json:"denied"`
	// Told is what was overlooked because a bypass was accepted.
	Told []Reason  `json:"told,omitempty"`
	At   time.Time `json:"at,omitzero"` // decided as at this time, for an audit; absent: as at now
	// Newer is what is decided by the statement that speaks against this one, where the code is
	// superseded, or an experiment was refuted that this one leaves out.
	Newer *Decision `json:"newer,omitempty"`
	// The statement that was decided by; absent where there was none.
	Run        string            `json:"run,omitempty"`
	Finished   time.Time         `json:"finished,omitzero"`
	ValidUntil time.Time         `json:"valid_until,omitzero"`
	SignedBy   []string          `json:"signed_by,omitempty"` // ids of trusted keys
	Attempts   int               `json:"attempts,omitempty"`  // how often the change was measured before
	Bypass     *statement.Bypass `json:"bypass,omitempty"`
	// Tried are those attempts, as far as the statement names them.
	Tried []statement.Attempt `json:"earlier_attempts,omitempty"`
	// Earlier are the bypasses of the change before.
	Earlier    []statement.Bypass    `json:"earlier_bypasses,omitempty"`
	Comparison *statement.Comparison `json:"comparison,omitempty"`
	Verdict    result.Verdict        `json:"verdict,omitempty"`
	Subjects   []statement.Digest    `json:"subjects,omitempty"` // what was asked about
}

// ExitDenied is the exit code where a change may not pass.
const ExitDenied = result.ExitRefuted

// Exit is the exit code of a decision: 0 or [ExitDenied].
func (d *Decision) Exit() int {
	if d.Pass {
		return result.ExitHeld
	}
	return ExitDenied
}

// Has reports whether a change is denied for a reason.
func (d *Decision) Has(code Code) bool {
	for _, r := range d.Denied {
		if r.Code == code {
			return true
		}
	}
	return false
}

// codeOf is the code of an error of a reader.
func codeOf(err error) Code {
	switch {
	case errors.Is(err, strictjson.ErrDuplicateName):
		return DuplicateKey
	case errors.Is(err, strictjson.ErrUnknownField):
		return UnknownField
	case errors.Is(err, statement.ErrNotCanonical):
		return NotCanonical
	}
	return Malformed
}
