package comparisons

import (
	"cmp"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/words"
)

// scanHeadline is the answer of a comparison of two scans in one line.
func scanHeadline(s *compare.ScanComparison) string {
	all := len(s.Cells) + len(s.Pairs) + len(s.BreakingPoints)
	var parts []string
	for _, status := range []compare.Status{compare.Regressed, compare.Improved} {
		if text := movedThings(s, status); text != "" {
			parts = append(parts, text+" "+statusWord(status))
		}
	}
	switch {
	case all == 0:
		return "Nothing to compare"
	case s.Counts[compare.NotComparable] == all:
		return "Nothing is comparable"
	case len(parts) > 0:
		return strings.Join(parts, ", ")
	}
	return noRegression + ": " + scanCounts(s)
}

// movedThings counts the cells, pairs and breaking points with a status.
func movedThings(s *compare.ScanComparison, status compare.Status) string {
	cells, pairs, points := len(cellsWith(s.Cells, status)), len(cellsWith(s.Pairs, status)), len(pointsWith(s, status))
	var parts []string
	if cells > 0 {
		parts = append(parts, figures.Plural(cells, "cell", "cells"))
	}
	if pairs > 0 {
		parts = append(parts, figures.Plural(pairs, "pair", "pairs"))
	}
	if points > 0 {
		parts = append(parts, figures.Plural(points, "breaking point", "breaking points"))
	}
	return figures.List(parts, "and")
}

// scanCounts counts the cells, pairs and breaking points by status: "40 unchanged, 12
// inconclusive".
func scanCounts(s *compare.ScanComparison) string {
	var parts []string
	for _, status := range []compare.Status{compare.Regressed, compare.Improved, compare.Unchanged, compare.Uncertain, compare.NotComparable} {
		if n := s.Counts[status]; n > 0 {
			parts = append(parts, figures.Count(n)+" "+statusWord(status))
		}
	}
	return strings.Join(parts, ", ")
}

// cellsWith are the cells or pairs of a list with a status.
func cellsWith(all []compare.CellChange, status compare.Status) (list []*compare.CellChange) {
	for i := range all {
		if all[i].Status == status {
			list = append(list, &all[i])
		}
	}
	return list
}

// allWith are the cells and pairs with a status.
func allWith(s *compare.ScanComparison, status compare.Status) []*compare.CellChange {
	return append(cellsWith(s.Cells, status), cellsWith(s.Pairs, status)...)
}

func pointsWith(s *compare.ScanComparison, status compare.Status) (list []*compare.BreakingPointChange) {
	for i := range s.BreakingPoints {
		if s.BreakingPoints[i].Status == status {
			list = append(list, &s.BreakingPoints[i])
		}
	}
	return list
}

// cellName is what a cell is about: "payments hangs", or "primary refuses connections and
// standby hangs".
func cellName(c *compare.CellChange) string {
	if c.Other == "" {
		return c.Dependency + " " + c.Mode.Does()
	}
	return c.Dependency + " " + c.Mode.Does() + " and " + c.Other + " " + c.OtherMode.Does()
}

// cellSide says what one side found of a cell: "harmful, 95.2% (85.3 to 100.0) of checkout
// journeys".
func cellSide(c *compare.CellSide) string {
	if c == nil {
		return "not tried"
	}
	parts := []string{words.CellVerdict(c.Verdict)}
	if s := c.Share; s != nil {
		parts = append(parts, words.Harm(&scan.CellJourney{Estimate: s.Estimate, Low: s.Low, High: s.High})+" of "+s.Journey+" journeys")
	}
	for _, name := range c.Broken {
		parts = append(parts, "breaks “"+name+"”")
	}
	return strings.Join(parts, ", ")
}

// cellSentence says what changed in a cell.
func cellSentence(c *compare.CellChange) string {
	return cellName(c) + ": " + cellSide(c.Base) + " → " + cellSide(c.Head)
}

