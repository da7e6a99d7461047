// Package scans reports the map that a scan drew, as text, Markdown, a page, and for CI
// systems and other programs.
//
// It claims no more than the map does: what is undecided, was not reached or cannot be
// caused is said wherever an answer would stand.
package scans

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/words"
)

// How a dependency is declared, and how it behaves.
const (
	soft   = "soft"
	hard   = "hard"
	breaks = "breaks" // an invariant, and harms no journey
)

// A summary is what every report for people says of a scan, before each report puts it into
// its own words.
type summary struct {
	r        *result.Result
	m        *scan.Map
	counts   map[scan.Verdict]int // of the cells of one dependency and one mode
	cells    int
	findings []finding // that are shown
	rows     []row
}

// A row is one dependency.
type row struct {
	*scan.Dependency
	cells []cellOf
	ended string // why the scan ended; empty where it was complete
}

// A cellOf is a cell with what it is about.
type cellOf struct {
	*scan.Cell
	of   *scan.Dependency
	mode plan.FailureMode
	m    *scan.Map
}

// summarize counts the cells of a map, and puts its findings into words.
func summarize(r *result.Result) *summary {
	s := &summary{r: r, m: r.Scan, counts: map[scan.Verdict]int{}}
	for i := range s.m.Dependencies {
		d := &s.m.Dependencies[i]
		one := row{Dependency: d, ended: s.why()}
		for k := range d.Cells {
			c := cellOf{Cell: &d.Cells[k], of: d, mode: modeOf(&d.Cells[k]), m: s.m}
			one.cells = append(one.cells, c)
			s.counts[c.Verdict]++
			s.cells++
		}
		s.rows = append(s.rows, one)
	}
	s.findings = found(s.m, s.m.Top())
	return s
}

// found puts findings into words.
func found(m *scan.Map, list []scan.Finding) (texts []finding) {
	for i := range list {
		texts = append(texts, newFinding(m, &list[i]))
	}
	return texts
}

// further says which findings are not shown: "and 3 more, about carts and orders". It is
// empty where all are.
func (s *summary) further() string {
	rest := s.m.Findings[len(s.findings):]
	var names []string
	for _, f := range rest {
		if !slices.Contains(names, f.Dependency) {
			names = append(names, f.Dependency)
		}
	}
	if len(rest) == 0 {
		return ""
	}
	return "and " + figures.Count(len(rest)) + " more, about " + figures.List(names, "and")
}

// modeOf is the failure mode of a cell with one fault.
func modeOf(c *scan.Cell) plan.FailureMode {
	if len(c.Faults) == 0 {
		return ""
	}
	return c.Faults[0].Mode
}

// in returns the cell of a mode; nil where the map has none.
func (r row) in(m plan.FailureMode) *cellOf {
	for i := range r.cells {
		if r.cells[i].mode == m {
			return &r.cells[i]
		}
	}
	return nil
}

// unanswered counts the cells that have no answer and could have one.
func (s *summary) unanswered() int {
	return s.counts[scan.Undecided] + s.counts[scan.NotMet] + s.counts[scan.NotReached]
}

// asDeclared counts the cells that harm and do what was declared.
func (s *summary) asDeclared() (n int) {
	for _, r := range s.rows {
		for _, c := range r.cells {
			if c.asDeclared() {
				n++
			}
		}
	}
	return n
}

// decided counts the cells that have an answer.
func (s *summary) decided() int { return s.counts[scan.Harmful] + s.counts[scan.Harmless] }

// headline is the answer in one line, worst first.
func (s *summary) headline() string {
	line := s.answer()
	switch {
	case s.r.Run.ExitCode == result.ExitNotRemoved:
		return "Fault not removed: " + figures.Uncapital(line)
	case s.r.Run.Outcome == result.Interrupted:
		return "Interrupted: " + s.lower(line)
	case s.r.Run.Died || s.m.Ended == words.ScanDied:
		return "The scan died: " + s.lower(line)
	case s.r.Run.Outcome == result.FailedRun:
		return "The scan failed: " + s.lower(line)
	}
	return line
}

