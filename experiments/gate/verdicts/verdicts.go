// Package verdicts answers over HTTP whether changes may pass, by the signed statements in
// a directory.
//
// Controllers of rollouts ask it: Argo Rollouts gets a document with a phase, and Flagger a
// status. The statements are read anew when their files change, and package policy decides.
// What nobody has measured, or what only a person can decide, is neither passed nor failed.
package verdicts

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// A Phase is what a controller does with a change.
type Phase string

// The phases of an answer.
const (
	Passed Phase = "passed" // it goes on
	Failed Phase = "failed" // it goes back
	// Inconclusive is for what a person decides: it was not measured, not as it is required,
	// not recently, without a clear result, or too few have signed.
	Inconclusive Phase = "inconclusive"
)

// An Answer is what the server says of a change.
type Answer struct {
	policy.Decision
	Phase  Phase  `json:"phase"`
	Reason string `json:"reason,omitempty"` // why it may not pass, in one sentence
}

// decide decides about a change by the statements about it. A file that spoke of it and cannot
// be read any more may have been the newest, so what it lets pass a person decides.
func (o Options) decide(about statement.Digest, known *known) *Answer {
	read := known.about[about]
	in := policy.Input{Subjects: []statement.Digest{about}, Read: read, Keys: o.Keys, Approvers: o.Approvers, Now: o.Now()}
	d := policy.Decide(in, o.Requirements)
	a := &Answer{Decision: *d, Phase: phaseOf(d)}
	file, doubted := known.doubt[about]
	switch {
	case doubted && (a.Pass || len(read) == 0):
		a.Pass, a.Phase = false, Inconclusive
		a.Denied = []policy.Reason{{Code: policy.Unreadable, Text: fmt.Sprintf("%q had a statement about it, and cannot be read any more: mend the file, or remove it", file)}}
	case len(read) == 0:
		a.Denied = []policy.Reason{{Code: policy.NoStatement, Text: "there is no statement about " + about.String() + " here: measure it"}}
	}
	if len(a.Denied) > 0 {
		a.Reason = a.Denied[0].Text
	}
	return a
}

// phaseOf is the phase of a decision: failed is what was measured by somebody trusted, with
// a clear result that may not pass.
func phaseOf(d *policy.Decision) Phase {
	has := func(codes ...policy.Code) bool { return slices.ContainsFunc(codes, d.Has) }
	switch {
	case d.Pass:
		return Passed
	case d.Newer != nil:
		return phaseOf(d.Newer)
	case has(policy.BadSignature): // somebody has changed it
		return Failed
	case len(d.SignedBy) == 0:
		return Inconclusive // it is the word of a stranger
	case d.Verdict == result.Refuted, has(policy.TooManyAttempts, policy.Bypassed, policy.Regressed):
		return Failed
	case d.Verdict == result.Held && has(policy.LimitExceeded):
		return Failed
	}
	return Inconclusive
}
