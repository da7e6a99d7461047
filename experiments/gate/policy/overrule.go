package policy

import (
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// isAfter reports whether it is newer, or says something else of the same moment, such as
// how the same run compares with others. The same statements with more signatures are not.
func (j *judged) isAfter(other *judged) bool {
	return j.finished().After(other.finished()) || j.finished().Equal(other.finished()) && !j.pair.Same(&other.pair)
}

// against is what speaks against the change itself. That it was measured elsewhere, or by
// other experiments, says nothing against it.
func (j *judged) against() (Reason, bool) {
	elsewhere := []Code{WrongPlace, WrongDocument, ExperimentMissing}
	i := slices.IndexFunc(j.denied, func(r Reason) bool { return !slices.Contains(elsewhere, r.Code) })
	if i < 0 {
		return Reason{}, false
	}
	return j.denied[i], true
}

// overruledBy is why another statement about what is asked about overrules one that passes.
// newer are those that are newer than the other.
func (j *judged) overruledBy(other *judged, newer []*judged) (Reason, bool) {
	why, against := other.against()
	if !against || !other.trusted || !other.about {
		return Reason{}, false
	}
	is := "about the same change is newer and"
	if !other.isAfter(j) {
		same := j.sameFirst(other) || slices.ContainsFunc(newer, func(n *judged) bool { return len(n.denied) == 0 && n.sameFirst(other) })
		if id := other.unanswered(newer); same && id != "" {
			return Reason{ExperimentFailed, fmt.Sprintf("experiment %q was refuted by run %s, and nothing newer says that it holds: run %s passes without it", id, other.body().Run, j.body().Run)}, true
		}
		if same {
			return Reason{}, false
		}
		is = "is about another part of what is asked about, and" // such as another file of the same commit
	}
	return Reason{Superseded, fmt.Sprintf("run %s passes, and run %s %s does not (%s: %s)", j.body().Run, other.body().Run, is, why.Code, why.Text)}, true
}

// unanswered is an experiment that it refuted, and that nothing newer about the same candidate
// found to hold: who measures it again by an easier experiment has not mended it. Empty: there is
// none, or what it says has expired.
func (j *judged) unanswered(newer []*judged) string {
	if !j.now.Before(j.body().ValidUntil) {
		return ""
	}
	for _, e := range j.body().Experiments {
		if e.Verdict == result.Refuted && !slices.ContainsFunc(newer, func(n *judged) bool { return n.sameFirst(j) && n.answers(e.ID) }) {
			return e.ID
		}
	}
	return ""
}

// answers reports whether it says that an experiment holds, or lets the change pass whatever was
// measured.
func (j *judged) answers(id string) bool {
	switch b := j.body(); {
	case !j.trusted || !j.about:
		return false
	case b.Bypass != nil:
		return len(j.denied) == 0
	default:
		return slices.ContainsFunc(b.Experiments, func(e statement.Experiment) bool { return e.ID == id && e.Verdict == result.Held })
	}
}

// sameFirst reports whether two statements are about the same candidate, which is the first
// subject; the others, such as the commit, may be shared by several.
func (j *judged) sameFirst(other *judged) bool {
	return j.pair.Resilience.Subject[0].Digest == other.pair.Resilience.Subject[0].Digest
}