// lower begins a line in lower case, unless it begins with the name of a dependency.
func (s *summary) lower(line string) string {
	if slices.ContainsFunc(s.m.Dependencies, func(d scan.Dependency) bool { return d.Name != "" && strings.HasPrefix(line, d.Name) }) {
		return line
	}
	return figures.Uncapital(line)
}

// answer is the worst that the map shows, in one sentence.
func (s *summary) answer() string {
	var parts []string
	if text := s.brokenSentence(); text != "" {
		parts = append(parts, text)
	}
	if text := s.softSentence(); text != "" {
		parts = append(parts, text)
	}
	switch {
	case s.decided() == 0:
		return "Nothing is known: no cell was decided"
	case len(parts) > 0:
		return strings.Join(parts, ", and ")
	case len(s.findings) > 0:
		return words.Finding(s.findings[0].Finding)
	}
	return strings.Join(words.NonEmpty(s.noWeakness(), s.unknownSentence()), ", but ")
}

// noWeakness is the answer of a map that shows no weakness.
func (s *summary) noWeakness() string {
	known := !slices.ContainsFunc(s.rows, func(r row) bool { return r.Behaves == "" })
	if known && len(s.unanswers()) == 0 && s.m.Ended == journal.ScanComplete {
		return "No dependency behaves worse than declared"
	}
	return "No weakness was found"
}

// unknownSentence says how much is open: "2 of 60 cells and 1 breaking point are not known,
// and 1 harmful cell may be chance". It is empty where nothing is.
func (s *summary) unknownSentence() string {
	var open []string
	if n := s.unanswered(); n > 0 {
		open = append(open, figures.Count(n)+" of "+figures.Plural(s.cells, "cell", "cells"))
	}
	points, pairs := len(s.openBreakingPoints()), len(s.openPairs())
	if points > 0 {
		open = append(open, figures.Plural(points, "breaking point", "breaking points"))
	}
	if pairs > 0 {
		open = append(open, figures.Plural(pairs, "pair", "pairs"))
	}
	var parts []string
	switch {
	case len(open) == 0:
	case s.unanswered()+points+pairs == 1:
		parts = append(parts, open[0]+" is not known")
	default:
		parts = append(parts, figures.List(open, "and")+" are not known")
	}
	if n := len(s.unsure()); n > 0 {
		parts = append(parts, figures.Plural(n, "harmful cell", "harmful cells")+" may be chance")
	}
	if n := len(s.unseen()); n > 0 {
		parts = append(parts, "nobody knows whether journeys call "+figures.Plural(n, "dependency", "dependencies"))
	}
	if n := len(s.unjudged()); n > 0 {
		parts = append(parts, "invariants were not asked in "+figures.Plural(n, "cell", "cells"))
	}
	if why := s.why(); len(parts) == 0 && why != "" {
		parts = append(parts, "the scan ended because "+why)
	}
	return strings.Join(parts, ", and ")
}

// behaving are the dependencies that were declared and behave like that.
func (s *summary) behaving(declared, behaves string) (list []*scan.Dependency) {
	for _, r := range s.rows {
		if r.Declared == declared && (behaves == "" || r.Behaves == behaves) {
			list = append(list, r.Dependency)
		}
	}
	return list
}

// softSentence counts the dependencies that were declared soft and break journeys: "2 of 4
// dependencies declared soft break checkout journeys". It is empty where none
// does.
func (s *summary) softSentence() string {
	list, all := s.behaving(soft, hard), s.behaving(soft, "")
	if len(list) == 0 {
		return ""
	}
	what := s.journeysHarmed(list) + " journeys"
	if len(all) == 1 {
		return list[0].Name + " was declared soft and breaks " + strings.TrimSpace(what)
	}
	verb := "break"
	if len(list) == 1 {
		verb = "breaks"
	}
	return figures.Count(len(list)) + " of " + figures.Count(len(all)) + " dependencies declared soft " + verb + " " + strings.TrimSpace(what)
}

