package comparisons

import (
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// statusGlyph marks a status without colour.
func statusGlyph(s compare.Status) string {
	switch s {
	case compare.Regressed:
		return "↑"
	case compare.Improved:
		return "↓"
	case compare.Unchanged:
		return "="
	case compare.NotComparable:
		return "≠"
	}
	return "?"
}

// statusWord is a status in words: "not comparable".
func statusWord(s compare.Status) string { return strings.ReplaceAll(statusCode(s), "_", " ") }

// statusCode is a status as programs read it: "not_comparable".
func statusCode(s compare.Status) string {
	if slices.Contains(compare.Statuses(), s) {
		return string(s)
	}
	return words.Unknown
}

// statusVerdict is the verdict that has the colour of a status.
func statusVerdict(s compare.Status) result.Verdict {
	switch s {
	case compare.Regressed:
		return result.Refuted
	case compare.Improved:
		return result.Held
	case compare.Uncertain, compare.NotComparable:
		return result.Inconclusive
	}
	return result.NotRun
}

// headline is the answer in one line: what changed, or that nothing did.
func headline(c *compare.Comparison) string {
	n := c.Counts
	changed := counted(c, compare.Regressed, compare.Improved)
	switch {
	case len(c.Experiments) == 0:
		return "Nothing to compare"
	case n[compare.NotComparable] == len(c.Experiments):
		return "Nothing is comparable"
	case changed != "":
		return changed
	}
	return noRegression + ": " + counted(c, compare.Unchanged, compare.Uncertain)
}

// unseen says what no regression means: how large one could have been without being
// seen. It is empty where a regression is shown, or where nothing was compared.
func unseen(c *compare.Comparison) string {
	u := c.Unseen
	if u == nil || c.Counts[compare.Regressed] > 0 {
		return ""
	}
	size, most := figures.Points(u.Least)+" points", figures.Points(u.Most)+" points"
	if most != size {
		size = figures.Points(u.Least) + " to " + most + ", by journey,"
	}
	return noRegression + "; smaller than " + size + " would not have been seen."
}

// noRegression says that nothing is shown to be worse, not that nothing is.
const noRegression = "No regression shown"

// unseenBelow is the same below a headline that may have said the half of it.
func unseenBelow(c *compare.Comparison) string {
	text := unseen(c)
	if strings.HasPrefix(headline(c), noRegression) {
		text = strings.Replace(text, noRegression+"; smaller", "One smaller", 1)
	}
	return text
}

// sentences joins a headline with the sentence that follows it, if there is one.
func sentences(headline, sentence string) string {
	if sentence == "" {
		return headline
	}
	return headline + ". " + sentence
}

// counted counts the experiments with each status, as in "1 regressed, 2
// improved". It leaves out a status that no experiment has.
func counted(c *compare.Comparison, list ...compare.Status) string {
	var parts []string
	for _, s := range list {
		if n := c.Counts[s]; n > 0 {
			parts = append(parts, figures.Count(n)+" "+statusWord(s))
		}
	}
	return strings.Join(parts, ", ")
}

// largestChange says in a sentence what the largest change means to customers; it is
// empty where nothing changed.
func largestChange(c *compare.Comparison) string {
	for _, s := range []compare.Status{compare.Regressed, compare.Improved} {
		for i := range c.Experiments {
			if e := &c.Experiments[i]; e.Status == s {
				return changeSentence(e, c.Called())
			}
		}
	}
	return ""
}

// changeSentence says what changed in an experiment: "Inventory slow by 800 ms now harms 6.0% of checkout journeys,
// up from 1.5% (+4.5 points, 95% CI 3.1 to 5.9)."
func changeSentence(e *compare.Experiment, names compare.Names) string {
	var parts []string
	if j := e.Lead(); j != nil && j.Change != nil && j.Status == e.Status {
		parts = append(parts, "now harms "+harmChange(j, names))
	}
	for _, inv := range e.Invariants {
		switch {
		case inv.Status == compare.Regressed && e.Status == compare.Regressed:
			parts = append(parts, "breaks “"+inv.Name+"” ("+invariantState(inv.Head)+"), which held in "+names.Base)
		case inv.Status == compare.Improved && e.Status == compare.Improved:
			parts = append(parts, "no longer breaks “"+inv.Name+"” ("+invariantState(inv.Base)+" in "+names.Base+")")
		}
	}
	for _, a := range e.Alerts {
		if a.Status == e.Status && (a.Status == compare.Regressed || a.Status == compare.Improved) {
			parts = append(parts, detection(a))
		}
	}
	return words.Title(e.ID, e.Title) + " " + figures.List(parts, "and") + "." + changeImpact(e, names)
}

// detection says that an alert is no longer in time, or is again: "no longer fires the
// alert ShopErrors in time (in time, after 12 s → did not fire)".
func detection(a compare.Alert) string {
	says := map[bool]string{true: "fires the alert %s in time again", false: "no longer fires the alert %s in time"}
	failed, improved := a.Head.Code, a.Status == compare.Improved
	if improved {
		failed = a.Base.Code
	}
	if failed == result.ReasonAlertNotCleared {
		says = map[bool]string{true: "no longer keeps the alert %s on for too long", false: "now keeps the alert %s on for too long"}
	}
	return fmt.Sprintf(says[improved], a.Alert) + " (" + alertChange(a) + ")"
}

// harmChange writes the harm of a journey on both sides: "6.0% of checkout journeys, up from
// 1.5% (+4.5 points, 95% CI 3.1 to 5.9)". Sides that somebody has named are named.
func harmChange(j *compare.Journey, names compare.Names) string {
	inBase, inHead := "", ""
	if names != compare.StandardNames() {
		inBase, inHead = " in "+names.Base, " in "+names.Head
	}
	return excess(j.Head) + " of " + j.Name + " journeys" + inHead + ", " + direction(j) + " from " + excess(j.Base) + inBase + " (" + changeWords(j.Change) + ")"
}

// dearestFirst are the experiments, but of those that regressed first the one that costs the
// real system most: a reader may see only a few.
func dearestFirst(c *compare.Comparison) []*compare.Experiment {
	var list []*compare.Experiment
	first, dearest, most := -1, -1, 0.0
	for i := range c.Experiments {
		e := &c.Experiments[i]
		list = append(list, e)
		if e.Status != compare.Regressed {
			continue
		}
		if first < 0 {
			first = i
		}
		if e.Impact != nil && changeImpact(e, c.Called()) != "" && e.Impact.Checkouts.Estimate > most {
			dearest, most = i, e.Impact.Checkouts.Estimate
		}
	}
	if dearest > first {
		e := list[dearest]
		copy(list[first+1:dearest+1], list[first:dearest])
		list[first] = e
	}
	return list
}

// changeImpact says what the change is worth in the real system's traffic, where a
// document declares that: " By arithmetic that is 540 more harmed checkouts an hour
// (372 to 708), or 21,600 EUR (14,880 to 28,320)."
func changeImpact(e *compare.Experiment, names compare.Names) string {
	i := e.Impact
	if i == nil {
		return ""
	}
	k := slices.IndexFunc(e.Journeys, func(j compare.Journey) bool { return j.Name == i.Journey })
	if k < 0 || e.Journeys[k].Status != e.Status {
		return ""
	}
	before := ""
	if j := &e.Journeys[k]; j.Name != e.Journey && j.Change != nil { // another one changed more, and may cost less
		before = " It now harms " + harmChange(j, names) + "."
	}
	more := "more"
	sign := func(a result.Amount) result.Amount { return a }
	if i.Checkouts.Estimate < 0 {
		more = "fewer"
		sign = func(a result.Amount) result.Amount {
			return result.Amount{Estimate: -a.Estimate, Low: -a.High, High: -a.Low}
		}
	}
	text := before + " By arithmetic that is " + words.Amount(sign(i.Checkouts), more+" harmed checkouts an hour")
	if i.Money != nil {
		text += ", or " + words.Amount(sign(*i.Money), inert.Text(i.Currency))
	}
	return text + "."
}

// owners are who answers for an experiment: whom its document names, or else the owners of
// its dependencies, each once.
func owners(e *compare.Experiment) []string {
	if e.Owner != "" {
		return []string{e.Owner}
	}
	var list []string
	for _, d := range e.Dependencies {
		if d.Owner != "" && !slices.Contains(list, d.Owner) {
			list = append(list, d.Owner)
		}
	}
	return list
}

// direction is the word for a harm that went up or down.
func direction(j *compare.Journey) string {
	if j.Change.Estimate > 0 {
		return "up"
	}
	return "down"
}

// excess writes a blast radius by its estimate, or by its upper bound where no harm
// was shown.
func excess(r *compare.Radius) string {
	switch {
	case r == nil:
		return "nothing known"
	case r.Low <= 0:
		return "at most " + figures.UpperPercent(r.High)
	}
	return figures.Percent(r.Estimate)
}

// changeWords writes a change with its interval: "+4.5 points, 95% CI 3.1 to 5.9".
func changeWords(c *compare.Change) string {
	return signedPoints(c.Estimate) + " points, 95% CI " + figures.Minus(figures.Points(c.Low)+" to "+figures.Points(c.High))
}

// signedPoints writes a change in points with its sign: +4.5, −21.4.
func signedPoints(change float64) string { return figures.Minus(figures.SignedPoints(change)) }

// invariantState writes what became of an invariant on one side.
func invariantState(s compare.InvariantState) string {
	switch {
	case s.Verdict == result.Inconclusive:
		return "not judged"
	case s.Verdict != result.Refuted:
		return "held"
	case s.Violations == 1:
		return "1 violation"
	}
	return figures.Number(s.Violations) + " violations"
}

// verdictChange writes the verdicts of both sides: "held → refuted".
func verdictChange(e *compare.Experiment) string {
	return beforeAfter(e, func(s *compare.Side) string { return words.Verdict(s.Verdict) })
}

// recoveryChange writes the recoveries of both sides: "5.2 s → 56 s".
func recoveryChange(e *compare.Experiment) string {
	return beforeAfter(e, func(s *compare.Side) string {
		if s.Recovery == nil {
			return "–"
		}
		return words.Recovery(s.Recovery)
	})
}

// beforeAfter writes something of both sides, and only once where it is the same.
func beforeAfter(e *compare.Experiment, write func(*compare.Side) string) string {
	before, after := "–", "–"
	if e.Base != nil {
		before = write(e.Base)
	}
	if e.Head != nil {
		after = write(e.Head)
	}
	if before == after {
		return before
	}
	return before + " → " + after
}

// changedInvariants are the invariants that head broke or repaired.
func changedInvariants(e *compare.Experiment) []compare.Invariant {
	return slices.DeleteFunc(slices.Clone(e.Invariants), func(i compare.Invariant) bool {
		return i.Status != compare.Regressed && i.Status != compare.Improved
	})
}

// changedAlerts are the alerts whose detection head broke or repaired.
func changedAlerts(e *compare.Experiment) []compare.Alert {
	return slices.DeleteFunc(slices.Clone(e.Alerts), func(a compare.Alert) bool {
		return a.Status != compare.Regressed && a.Status != compare.Improved
	})
}

// alertChange writes what became of an alert on both sides: "in time, after 12 s → did not
// fire".
func alertChange(a compare.Alert) string { return a.Base.String() + " → " + a.Head.String() }

// runsName names the runs of a side: "7f3a9c", "3 runs, the last 7f3a9c".
func runsName(runs []compare.Run) string {
	if len(runs) == 0 {
		return "no run"
	}
	last := runs[len(runs)-1]
	name := inert.Text(last.ID)
	if last.Commit != "" {
		name += " (" + inert.Text(words.Commit(last.Commit)) + ")"
	}
	if n := len(runs); n > 1 {
		return figures.Plural(n, "run", "runs") + ", the last " + name
	}
	return name
}

// baseTitle and headTitle are a side with its runs: "base 7f3a9c", "naive 7f3a9c".
func baseTitle(c *compare.Comparison) string {
	return inert.Text(c.Called().Base) + " " + runsName(c.Base)
}
func headTitle(c *compare.Comparison) string {
	return inert.Text(c.Called().Head) + " " + runsName(c.Head)
}

// nameFlags are the flags that name the sides, where somebody has named them.
func nameFlags(c *compare.Comparison) (flags []string) {
	standard, called := compare.StandardNames(), c.Called()
	if called.Base != standard.Base {
		flags = append(flags, "--base-name "+words.ShellWord(called.Base))
	}
	if called.Head != standard.Head {
		flags = append(flags, "--head-name "+words.ShellWord(called.Head))
	}
	return flags
}

// command makes the comparison again.
func command(c *compare.Comparison) string {
	var parts []string
	if len(c.Base) == 1 && len(c.Head) == 1 {
		parts = []string{words.ShellWord(c.Base[0].Source), words.ShellWord(c.Head[0].Source)}
	} else {
		for _, r := range c.Base {
			parts = append(parts, "--base "+words.ShellWord(r.Source))
		}
		for _, r := range c.Head {
			parts = append(parts, "--head "+words.ShellWord(r.Source))
		}
	}
	return "blastgauge compare " + strings.Join(append(parts, nameFlags(c)...), " ") + " --margin " + figures.Short(c.Margin*100, 2)
}

// storms are the dependencies that either side called far more often while the fault
// was active.
func storms(e *compare.Experiment) []compare.Amplification {
	return slices.DeleteFunc(slices.Clone(e.Amplification), func(a compare.Amplification) bool { return !a.BaseStorm && !a.HeadStorm })
}

// amplificationChange writes by how much the calls of both sides grew: "3.1× → 1.0×".
func amplificationChange(a compare.Amplification) string {
	return figures.Fixed(a.Base, 1) + "× → " + figures.Fixed(a.Head, 1) + "×"
}
