package comparisons

import (
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteJUnit writes a suite per experiment: a case for the experiment, and one per
// journey, per invariant and per alert that both sides were asked. The case of an experiment that
// regressed fails, and it alone, so that it counts once. What cannot be compared or is
// not decided is skipped: it is no regression, and it must not look like a pass.
func WriteJUnit(w io.Writer, c *compare.Comparison, links ...encode.Link) error {
	if c.Scan != nil {
		return writeScanJUnit(w, c, links)
	}
	var suites []encode.Suite
	for i := range c.Experiments {
		suites = append(suites, suiteOf(c, &c.Experiments[i], links))
	}
	return encode.WriteJUnit(w, encode.CompareKind, systemOf(c), suites)
}

// systemOf is the system that both sides ran against, as the last run calls it.
func systemOf(c *compare.Comparison) string {
	for _, runs := range [][]compare.Run{c.Head, c.Base} {
		if len(runs) > 0 {
			return runs[len(runs)-1].System
		}
	}
	return ""
}

// suiteOf is the suite of one experiment.
func suiteOf(c *compare.Comparison, e *compare.Experiment, links []encode.Link) encode.Suite {
	called := words.Called(e.ID, e.Title)
	s := encode.Suite{ID: e.ID, Name: called, File: e.File}
	setProperties(&s, c, e)
	s.SetLinks(links)
	add := func(name string, status compare.Status, reasons ...string) {
		o := encode.Outcome{Name: called + ": " + name, Verdict: verdictOf(status), Reasons: words.NonEmpty(reasons...)}
		if status == compare.Regressed { // the experiment counts
			o.Verdict = result.NotRun
			o.Reasons = []string{strings.Join(append([]string{statusWord(status)}, o.Reasons...), ": ")}
		}
		s.Add(o)
	}
	s.Add(encode.Outcome{Name: called + ": no regression", Verdict: verdictOf(e.Status), Type: statusCode(e.Status), Reasons: reasonsOf(c, e), Links: links})
	for _, j := range e.Journeys {
		add("blast radius of "+j.Name, j.Status, j.Reason)
	}
	for _, inv := range e.Invariants {
		add("invariant "+inv.Name, inv.Status, invariantState(inv.Base)+" in "+c.Called().Base+", "+invariantState(inv.Head)+" in "+c.Called().Head)
	}
	for _, a := range e.Alerts {
		add("alert "+a.Alert, a.Status, a.Base.String()+" in "+c.Called().Base+", "+a.Head.String()+" in "+c.Called().Head)
	}
	return s
}

// reasonsOf says why an experiment has its status, a change in a sentence first.
func reasonsOf(c *compare.Comparison, e *compare.Experiment) []string {
	if e.Status == compare.Regressed {
		return append([]string{changeSentence(e, c.Called())}, e.Reasons...)
	}
	return e.Reasons
}

// verdictOf is the verdict that JUnit shows as it should show a status.
func verdictOf(s compare.Status) result.Verdict {
	switch s {
	case compare.Regressed:
		return result.Refuted
	case compare.Improved, compare.Unchanged:
		return result.Held
	}
	return result.NotRun
}

// setProperties sets the numbers of an experiment, for those who chart them.
func setProperties(s *encode.Suite, c *compare.Comparison, e *compare.Experiment) {
	s.Set("status", statusCode(e.Status))
	if e.Owner != "" {
		s.Set("owner", e.Owner)
	}
	s.Set("base", runsName(c.Base))
	s.Set("head", runsName(c.Head))
	if j := e.Lead(); j != nil && j.Change != nil {
		s.Set("change.journey", j.Name)
		s.Set("change.estimate", figures.Fixed(j.Change.Estimate, 4))
		s.Set("change.low", figures.Fixed(j.Change.Low, 4))
		s.Set("change.high", figures.Fixed(j.Change.High, 4))
		s.Set("change.p_adjusted", figures.Fixed(j.Change.Adjusted, 4))
		s.Set("change.unseen", figures.Fixed(j.Change.Unseen, 4))
	}
}

// WriteGitHub writes workflow commands: an error at the line of an experiment that
// regressed, a warning at one that cannot be compared, and a notice with the
// headline.
func WriteGitHub(w io.Writer, c *compare.Comparison, links ...encode.Link) error {
	if c.Scan != nil {
		return writeScanGitHub(w, c, links)
	}
	var commands encode.Commands
	for _, e := range dearestFirst(c) {
		switch e.Status {
		case compare.Regressed:
			commands.Add("error", e.File, e.Line, words.Called(e.ID, e.Title)+" regressed", changeSentence(e, c.Called()))
		case compare.NotComparable:
			commands.Add("warning", e.File, e.Line, words.Called(e.ID, e.Title)+" not comparable", strings.Join(e.Reasons, "; "))
		}
	}
	commands.Add("notice", "", 0, "blastgauge compare", strings.Join(append([]string{sentences(headline(c), unseenBelow(c))}, encode.LinkTexts(links)...), "; "))
	return commands.Write(w)
}
