package gates

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// attempts are the earlier runs that measured the same candidate, oldest first.
func (s *summary) attempts() []statement.Attempt {
	list := s.r.Attempts.List
	return list[max(0, len(list)-statement.MostAttempts):]
}

// attemptsText says what came of them: "measured 4 times before: refuted, refuted, refuted,
// held". It is empty where there were none.
func (s *summary) attemptsText() string {
	const shown = 10
	n := s.r.Attempts.Count
	if n <= 0 {
		return ""
	}
	var verdicts []string
	list := s.attempts()
	for _, a := range list[max(0, len(list)-shown):] {
		verdicts = append(verdicts, words.Verdict(a.Verdict))
	}
	text := "measured once before"
	if n > 1 {
		text = "measured " + figures.Count(n) + " times before"
	}
	if n > len(verdicts) && len(verdicts) > 0 {
		text += ", the last " + figures.Count(len(verdicts))
	}
	if len(verdicts) > 0 {
		text += ": " + strings.Join(verdicts, ", ")
	}
	return text
}

// failedBefore is the last earlier attempt at which the candidate did not hold; nil where it
// always did.
func (s *summary) failedBefore() *statement.Attempt {
	for i := range slices.Backward(s.r.Attempts.List) {
		if a := &s.r.Attempts.List[i]; a.Verdict != result.Held {
			return a
		}
	}
	return nil
}

// retried reports whether the candidate holds now, and did not at an earlier attempt.
func (s *summary) retried() bool { return s.r.Verdict == result.Held && s.failedBefore() != nil }

// retriedText says why that matters.
const retriedText = "The candidate is the same as then, byte for byte or but for its layout. A gate that is repeated until it is green proves little: find out why it was not."

// bypasses say who let the candidate pass unmeasured.
func (s *summary) bypasses() (list []string) {
	for _, b := range first(s.r.Bypasses, mostTold) {
		list = append(list, "bypassed by "+b.By+" on "+figures.Minute(b.At)+" UTC: "+b.Reason)
	}
	if rest := more(len(s.r.Bypasses), mostTold); rest != "" {
		list = append(list, rest)
	}
	return list
}

// whyNot says why something was not measured.
func whyNot(code, why string) string {
	switch code {
	case gate.NoTime:
		return "the budget was spent"
	case gate.CutShort:
		return "the gate was interrupted"
	case gate.Failing:
		return "the candidate fails already"
	case gate.Undecided:
		return "the candidate itself is not decided"
	case gate.TooMany:
		return "there are more than enough that are nearer"
	case gate.NotRun:
		return "its run ended before, or with an error"
	case gate.Unasked:
		return "nobody asked for it"
	case gate.Unserved:
		return "what is served now is not known"
	case gate.Same:
		return "it makes the candidate, or another that was measured"
	case gate.Unfit:
		return "it cannot be applied there"
	}
	if why == "" {
		return "the reason is not known"
	}
	return why
}

// A gap is what was not measured for one reason.
type gap struct {
	Code, Why string
	Count     int
	Open      bool // it could have been measured
	List      []string
	More      string // how many are not listed
}

// gaps are what was not measured, by reason. Where the candidate fails already, or may,
// nobody asks how close to failing it is.
func (s *summary) gaps() (list []gap) {
	for _, n := range s.r.NotMeasured {
		why := whyNot(n.Code, n.Why)
		i := slices.IndexFunc(list, func(g gap) bool { return g.Why == why })
		if i < 0 {
			if len(list) == mostTold {
				break
			}
			open := !slices.Contains([]string{gate.Same, gate.Unfit, gate.Failing, gate.Undecided, gate.TooMany}, n.Code)
			i, list = len(list), append(list, gap{Code: n.Code, Why: why, Open: open})
		}
		g := &list[i]
		g.Count++
		g.List = append(g.List, s.notMeasured(n))
	}
	for i := range list {
		all := figures.Together(list[i].List)
		list[i].List, list[i].More = first(all, mostTold), more(len(all), mostTold)
	}
	return list
}

// notMeasured names what was not measured.
func (s *summary) notMeasured(n gate.NotMeasured) string {
	switch {
	case n.Operator != "":
		return n.Operator + " at " + place(n.Pointer)
	case n.Pointer != "":
		return "the part of the change at " + place(n.Pointer)
	case s.isNear(n):
		return "what is near the candidate"
	}
	return "parts of the change"
}

// isNear reports whether something is all that is near the candidate. Parts of the change are
// searched where the candidate fails, and then nobody measures what is near it.
func (s *summary) isNear(n gate.NotMeasured) bool {
	return n.Operator == "" && n.Pointer == "" && (n.Code == gate.Failing || s.r.Verdict != result.Refuted)
}

// Text is the gap in a line.
func (g gap) Text() string {
	return figures.Capital(g.Why) + ": " + strings.Join(words.NonEmpty(strings.Join(g.List, ", "), g.More), ", ")
}

// openGaps are those that could have been measured.
func (s *summary) openGaps() []gap {
	return slices.DeleteFunc(s.gaps(), func(g gap) bool { return !g.Open })
}

// unsigned reports whether there is a statement that nobody signed.
func (s *summary) unsigned() bool { return s.r.Statement != "" && len(s.r.Signed) == 0 }

// signed says who signed the statement and how long it is valid; empty where there is none.
func (s *summary) signed() string {
	if s.r.Statement == "" {
		return ""
	}
	text := s.r.Statement + ", not signed"
	if n := len(s.r.Signed); n > 0 {
		var keys []string
		for _, k := range first(s.r.Signed, mostTold) {
			keys = append(keys, shortKey(k))
		}
		text = s.r.Statement + ", signed by " + figures.List(append(keys, words.NonEmpty(more(n, mostTold))...), "and")
	}
	if !s.r.ValidUntil.IsZero() {
		text += ", valid until " + figures.Minute(s.r.ValidUntil) + " UTC"
	}
	return text
}

// shortKey is as much of the id of a key as people compare.
func shortKey(id string) string { return short(id, 16) }

// warnings are what to know before one relies on the answer.
func (s *summary) warnings() (list []string) {
	if s.r.Served == nil {
		list = append(list, "What is served now is not known: which values the candidate changes, and what is near it, could not be found out")
	}
	if s.unsigned() {
		list = append(list, "The statement is not signed: no policy lets the candidate pass with it")
	}
	return list
}