// journeysHarmed names the journeys that dependencies break, as far as these are few:
// "browse and checkout".
func (s *summary) journeysHarmed(list []*scan.Dependency) string {
	var names []string
	for _, d := range list {
		for i := range d.Cells {
			for _, j := range s.m.Numbers(&d.Cells[i]) {
				if j.Verdict == scan.Harmful && !slices.Contains(names, j.Journey) {
					names = append(names, j.Journey)
				}
			}
		}
	}
	if len(names) > 2 {
		return ""
	}
	return figures.List(names, "and")
}

// brokenSentence names the invariant that broke: "“charged once” breaks when payments
// hangs". It is empty where none did.
func (s *summary) brokenSentence() string {
	var names []string
	first := ""
	for _, f := range found(s.m, s.m.Findings) {
		if f.Code != scan.BrokenInvariant || slices.Contains(names, f.Invariant) {
			continue
		}
		if names = append(names, f.Invariant); first == "" {
			once := *f.Finding
			once.Modes = once.Modes[:min(1, len(once.Modes))]
			first = words.Finding(&once)
		}
	}
	if len(names) > 1 {
		return figures.Count(len(names)) + " invariants break"
	}
	return first
}

// counted counts the cells by verdict: "32 harmful, 17 harmless, 1 undecided".
func (s *summary) counted() string {
	var parts []string
	for _, v := range verdicts() {
		if n := s.counts[v]; n > 0 {
			parts = append(parts, figures.Count(n)+" "+words.CellVerdict(v))
		}
	}
	return strings.Join(parts, ", ")
}

// verdicts are all verdicts on a cell, in the order in which reports count them.
func verdicts() []scan.Verdict {
	return []scan.Verdict{scan.Harmful, scan.Harmless, scan.Undecided, scan.NotMet, scan.NotReached, scan.NotExercised, scan.Unavailable}
}

// ended says how the scan ended and how long it took: "567 s of 600 s: the budget was
// over".
func (s *summary) ended() string {
	text := "It took " + figures.Duration(s.m.Spent) + " of a budget of " + figures.Duration(s.m.Budget)
	why := s.why()
	if why == "" {
		return text + ", and everything was tried that was planned."
	}
	text += ", and ended because " + why
	if s.m.Detail != "" && s.r.Run.Outcome != result.Interrupted { // which says it already
		text += " (" + s.m.Detail + ")"
	}
	return text + "."
}

// why says why the scan ended; empty where it was complete.
func (s *summary) why() string {
	if s.r.Run.Outcome != result.Interrupted {
		return words.EndOfScan(s.m.Ended)
	}
	why := words.EndOfScan(result.Interrupted)
	if by := words.StoppedBy(&s.r.Run); by != "" {
		return why + " by " + by
	}
	return why
}

// unreached are the sentences about what has no answer and why, by verdict.
func (s *summary) unreached() []string {
	list := s.unanswers()
	for _, v := range []scan.Verdict{scan.NotExercised, scan.Unavailable} {
		list = append(list, s.groups(v)...)
	}
	return list
}

// unanswers are those about what could have an answer.
func (s *summary) unanswers() (list []string) {
	for _, v := range []scan.Verdict{scan.Undecided, scan.NotMet, scan.NotReached} {
		list = append(list, s.groups(v)...)
	}
	for _, text := range pointSentences(s.openBreakingPoints()) {
		list = append(list, "Breaking point of "+text)
	}
	return slices.Concat(list, s.openPairs(), s.unsure(), s.unseen(), s.unjudged())
}

