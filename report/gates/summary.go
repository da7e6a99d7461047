// Package gates reports what a gate found of a change of config, as text, Markdown, a page,
// and for CI systems.
//
// Every report says the same in the same order: whether the change may ship, whom it harms,
// at which step and why, what to change, and how close to the edge it is. For programs the
// report is JSON: a [gate.Report] as it is.
package gates

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// How much of a report is listed. What is left out is counted.
const (
	mostChanged  = 50
	mostFailures = 20
	mostNear     = 100
	mostTold     = 20 // of anything else
	mostDocument = 20_000
)

// A summary is what every report for people says of a gate, before each puts it into its
// own words.
type summary struct {
	r     *gate.Report
	steps []step // what to do now
}

func summarize(r *gate.Report) *summary {
	s := &summary{r: r}
	s.steps = s.advice()
	return s
}

// file is what the candidate is called: its file, without where that is.
func (s *summary) file() string {
	if s.r.Candidate.File == "" {
		return "the candidate"
	}
	return path.Base(s.r.Candidate.File)
}

// interrupted reports whether somebody ended the gate.
func (s *summary) interrupted() bool {
	return slices.Contains([]int{result.ExitHUP, result.ExitINT, result.ExitTERM}, s.r.ExitCode)
}

// notPutBack reports whether the candidate may still be in place.
func (s *summary) notPutBack() bool { return s.r.ExitCode == result.ExitNotRemoved }

// passes reports whether the candidate may ship.
func (s *summary) passes() bool { return s.r.ExitCode == result.ExitHeld }

// headline is the answer in one line.
func (s *summary) headline() string {
	switch {
	case s.notPutBack():
		return "Not put back: " + s.answer()
	case s.interrupted():
		return "Interrupted: " + s.answer()
	case s.r.ExitCode == result.ExitError:
		return "The gate failed: " + s.answer()
	}
	return s.answer()
}

// answer says whether the candidate may ship.
func (s *summary) answer() string {
	file := s.file()
	switch v := s.r.Verdict; {
	case s.passes() && v == result.Held:
		return file + " may ship"
	case s.passes() && v != result.Refuted:
		return file + " may ship without an answer: " + words.Verdict(v) + " is allowed"
	case v == result.Held:
		return file + " held, and the gate did not come to its end"
	case v == result.Refuted:
		return file + " may not ship"
	case v == result.Inconclusive:
		return file + " may not ship yet: it is not decided"
	case v == result.Invalid:
		return file + " may not ship yet: the measurement cannot be trusted"
	}
	return file + " may not ship yet: it was not measured"
}

// lead is the sentence below the headline, without what the headline says.
func (s *summary) lead() string {
	text := strings.TrimSpace(s.r.Sentence)
	for _, said := range []string{s.headline(), s.answer(), s.file() + " may ship", s.file() + " is undecided", s.file() + " was not judged"} {
		if rest, ok := strings.CutPrefix(text, said); ok {
			text = strings.TrimLeft(rest, ":;,. ")
			break
		}
	}
	if text == "" {
		if m := s.worst(); m != nil {
			text = harmText(m.Harm, m.Journey, m.Limit)
		}
	}
	if text == "" {
		return ""
	}
	return period(figures.Opening(text))
}

// period ends a sentence.
func period(text string) string {
	if text == "" || strings.ContainsAny(text[len(text)-1:], ".!?…") {
		return text
	}
	return text + "."
}

// worst is what the first experiment found that knows a number; nil where none does.
func (s *summary) worst() *gate.Measured {
	list := s.measured()
	for i := range list {
		if list[i].Harm != nil {
			return &list[i]
		}
	}
	return nil
}

// measured is what each experiment found. Where that is missing, it is taken from what
// failed.
func (s *summary) measured() []gate.Measured {
	if len(s.r.Measured) > 0 {
		return s.r.Measured
	}
	var list []gate.Measured
	for i := range s.r.Failures {
		f := &s.r.Failures[i]
		list = append(list, gate.Measured{Experiment: f.Experiment, Verdict: f.Verdict, Journey: f.Journey, Harm: f.Harm, Limit: f.Limit, Reason: words.FirstReason(f.Reasons)})
	}
	return list
}

// limitOf is the limit of what an experiment of the candidate measured; below 0: unknown.
func (s *summary) limitOf(journey string) float64 {
	for _, m := range s.measured() {
		if m.Journey == journey && m.Limit > 0 {
			return m.Limit
		}
	}
	return -1
}

// radius is harm as reports of runs write it; nil for nil.
func radius(h *statement.Harm) *result.BlastRadius {
	if h == nil {
		return nil
	}
	return &result.BlastRadius{Estimate: h.Estimate, Low: h.Low, High: h.High, Confidence: h.Confidence}
}

// ofJourneys names journeys: "of checkout journeys".
func ofJourneys(journey string) string {
	return "of " + strings.TrimSpace(journey+" journeys")
}

// harmText writes harm with its interval and its limit: "32.0% of checkout journeys harmed
// (95% interval 29.1 to 34.8), limit 5%". It is empty where nothing was measured.
func harmText(h *statement.Harm, journey string, limit float64) string {
	b := radius(h)
	if b == nil {
		return ""
	}
	text := words.Excess(b) + " " + ofJourneys(journey) + " harmed"
	if !words.Unclear(b) {
		text += " (" + words.Confidence(b) + " interval " + words.Interval(b, " to ") + ")"
	}
	if limit > 0 {
		text += ", limit " + words.Limit(limit)
	}
	return text
}

// harmShort writes harm in a table: "32.0% (29.1 to 34.8)", or "≤0.8%".
func harmShort(h *statement.Harm) string {
	b := radius(h)
	switch {
	case b == nil:
		return "–"
	case words.Unclear(b):
		return words.Excess(b)
	}
	return words.Excess(b) + " (" + words.Interval(b, " to ") + ")"
}

// took says how long all runs took, and of which budget.
func (s *summary) took() string {
	text := "It took " + figures.Duration(s.r.Spent)
	if s.r.Budget > 0 {
		text += " of a budget of " + figures.Duration(s.r.Budget)
	}
	if n := len(s.r.Near); n > 0 {
		text += ", in " + figures.Plural(n+1, "run", "runs")
	}
	return text
}

// runPage is the absolute path of the page of the candidate's run; empty where it is not known.
func (s *summary) runPage() string {
	dir, err := filepath.Abs(s.r.Dir)
	if s.r.Dir == "" || err != nil {
		return ""
	}
	return filepath.Join(dir, "report.html")
}

// more says how many of a list are not shown: "and 3 more". It is empty where all are.
func more(all, most int) string {
	if all <= most {
		return ""
	}
	return "and " + figures.Count(all-most) + " more"
}

// first are the first elements of a list, at most so many.
func first[T any](list []T, most int) []T { return list[:min(most, len(list))] }