// pointSide says where the breaking point is on one side.
func pointSide(b *scan.BreakingPoint) string { return words.BreakingPoint(b) }

// pointSentence says what changed in a breaking point.
func pointSentence(b *compare.BreakingPointChange) string {
	return "breaking point of " + b.Dependency + ": " + pointSide(b.Base) + " → " + pointSide(b.Head)
}

// dependencySentences say which dependencies are new, gone, or behave otherwise.
func dependencySentences(s *compare.ScanComparison, names compare.Names) (list []string) {
	for _, d := range s.Dependencies {
		switch d.Only {
		case compare.InHead:
			list = append(list, d.Name+" is new in "+names.Head)
		case compare.InBase:
			list = append(list, d.Name+" is gone: only "+names.Base+" has it")
		default:
			list = append(list, d.Name+": "+strings.Join(words.NonEmpty(changedWord(declared, d.BaseDeclared, d.HeadDeclared), changedWord("behaves", d.BaseBehaves, d.HeadBehaves)), "; "))
		}
	}
	return list
}

const declared = "declared"

// changedWord writes a word of both sides where it differs.
func changedWord(what, base, head string) string {
	if base == head {
		return ""
	}
	none := "not known"
	if what == declared {
		none = "nothing"
	}
	return what + " " + cmp.Or(base, none) + " → " + cmp.Or(head, none)
}

// findingSentences say which findings are new or gone. One that the other side could not
// show is told as such.
func findingSentences(s *compare.ScanComparison, names compare.Names) (list []string) {
	for _, f := range s.Findings {
		lead := map[bool]string{true: "gone: ", false: "not known any more, as " + names.Head + " has no answer there: "}[f.Known]
		if f.Only == compare.InHead {
			lead = map[bool]string{true: "new: ", false: "new, or not seen in " + names.Base + ", which has no answer there: "}[f.Known]
		}
		list = append(list, lead+words.Finding(&f.Finding))
	}
	return list
}

// scanReasons are the sentences about cells, pairs and breaking points with a status, with why.
// Cells of a dependency with the same reason are in one.
func scanReasons(s *compare.ScanComparison, status compare.Status) (list []string) {
	type group struct{ dependency, reason string }
	var order []group
	modes := map[group][]plan.FailureMode{}
	for _, c := range cellsWith(s.Cells, status) {
		g := group{c.Dependency, c.Reason}
		if modes[g] == nil {
			order = append(order, g)
		}
		modes[g] = append(modes[g], c.Mode)
	}
	for _, g := range order {
		list = append(list, g.dependency+" "+words.Does(modes[g])+": "+g.reason)
	}
	for _, c := range cellsWith(s.Pairs, status) {
		list = append(list, cellName(c)+": "+c.Reason)
	}
	for _, b := range pointsWith(s, status) {
		list = append(list, "breaking point of "+b.Dependency+": "+b.Reason)
	}
	return list
}

// scanMoves are the sentences about cells, pairs and breaking points with a status, with what each
// side found.
func scanMoves(s *compare.ScanComparison, status compare.Status) (list []string) {
	for _, c := range allWith(s, status) {
		list = append(list, cellSentence(c))
	}
	for _, b := range pointsWith(s, status) {
		list = append(list, pointSentence(b))
	}
	return list
}

// scanNotes are what a reader should know before relying on the comparison.
func scanNotes(c *compare.Comparison) []string {
	var list []string
	for _, d := range c.Differences {
		if d.Entry != "commit" {
			list = append(list, inert.Text(d.Entry)+" differs: "+d.Base+" → "+d.Head)
		}
	}
	return append(list, c.Notes...)
}

// scanCommand makes the comparison again.
func scanCommand(c *compare.Comparison) string {
	parts := []string{"blastgauge compare"}
	for _, runs := range [][]compare.Run{c.Base, c.Head} {
		for _, r := range runs {
			parts = append(parts, words.ShellWord(r.Source))
		}
	}
	return strings.Join(append(parts, nameFlags(c)...), " ")
}