// openBreakingPoints are the dependencies whose breaking point was searched and not found.
func (s *summary) openBreakingPoints() (list []row) {
	for _, r := range s.rows {
		if r.BreakingPoint != nil && r.BreakingPoint.Kind == words.OpenBreak {
			list = append(list, r)
		}
	}
	return list
}

// openPairs are those without an answer.
func (s *summary) openPairs() (list []string) {
	for i := range s.m.Pairs {
		if p := &s.m.Pairs[i]; !p.Verdict.Decided() {
			list = append(list, figures.Capital(words.CellVerdict(p.Verdict))+": the pair "+pairName(p)+reasonOf(s.m, p))
		}
	}
	return list
}

// unsure are the cells and pairs whose harm may be chance, and was not declared.
func (s *summary) unsure() (list []string) {
	for _, r := range s.rows {
		for _, c := range r.cells {
			if c.unsure() {
				list = append(list, r.Name+" "+c.mode.Does()+": harmful, which "+chance)
			}
		}
	}
	for i := range s.m.Pairs {
		if c := s.pair(&s.m.Pairs[i]); c.unsure() {
			list = append(list, pairName(c.Cell)+": harmful, which "+chance)
		}
	}
	return list
}

// unseen are the dependencies of which nobody knows that journeys call them, though cells
// say that nobody was harmed.
func (s *summary) unseen() (list []string) {
	for _, r := range s.rows {
		if slices.ContainsFunc(r.cells, cellOf.unseen) {
			list = append(list, r.Name+": "+unseen)
		}
	}
	return list
}

// unjudged are the cells in which invariants could not be asked.
func (s *summary) unjudged() (list []string) {
	for _, r := range s.rows {
		for _, c := range r.cells {
			if text := unjudged(c.Cell); text != "" {
				list = append(list, r.Name+" "+c.mode.Does()+", "+text)
			}
		}
	}
	return list
}

// shows reports whether a weakness was seen in a cell, a pair or a pool of the map.
func (s *summary) shows(c *scan.Cell) bool {
	return slices.ContainsFunc(s.m.Findings, func(f scan.Finding) bool {
		return slices.Contains(s.m.CellsOf(&f), c)
	})
}

// pair is a pair as a cell of no single dependency.
func (s *summary) pair(p *scan.Cell) cellOf { return cellOf{Cell: p, of: &scan.Dependency{}, m: s.m} }

// groups are the cells of a verdict, those with the same reason together: "Not reached (the
// budget was over): carts resets connections; mail is slow".
func (s *summary) groups(v scan.Verdict) (list []string) {
	var reasons []string
	of := map[string][]string{}
	for _, r := range s.rows {
		byReason := map[string][]plan.FailureMode{}
		for _, c := range r.cells {
			if c.Verdict != v {
				continue
			}
			why := reasonOf(s.m, c.Cell)
			if !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
			byReason[why] = append(byReason[why], c.mode)
		}
		for why, modes := range byReason {
			text := r.Name + " " + words.Does(modes)
			if len(modes) == len(r.cells) && len(modes) > 1 {
				text = r.Name + " in every mode"
			}
			of[why] = append(of[why], text)
		}
	}
	for _, why := range reasons {
		list = append(list, figures.Capital(words.CellVerdict(v))+why+": "+strings.Join(of[why], "; "))
	}
	return list
}

