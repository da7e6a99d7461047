package gates

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// A step is something to do, by a command where there is one.
type step struct {
	Text, Command string
}

// Said is what to do as the beginning of a line: a sentence, or what a command follows.
func (x step) Said() string {
	if x.Command != "" {
		return x.Text + ":"
	}
	return period(x.Text)
}

// line is the step on one line. Nothing follows a command, so that it can be copied.
func (x step) line() string {
	return strings.Join(words.NonEmpty(x.Said(), x.Command), " ")
}

// advice is what to do now, one step after the other.
func (s *summary) advice() []step {
	var list []step
	if s.notPutBack() {
		list = append(list, step{"Put back what was served before, as the candidate may still be in place", s.recover()})
	}
	switch {
	case s.r.Verdict == result.Refuted:
		list = append(list, step{Text: s.mend()})
		list = append(list, s.ifRefuted()...)
		list = append(list, s.again("Gate the mended file"))
	case s.passes() && s.r.Verdict == result.Held:
		list = append(list, s.ship()...)
	case s.r.Verdict == result.Held || s.interrupted():
		list = append(list, s.again("Gate it once more, and let it come to its end"))
	default:
		for _, m := range first(s.open(), 3) {
			list = append(list, step{Text: "Settle " + strings.Join(words.NonEmpty(m.Experiment+", which is "+words.Verdict(m.Verdict), m.Reason), ": ")})
		}
		if !s.passes() {
			list = append(list, s.again("Gate it once more"))
		}
	}
	return list
}

// recover is the command that puts back what was served before.
func (s *summary) recover() string {
	return "blastgauge recover " + words.ShellPath(s.r.Dir)
}

// mend says which single value to change, as far as that is known.
func (s *summary) mend() string {
	list := s.smallest()
	switch {
	case len(list) == 1:
		return "Change one value: " + list[0].undo() + ". It fails by itself"
	case len(list) > 1 && s.r.Smallest.Minimal:
		return "Change one of these values: " + s.names(list) + ". They fail together, and no longer where one of them is taken back"
	case len(list) > 1:
		return "Look at these values: " + s.names(list) + ". They fail together; which of them it takes was not found out"
	}
	switch n := len(s.r.Changed); {
	case n == 1:
		m := moveOf(&s.r.Changed[0])
		return figures.Capital(m.undo()) + ". Nothing else changed"
	case n > 1:
		return "Look at all " + figures.Count(n) + " values that changed: no smaller part of the change is known to fail" + s.whyNotSmaller()
	case s.r.Served == nil:
		return "Name what is served now with --served FILE, so that the part of the candidate that fails can be found"
	}
	return "Look at the candidate: it is what is served now, or differs only in its layout, and fails"
}

// names lists values that were changed.
func (s *summary) names(list []move) string {
	var texts []string
	for _, m := range first(list, mostTold) {
		texts = append(texts, m.text())
	}
	if rest := more(len(s.r.Smallest.Pointers), mostTold); rest != "" {
		return figures.List(append(texts, rest), ",")
	}
	return figures.List(texts, "and")
}

// whyNotSmaller says why the search for a smaller part did not come to its end; empty where it
// did, or nobody knows.
func (s *summary) whyNotSmaller() string {
	for _, n := range s.r.NotMeasured {
		switch {
		case n.Operator != "" || s.isNear(n):
		case n.Code == gate.NoTime:
			return ", as " + whyNot(n.Code, n.Why) + ": a larger --budget looks further"
		default:
			return " (" + whyNot(n.Code, n.Why) + ")"
		}
	}
	return ""
}

// ifRefuted is what experiments say is to be done where they are refuted, each once.
func (s *summary) ifRefuted() (list []step) {
	for _, f := range s.failures() {
		if one := (step{Text: f.IfRefuted}); one.Text != "" && f.Verdict == result.Refuted && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// again is the command that measures the candidate again, where that is possible.
func (s *summary) again(what string) step {
	most := s.r.MostAttempts
	left := most - max(0, s.r.Attempts.Count) - 1
	switch {
	case most > 0 && left <= 0 && s.r.Verdict != result.Refuted:
		return step{Text: "As it is the candidate may not be measured again: " + figures.Plural(most, "attempt is", "attempts are") + " allowed"}
	case s.r.Command == "":
		return step{Text: what}
	case most > 0 && s.r.Verdict != result.Refuted:
		what += " (" + figures.Plural(left, "attempt is", "attempts are") + " left)"
	}
	return step{what, s.r.Command}
}

// ship says what to do with a candidate that held.
func (s *summary) ship() []step {
	var list []step
	if a := s.failedBefore(); a != nil {
		list = append(list, step{Text: "Find out first why it was " + words.Verdict(a.Verdict) + " before, in run " + a.Run})
	}
	if s.r.Statement != "" && s.r.Candidate.File != "" {
		list = append(list, step{"Ship it, and let the pipeline check the statement", s.verify()})
	} else {
		list = append(list, step{Text: "Ship it"})
	}
	if n := s.nearest(); n != nil {
		list = append(list, step{Text: "Do not go on to " + short(n.text(), mostPointer) + " without gating that: it fails"})
	}
	if len(s.r.Neighborhood) == 0 {
		list = append(list, step{Text: "What is near the candidate was not measured: how far the edge is, nobody knows"})
	}
	return list
}

// verify is the command that judges the statement.
func (s *summary) verify() string {
	return "blastgauge gate --verify " + words.ShellPath(s.r.Candidate.File) + " --statement " + words.ShellPath(s.r.Statement) + " --key PUBLIC.pem"
}
