package results

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// How many causes of a step stand in a line, and how many of a journey in a table.
const (
	causesInLine  = 3
	causesInTable = 20
)

// A countOf picks the journeys of the fault arm in one phase that had a cause.
type countOf func(result.Cause) int

func underFault(c result.Cause) int { return c.Fault.Fault }
func inBaseline(c result.Cause) int { return c.Baseline.Fault }

// causeLines say step by step what came back, most frequent first: "pay: 502 Bad Gateway
// 81 of 100; reset 12". Of the most frequent cause an example follows.
func causeLines(e *result.Experiment, j *result.Journey, of int, count countOf) (lines []string) {
	all := slices.DeleteFunc(slices.Clone(j.Causes), func(c result.Cause) bool { return count(c) == 0 })
	slices.SortStableFunc(all, func(a, b result.Cause) int { return count(b) - count(a) })
	var steps []string
	for _, c := range all {
		if !slices.Contains(steps, c.Step) {
			steps = append(steps, c.Step)
		}
	}
	for _, step := range steps {
		lines = append(lines, stepNamed(e, j, step)+": "+stepCauses(step, all, of, count))
	}
	if len(all) > 0 {
		if text := exampleLine(all[0]); text != "" {
			lines = slices.Insert(lines, 1, text)
		}
	}
	return lines
}

// topCause is what came back in the journey of the blast radius, at all of its steps
// together, so that the numbers add up to those that were harmed; empty where that is not
// known. It names the step where there is only one.
func topCause(e *result.Experiment) string {
	j := headJourney(e)
	if j == nil || !trusted(e) || !harmShown(j) {
		return ""
	}
	var all []result.Cause
	for _, c := range j.Causes {
		if underFault(c) == 0 {
			continue
		}
		i := slices.IndexFunc(all, func(other result.Cause) bool { return other.Class == c.Class && other.Key == c.Key })
		if i < 0 {
			all = append(all, c)
			continue
		}
		if all[i].Step != c.Step {
			all[i].Step = ""
		}
		all[i].Fault.Fault += c.Fault.Fault
	}
	if len(all) == 0 {
		return ""
	}
	slices.SortStableFunc(all, func(a, b result.Cause) int { return underFault(b) - underFault(a) })
	step := all[0].Step
	if slices.ContainsFunc(all, func(c result.Cause) bool { return c.Step != step }) {
		step = ""
	}
	for i := range all {
		all[i].Step = step
	}
	text := stepCauses(step, all, j.Arms.Fault.Journeys, underFault)
	if step == "" {
		return text
	}
	return stepNamed(e, j, step) + ": " + text
}

// exampleLine is the first example of a cause, under the fault if there is one; empty
// where there is none. A journey that was to start before the fault may be harmed by it.
func exampleLine(c result.Cause) string {
	if len(c.Examples) == 0 {
		return ""
	}
	x := c.Examples[max(0, slices.IndexFunc(c.Examples, func(x result.CauseExample) bool { return x.Phase == "fault" }))]
	text := words.Example(x)
	if text == "" {
		return ""
	}
	return "for example, at " + figures.Stopwatch(x.Second) + ": " + text
}

// stepCauses are the causes of one step on one line. Addresses are given for the first
// one, and where causes are alike without them.
func stepCauses(step string, all []result.Cause, of int, count countOf) string {
	var texts []string
	short := map[string]int{}
	more := 0
	for _, c := range all {
		if c.Step == step {
			short[words.ShortCause(c)]++
		}
	}
	for _, c := range all {
		switch text := words.ShortCause(c); {
		case c.Step != step:
		case len(texts) == causesInLine:
			more++
		case len(texts) == 0:
			texts = append(texts, withCount(words.Cause(c), figures.Count(count(c))+" of "+figures.Count(of)))
		case short[text] > 1:
			texts = append(texts, withCount(words.Cause(c), figures.Count(count(c))))
		default:
			texts = append(texts, withCount(text, figures.Count(count(c))))
		}
	}
	if more > 0 {
		texts = append(texts, figures.Plural(more, "other cause", "other causes"))
	}
	return strings.Join(texts, "; ")
}

// stepNamed names a step, with its journey where another one of the experiment has a step
// of this name. What has no step is the journey's.
func stepNamed(e *result.Experiment, j *result.Journey, step string) string {
	if step == "" {
		return j.Name
	}
	for i := range e.Journeys {
		other := &e.Journeys[i]
		has := slices.ContainsFunc(other.Steps, func(s result.Step) bool { return s.Name == step }) ||
			slices.ContainsFunc(other.Causes, func(c result.Cause) bool { return c.Step == step })
		if other.Name != j.Name && has {
			return j.Name + ", step " + step
		}
	}
	return step
}

// withCount writes how many had a cause behind it, in brackets where the cause itself ends
// with a number.
func withCount(cause, count string) string {
	if end := cause[max(0, len(cause)-5):]; strings.ContainsAny(end, "0123456789") { // "slower than 3 s" does
		return cause + " (" + count + ")"
	}
	return cause + " " + count
}

// baselineCauses say what came back before the fault, where that is why the measurement
// cannot be trusted.
func baselineCauses(e *result.Experiment) (list []string) {
	if !e.HasReason(result.ReasonBaselineHarmed) {
		return nil
	}
	for i := range e.Journeys {
		j := &e.Journeys[i]
		for _, line := range causeLines(e, j, j.Baseline.Fault.Journeys, inBaseline) {
			list = append(list, "before the fault: "+line)
		}
	}
	return list
}

// A causeRow is a cause in the table of what came back.
type causeRow struct {
	result.Cause
	What string
}

// CauseRows are the most frequent causes of the journey.
func (b block) CauseRows() (rows []causeRow) {
	for _, c := range b.Causes[:min(len(b.Causes), causesInTable)] {
		rows = append(rows, causeRow{c, words.Cause(c)})
	}
	return rows
}

// FailedLater reports whether journeys stand at another step among the causes than in the
// table of steps: they were slow at one step and failed at a later one.
func (b block) FailedLater() bool {
	ended := map[string]int{}
	for _, c := range b.Causes {
		ended[c.Step] += c.Fault.Fault
	}
	later := 0 // that ended at a step or after it, more than were first harmed there
	for _, s := range slices.Backward(b.Steps) {
		if later += ended[s.Name] - (s.Failed + s.Wrong + s.Slow); later > 0 {
			return true
		}
	}
	return false
}

// MoreCauses are those that have no row: how many, and how many journeys of the fault arm
// they harmed under the fault.
func (b block) MoreCauses() (more struct{ Causes, Journeys int }) {
	for _, c := range b.Causes[min(len(b.Causes), causesInTable):] {
		more.Causes++
		more.Journeys += c.Fault.Fault
	}
	return more
}

// Control writes the journeys of the control arm that had the cause under the fault.
func (r causeRow) Control() string {
	if r.Fault.Control == nil {
		return "–"
	}
	return figures.Count(*r.Fault.Control)
}

// An exampleRow is one example of a cause.
type exampleRow struct {
	result.CauseExample
	Facts string // but for its trace
}

// ExampleRows are the examples of the cause.
func (r causeRow) ExampleRows() (rows []exampleRow) {
	for _, x := range r.Examples {
		others := x
		others.Trace = "" // which may be a link
		rows = append(rows, exampleRow{x, strings.Join(words.ExampleFacts(others), ", ")})
	}
	return rows
}