// reasonOf writes why a cell has no answer in brackets, after a space.
func reasonOf(m *scan.Map, c *scan.Cell) string {
	why := words.CellWhy(c)
	switch from := calledFor(m, c); {
	case c.Verdict == scan.NotReached && c.Why == "":
		why = words.EndOfScan(m.Ended)
	case c.Verdict == scan.NotExercised && len(from) > 0:
		why = "called only while " + from[0] + " fails"
		if len(from) > 1 {
			why = "called only while " + figures.List(from, "or") + " fails"
		}
	}
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

// calledFor are the dependencies for which that of a cell stands in.
func calledFor(m *scan.Map, c *scan.Cell) (list []string) {
	for _, d := range m.Dependencies {
		if len(c.Faults) > 0 && slices.ContainsFunc(d.Fallbacks, func(f scan.Fallback) bool { return f.To == c.Faults[0].Dependency }) {
			list = append(list, d.Name)
		}
	}
	return list
}

// pairName names the faults of a pair: "pricing refuses connections and carts hangs".
func pairName(c *scan.Cell) string {
	var parts []string
	for _, f := range c.Faults {
		parts = append(parts, f.Dependency+" "+f.Mode.Does())
	}
	return figures.List(parts, "and")
}

// declared says how dependencies were declared and how they behave, where these differ or
// one of them is not known.
func (r row) declared() string { return r.declaration() + ", " + r.behaves() }

// declaration says how the dependency was declared.
func (r row) declaration() string {
	if r.Declared == "" {
		return "nothing declared"
	}
	return "declared " + r.Declared
}

// behaves says how the dependency behaves.
func (r row) behaves() string {
	switch r.Behaves {
	case hard, soft:
		return "behaves " + r.Behaves
	case breaks:
		return "breaks an invariant"
	}
	if r.Exercised != nil && !*r.Exercised {
		return "not exercised"
	}
	return "behaviour not known"
}

// worse reports whether the dependency behaves worse than it was declared.
func (r row) worse() bool { return r.Declared == soft && r.Behaves == hard || r.Behaves == breaks }

// left are the faults that are not proven gone, in words.
func (s *summary) left() (list []string) {
	for _, f := range s.r.ScanFaults {
		if !f.RemovalVerified {
			list = append(list, f.Inject+" into "+f.Dependency+": "+f.Name)
		}
	}
	return list
}

// trouble says what went wrong with the scan itself: a fault that is left, and why it came to
// no verdict. It is empty where nothing did.
func (s *summary) trouble() (list []string) {
	if s.r.Run.ExitCode == result.ExitNotRemoved {
		list = append(list, "a fault is not proven gone and may still be in force: blastgauge recover DIR")
		list = append(list, s.left()...)
	}
	if s.r.Run.Error != "" {
		list = append(list, "the scan failed: "+s.r.Run.Error)
	}
	if code := s.r.Run.ExitCode; s.r.Run.Died || code == result.ExitInvalid || code == result.ExitError {
		list = append(list, s.ended())
	}
	return list
}

// warnings are what a reader should know before relying on the numbers.
func (s *summary) warnings() []string { return s.r.Warnings }

// breakingPoints say at which latency of each dependency journeys break.
func (s *summary) breakingPoints() []string {
	return pointSentences(slices.DeleteFunc(slices.Clone(s.rows), func(r row) bool { return r.BreakingPoint == nil }))
}

// pointSentences say where breaking points are: "payments: between 0.80 and 0.97 s".
// Dependencies of which the same is known are in one.
func pointSentences(rows []row) (list []string) {
	var order []string
	of := map[string][]string{}
	for _, r := range rows {
		text := r.breakingPoint()
		if of[text] == nil {
			order = append(order, text)
		}
		of[text] = append(of[text], r.Name)
	}
	for _, text := range order {
		list = append(list, figures.List(of[text], "and")+": "+text)
	}
	return list
}

// harmList says what each harmful cell harmed, and why.
func (s *summary) harmList() (list []string) {
	for _, r := range s.rows {
		for _, c := range r.cells {
			if c.Verdict == scan.Harmful {
				list = append(list, c.harmed())
			}
		}
	}
	return list
}

// ofSeveral says what several faults at once did.
func (s *summary) ofSeveral() (list []string) {
	for i := range s.m.Pools {
		list = append(list, s.poolSentence(&s.m.Pools[i]))
	}
	for i := range s.m.Pairs {
		list = append(list, s.pairSentence(&s.m.Pairs[i]))
	}
	return list
}
