// Package policy decides offline whether a change may pass: deny unless a statement says
// that it may.
//
// [Decide] needs the change, a file of signed statements, the keys that are trusted, what
// is required and the time. A statement counts only if it is about exactly this change,
// fresh, sufficiently signed and passing, and if no newer one about the same change says
// otherwise. What is not understood denies.
package policy

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/gate/signing"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
)

// Input is what is decided about, and by.
type Input struct {
	Candidate []byte             // of the file; nil: there is none
	Subjects  []statement.Digest // that must be subjects as well, such as a commit or an image
	File      []byte             // of envelopes, as signing.Read reads them
	Read      []Pair             // and what [ReadPairs] has read of other files
	Keys      []signing.PublicKey
	// Approvers are keys whose signature counts beside one of Keys, and never alone: who approves
	// vouches for no number.
	Approvers []signing.PublicKey
	Now       time.Time
}

// Requirements are what a statement must say. The zero value requires a verdict of held and
// one signature.
type Requirements struct {
	Experiments []string // ids, or DEPENDENCY/MODE of a scan
	// Documents are of experiments that must have been run as they are here: who may change an
	// experiment can make it an easy one of the same id.
	Documents []statement.Digest
	MaxHarm   *float64 // share that the upper bound of harm of no journey may exceed
	// SecondApproverAbove is the share of harm above which two keys must have signed. What a
	// statement requires itself holds as well.
	SecondApproverAbove *float64
	MaxAttempts         int // how often the change may be measured, this time included; 0: any number
	AcceptBypass        bool
	Environment         string            // empty: any
	System              *statement.Digest // of the system's document; nil: any
}

// Decide decides whether a change may pass. It reads nothing but its input.
func Decide(in Input, req Requirements) *Decision {
	wanted := slices.Clone(in.Subjects)
	if in.Candidate != nil {
		wanted = slices.Insert(wanted, 0, statement.DigestOf(in.Candidate))
	}
	d := decide(in, req, wanted)
	d.Schema, d.Subjects, d.Pass = Schema, wanted, len(d.Denied) == 0
	return d
}

func deny(code Code, format string, args ...any) *Decision {
	return &Decision{Denied: []Reason{{code, fmt.Sprintf(format, args...)}}}
}

func decide(in Input, req Requirements, wanted []statement.Digest) *Decision {
	pairs, err := ReadPairs(in.File)
	pairs = append(slices.Clone(in.Read), pairs...)
	switch {
	case err != nil:
		return deny(codeOf(err), "%v", err)
	case len(pairs) == 0:
		return deny(NoStatement, "there is no statement of blastgauge in the file")
	}
	list := make([]*judged, len(pairs))
	for i, p := range pairs {
		list[i] = &judged{pair: p, wanted: wanted, req: &req, now: in.Now}
		list[i].checkSignatures(in.Keys, in.Approvers)
		list[i].checkSubjects()
	}
	slices.SortStableFunc(list, func(a, b *judged) int { return b.finished().Compare(a.finished()) })
	for i, j := range list {
		j.judge(list[i+1:])
	}
	return choose(list)
}

// choose decides by all statements, the newest first. Who asks about a commit asks about all
// that was measured of it, so the newest about each part of it has to pass.
func choose(list []*judged) *Decision {
	at := slices.IndexFunc(list, func(j *judged) bool { return len(j.denied) == 0 })
	if at < 0 {
		// The one that says most to who asks: about the change, signed, newest.
		best := slices.MaxFunc(list, func(a, b *judged) int { return cmp.Compare(a.rank(), b.rank()) })
		return best.decision()
	}
	passing := list[at]
	d := passing.decision()
	for i, other := range list {
		if why, against := passing.overruledBy(other, list[:i]); against {
			d.Newer = other.decision()
			d.Newer.Schema = Schema
			d.Denied = []Reason{why}
			break
		}
	}
	return d
}
