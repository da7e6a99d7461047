package gates

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// A failure is what an experiment found against the candidate, in words.
type failure struct{ *gate.Failure }

func (s *summary) failures() (list []failure) {
	for i := range first(s.r.Failures, mostFailures) {
		list = append(list, failure{&s.r.Failures[i]})
	}
	return list
}

// Harmed says how many journeys are harmed; empty where that is not known.
func (f failure) Harmed() string { return harmText(f.Harm, f.Journey, f.Limit) }

// Where says at which step journeys are first harmed, and why: "first at step pay: 502 Bad
// Gateway". It is empty where neither is known.
func (f failure) Where() string {
	step, why := "", f.Why()
	if f.Step != "" {
		step = "first at step " + f.Step
	}
	return strings.Join(words.NonEmpty(step, why), ": ")
}

// Why is the cause in a few words; empty where none is known.
func (f failure) Why() string {
	if f.Cause == "" {
		return ""
	}
	c := result.Cause{Class: f.Cause, Key: f.CauseKey}
	if f.Example != nil {
		c.Examples = []result.CauseExample{*f.Example}
	}
	return words.Cause(c)
}

// Broken says which invariants broke.
func (f failure) Broken() (list []string) {
	for _, v := range first(f.Violations, mostTold) {
		text := "“" + v.Name + "” broke"
		if v.New > 0 {
			n := "violations"
			if v.New == 1 {
				n = "violation"
			}
			text += ": " + figures.Number(v.New) + " new " + n
		}
		if v.Means != "" {
			text += "; " + v.Means
		}
		list = append(list, text)
	}
	if rest := more(len(f.Violations), mostTold); rest != "" {
		list = append(list, rest)
	}
	return list
}

// Whys are the reasons of the verdict.
func (f failure) Whys() []string { return first(f.Reasons, mostTold) }

// Facts are what is known of one harmed journey; empty where there is no example.
func (f failure) Facts() []string {
	if f.Example == nil {
		return nil
	}
	return words.ExampleFacts(*f.Example)
}

// Answer is the beginning of what that journey got.
func (f failure) Answer() string {
	if f.Example == nil {
		return ""
	}
	return f.Example.Body
}

// example writes that journey on one line; empty where there is none.
func (f failure) example() string {
	if f.Example == nil {
		return ""
	}
	return words.Example(*f.Example)
}

// brief is all of it in a line: who is harmed, where and why, and what broke.
func (f failure) brief() string {
	list := words.NonEmpty(f.Harmed(), f.Where())
	list = append(list, f.Broken()...)
	if len(list) == 0 {
		list = []string{words.FirstReason(f.Reasons)}
	}
	return strings.Join(list, "; ")
}

// open are the experiments that have no answer.
func (s *summary) open() (list []gate.Measured) {
	for _, m := range s.measured() {
		if m.Verdict != result.Held && m.Verdict != result.Refuted {
			list = append(list, m)
		}
	}
	return list
}

// undecided are the same in words, each with the reason.
func (s *summary) undecided() (list []string) {
	open := s.open()
	for _, m := range first(open, mostTold) {
		list = append(list, finding{m}.text())
	}
	return append(list, words.NonEmpty(more(len(open), mostTold))...)
}

// A finding is what an experiment found, in words.
type finding struct{ gate.Measured }

// others are what the experiments found that did not fail.
func (s *summary) others() (list []finding) {
	for _, m := range s.measured() {
		failed := func(f gate.Failure) bool { return f.Experiment == m.Experiment }
		if !slices.ContainsFunc(s.r.Failures, failed) && len(list) < mostTold {
			list = append(list, finding{m})
		}
	}
	return list
}

// othersTitle is the title of these.
func (s *summary) othersTitle() string {
	if len(s.r.Failures) == 0 {
		return "What was measured"
	}
	return "What else was measured"
}

// Text says what was measured; a reason where nothing was, or no answer came of it.
func (f finding) Text() string {
	text := harmText(f.Harm, f.Journey, f.Limit)
	if text == "" || f.Verdict != result.Held {
		return strings.Join(words.NonEmpty(text, f.Reason), "; ")
	}
	return text
}

// Short is the harm in a table.
func (f finding) Short() string { return harmShort(f.Harm) }

// text is the same with the experiment.
func (f finding) text() string {
	return strings.Join(words.NonEmpty(f.Experiment+" "+words.Verdict(f.Verdict), f.Text()), ": ")
}

// smallestHarm says what the smallest part harms.
func (s *summary) smallestHarm() string {
	x := s.r.Smallest
	if x == nil {
		return ""
	}
	limit := x.Limit
	if limit <= 0 {
		limit = s.limitOf(x.Journey)
	}
	return harmText(x.Harm, x.Journey, limit)
}

// minimal says whether all of the smallest part is needed.
func (s *summary) minimal() string {
	switch x := s.r.Smallest; {
	case x == nil:
		return ""
	case !x.Minimal:
		return "there was no time to find out whether all of it is needed"
	case len(x.Pointers) == 1:
		return "it fails by itself, in what is served now"
	}
	return "all of it is needed: where one of these values is taken back, the rest does not fail"
}
