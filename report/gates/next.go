package gates

import (
	"slices"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// advice is what to do now, one step after the other.
func (s *summary) advice() []string {
	var list []string
	if s.notPutBack() {
		list = append(list, "Put back what was served before, as the candidate may still be in place: "+s.recover())
	}
	switch {
	case s.r.Verdict == result.Refuted:
		list = append(list, s.mend())
		list = append(list, s.ifRefuted()...)
		list = append(list, s.again("Gate the mended file"))
	case s.passes() && s.r.Verdict == result.Held:
		list = append(list, s.ship()...)
	case s.r.Verdict == result.Held || s.interrupted():
		list = append(list, s.again("Gate it once more, and let it come to its end"))
	default:
		for _, text := range first(s.undecided(), 3) {
			list = append(list, "Settle "+text)
		}
		if !s.passes() {
			list = append(list, s.again("Then gate it once more"))
		}
	}
	return words.NonEmpty(list...)
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
		return "Change one of these values: " + s.names(list) + ". They fail together, and none of them has to be there for nothing: without any one of them the others do not fail"
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

// whyNotSmaller says why no smaller part of the change was tried; empty where nobody knows.
func (s *summary) whyNotSmaller() string {
	for _, n := range s.r.NotMeasured {
		if n.Operator == "" {
			return " (" + whyNot(n.Code, n.Why) + ")"
		}
	}
	return ""
}

// ifRefuted is what experiments say is to be done where they are refuted, each once.
func (s *summary) ifRefuted() (list []string) {
	for _, f := range s.failures() {
		if text := f.IfRefuted; text != "" && f.Verdict == result.Refuted && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}

// again is the command that measures the candidate again, and how often that is possible.
func (s *summary) again(what string) string {
	text := what
	if s.r.Candidate.File != "" {
		text += ": blastgauge gate " + words.ShellPath(s.r.Candidate.File)
	}
	if most := s.r.MostAttempts; most > 0 && s.r.Verdict != result.Refuted {
		if left := most - s.r.Attempts.Count - 1; left > 0 {
			text += ". It may be measured " + figures.Plural(left, "time", "times") + " more"
		} else {
			text += ". As it is it may not be measured again: all " + figures.Plural(most, "attempt is", "attempts are") + " used"
		}
	}
	return text
}

// ship says what to do with a candidate that held.
func (s *summary) ship() []string {
	list := []string{"Ship it"}
	if s.r.Statement != "" && s.r.Candidate.File != "" {
		list[0] = "Ship it, and let the pipeline check it: " + s.verify()
	}
	if n := s.nearest(); n != nil {
		list = append(list, "Do not go on to "+short(n.text(), mostPointer)+" without gating that: it fails")
	}
	if len(s.r.Neighborhood) == 0 {
		list = append(list, "What is near the candidate was not measured: how far the edge is, nobody knows")
	}
	return list
}

// verify is the command that judges the statement.
func (s *summary) verify() string {
	return "blastgauge gate --verify " + words.ShellPath(s.r.Candidate.File) + " --statement " + words.ShellPath(s.r.Statement) + " --key PUBLIC.pem"
}
