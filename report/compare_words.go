package report

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
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

func statusWord(s compare.Status) string { return strings.ReplaceAll(string(s), "_", " ") }

// statusVerdict is the verdict whose colour a status has.
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

// compareHeadline is the answer in one line: what changed, and if nothing did,
// what else there is.
func compareHeadline(c *compare.Comparison) string {
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
	return "No regression: " + counted(c, compare.Unchanged, compare.Uncertain)
}

// counted lists how many experiments have each status; none of those that none
// has.
func counted(c *compare.Comparison, list ...compare.Status) string {
	var parts []string
	for _, s := range list {
		if n := c.Counts[s]; n > 0 {
			parts = append(parts, count(n)+" "+statusWord(s))
		}
	}
	return strings.Join(parts, ", ")
}

// compareSentence says what the largest change means, in the terms of customers.
func compareSentence(c *compare.Comparison) string {
	for _, s := range []compare.Status{compare.Regressed, compare.Improved} {
		for i := range c.Experiments {
			if e := &c.Experiments[i]; e.Status == s {
				return changeSentence(e)
			}
		}
	}
	return ""
}

// changeSentence: "Inventory slow by 800 ms now harms 6.0% of checkout journeys,
// up from 1.5% (+4.5 points, 95% CI 3.1 to 5.9)."
func changeSentence(e *compare.Experiment) string {
	var parts []string
	if j := e.Lead(); j != nil && j.Change != nil && j.Status == e.Status {
		parts = append(parts, "now harms "+shown(j.Head)+" of "+j.Name+" journeys, "+
			direction(j)+" from "+shown(j.Base)+" ("+changeWords(j.Change)+")")
	}
	for _, inv := range e.Invariants {
		switch {
		case inv.Status == compare.Regressed && e.Status == compare.Regressed:
			parts = append(parts, "breaks “"+inv.Name+"” ("+stateWords(inv.Head)+"), which held in base")
		case inv.Status == compare.Improved && e.Status == compare.Improved:
			parts = append(parts, "no longer breaks “"+inv.Name+"” ("+stateWords(inv.Base)+" in base)")
		}
	}
	return e.Title + " " + enumerate(parts) + "." + changeImpact(e)
}

// changeImpact is what the change is worth in the real system's traffic, where
// that is declared: " By arithmetic that is 540 more harmed checkouts an hour
// (372 to 708), or 21,600 EUR (14,880 to 28,320)."
func changeImpact(e *compare.Experiment) string {
	i := e.Impact
	if i == nil || i.Journey != e.Journey || e.Lead().Status != e.Status {
		return ""
	}
	more := "more"
	sign := func(a result.Amount) result.Amount { return a }
	if i.Checkouts.Estimate < 0 {
		more = "fewer"
		sign = func(a result.Amount) result.Amount {
			return result.Amount{Estimate: -a.Estimate, Low: -a.High, High: -a.Low}
		}
	}
	text := " By arithmetic that is " + amountWords(sign(i.Checkouts), more+" harmed checkouts an hour")
	if i.Money != nil {
		text += ", or " + amountWords(sign(*i.Money), plain(i.Currency))
	}
	return text + "."
}

func direction(j *compare.Journey) string {
	if j.Change.Estimate > 0 {
		return "up"
	}
	return "down"
}

// shown is a blast radius, or its upper bound where no harm was shown.
func shown(r *compare.Radius) string {
	switch {
	case r == nil:
		return "nothing known"
	case r.Low <= 0:
		return "at most " + ceiling(r.High)
	}
	return percent(r.Estimate)
}

// changeWords is a change with its interval: "+4.5 points, 95% CI 3.1 to 5.9".
func changeWords(c *compare.Change) string {
	return signedPoints(c.Estimate) + " points, 95% CI " + minusSign(points(c.Low)+" to "+points(c.High))
}

// signedPoints writes a change with its sign: +4.5, −21.4, 0.0.
func signedPoints(v float64) string {
	text := points(v)
	if v > 0 && strings.Trim(text, "0.") != "" {
		text = "+" + text
	}
	return minusSign(text)
}

func minusSign(text string) string { return strings.ReplaceAll(text, "-", "−") }

// stateWords is what became of an invariant on one side.
func stateWords(s compare.InvariantState) string {
	switch {
	case s.Verdict == result.Inconclusive:
		return "not judged"
	case s.Verdict != result.Refuted:
		return "held"
	case s.Violations == 1:
		return "1 violation"
	}
	return short(s.Violations, 2) + " violations"
}

// verdictChange is "held → refuted", or "refuted" where both are.
func verdictChange(e *compare.Experiment) string {
	return beforeAfter(e, func(s *compare.Side) string { return word(s.Verdict) })
}

func recoveryChange(e *compare.Experiment) string {
	return beforeAfter(e, func(s *compare.Side) string {
		if s.Recovery == nil {
			return "–"
		}
		return recovery(&result.Experiment{Recovery: s.Recovery})
	})
}

// beforeAfter says something of both sides, once where it is the same.
func beforeAfter(e *compare.Experiment, say func(*compare.Side) string) string {
	before, after := "–", "–"
	if e.Base != nil {
		before = say(e.Base)
	}
	if e.Head != nil {
		after = say(e.Head)
	}
	if before == after {
		return before
	}
	return before + " → " + after
}

// changedInvariants are those that the head broke or repaired.
func changedInvariants(e *compare.Experiment) []compare.Invariant {
	return slices.DeleteFunc(slices.Clone(e.Invariants), func(i compare.Invariant) bool {
		return i.Status != compare.Regressed && i.Status != compare.Improved
	})
}

// runsName names the runs of a side: "7f3a9c", "3 runs, the last 7f3a9c".
func runsName(runs []compare.Run) string {
	if len(runs) == 0 {
		return "no run"
	}
	last := runs[len(runs)-1]
	name := plain(last.ID)
	if last.Commit != "" {
		name += " (" + plain(last.Commit[:min(10, len(last.Commit))]) + ")"
	}
	if n := len(runs); n > 1 {
		return plural(n, "run", "runs") + ", the last " + name
	}
	return name
}

// compareCommand is what makes the comparison again.
func compareCommand(c *compare.Comparison) string {
	var parts []string
	if len(c.Base) == 1 && len(c.Head) == 1 {
		parts = []string{quoted(c.Base[0].Source), quoted(c.Head[0].Source)}
	} else {
		for _, r := range c.Base {
			parts = append(parts, "--base "+quoted(r.Source))
		}
		for _, r := range c.Head {
			parts = append(parts, "--head "+quoted(r.Source))
		}
	}
	return "blastgauge compare " + strings.Join(parts, " ") + " --margin " + short(c.Margin*100, 2)
}

// storms are the dependencies that either side called far more often under the
// fault.
func storms(e *compare.Experiment) []compare.Amplification {
	return slices.DeleteFunc(slices.Clone(e.Amplification), func(a compare.Amplification) bool { return !a.BaseStorm && !a.HeadStorm })
}

// amplificationWords is "3.1× → 1.0×".
func amplificationWords(a compare.Amplification) string {
	return fixed(a.Base, 1) + "× → " + fixed(a.Head, 1) + "×"
}
