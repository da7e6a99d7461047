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
	findings []finding
	rows     []row
}

// A row is one dependency.
type row struct {
	*scan.Dependency
	cells []cellOf
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
		one := row{Dependency: d}
		for k := range d.Cells {
			c := cellOf{Cell: &d.Cells[k], of: d, mode: modeOf(&d.Cells[k]), m: s.m}
			one.cells = append(one.cells, c)
			s.counts[c.Verdict]++
			s.cells++
		}
		s.rows = append(s.rows, one)
	}
	for i := range s.m.Findings {
		s.findings = append(s.findings, newFinding(s.m, &s.m.Findings[i]))
	}
	return s
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
	case len(s.findings) > 0 && s.findings[0].Weakness(s.m):
		return s.findings[0].short()
	}
	return strings.Join(words.NonEmpty(s.noWeakness(), s.unknownSentence()), ", but ")
}

// noWeakness is the answer of a map that shows no weakness.
func (s *summary) noWeakness() string {
	undeclared := s.behaving("", hard)
	switch {
	case len(undeclared) == 1:
		return undeclared[0].Name + " breaks journeys, and nothing is declared of it"
	case len(undeclared) > 1:
		return figures.Count(len(undeclared)) + " dependencies break journeys, and nothing is declared of them"
	case s.unanswered() == 0 && s.m.Ended == journal.ScanComplete:
		return "No dependency behaves worse than declared"
	}
	return "No weakness was found"
}

// unknownSentence counts the cells that have no answer and could have one.
func (s *summary) unknownSentence() string {
	verb := " are not known"
	switch n := s.unanswered(); n {
	case 0:
		return ""
	case 1:
		verb = " is not known"
		fallthrough
	default:
		return figures.Count(n) + " of " + figures.Plural(s.cells, "cell", "cells") + verb
	}
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

// brokenSentence names the invariant that broke: "“charged once” breaks when payments fails
// after the work". It is empty where none did.
func (s *summary) brokenSentence() string {
	var names []string
	first := ""
	for _, c := range s.broken() {
		for _, b := range c.Broken {
			if !slices.Contains(names, b.Invariant) {
				names = append(names, b.Invariant)
			}
		}
		if first == "" {
			first = strings.Replace(words.When(c.mode), "it", c.of.Name, 1)
		}
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return "“" + names[0] + "” breaks " + first
	}
	return figures.Count(len(names)) + " invariants break"
}

// broken are the cells in which invariants broke.
func (s *summary) broken() (list []cellOf) {
	for _, r := range s.rows {
		for _, c := range r.cells {
			if len(c.Broken) > 0 {
				list = append(list, c)
			}
		}
	}
	return list
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
	if s.m.Detail != "" {
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
	if signal := s.r.Run.Signal; signal != "" {
		why += " by SIG" + signal
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
	for _, r := range s.rows {
		for _, c := range r.cells {
			if text := unjudged(c.Cell); text != "" {
				list = append(list, r.Name+" "+words.Mode(c.mode)+", "+text)
			}
		}
	}
	for i := range s.m.Pairs {
		if p := &s.m.Pairs[i]; !p.Verdict.Decided() {
			list = append(list, figures.Capital(words.CellVerdict(p.Verdict))+": the pair "+pairName(p)+reasonOf(s.m, p))
		}
	}
	return list
}

// groups are the cells of a verdict, those with the same reason together: "Not reached (the
// budget was over): carts resets, inventory resets".
func (s *summary) groups(v scan.Verdict) (list []string) {
	var reasons []string
	of := map[string][]string{}
	for _, r := range s.rows {
		byReason := map[string][]string{}
		for _, c := range r.cells {
			if c.Verdict != v {
				continue
			}
			why := reasonOf(s.m, c.Cell)
			if !slices.Contains(reasons, why) {
				reasons = append(reasons, why)
			}
			byReason[why] = append(byReason[why], words.Mode(c.mode))
		}
		for why, modes := range byReason {
			text := r.Name + " " + figures.List(modes, "and")
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
	if c.Verdict == scan.NotReached && c.Why == "" {
		why = words.EndOfScan(m.Ended)
	}
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

// pairName names the faults of a pair: "pricing refuses and carts refuses".
func pairName(c *scan.Cell) string {
	var parts []string
	for _, f := range c.Faults {
		parts = append(parts, f.Dependency+" "+words.Mode(f.Mode))
	}
	return figures.List(parts, "and")
}

// declared says how dependencies were declared and how they behave, where these differ or
// one of them is not known.
func (r row) declared() string {
	says := "nothing declared"
	if r.Declared != "" {
		says = "declared " + r.Declared
	}
	return says + ", " + r.behaves()
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

// odd reports whether the dependency behaves worse than it was declared.
func (r row) odd() bool { return r.Declared == soft && r.Behaves == hard || r.Behaves == breaks }

// left are the faults that are not proven gone, in words.
func (s *summary) left() (list []string) {
	for _, f := range s.r.ScanFaults {
		if !f.RemovalVerified {
			list = append(list, f.Inject+" into "+f.Dependency+": "+f.Name)
		}
	}
	return list
}

// warnings are what a reader should know before relying on the numbers.
func (s *summary) warnings() []string {
	list := slices.Clone(s.r.Warnings)
	if s.m.Control != plan.Concurrent {
		list = append(list, "there is one route: the control is the healthy time before, so what else happened meanwhile counts as harm by the fault")
	}
	return slices.Compact(list)
}

// breakingPoints say at which latency of each dependency journeys break.
func (s *summary) breakingPoints() (list []string) {
	for _, r := range s.rows {
		if r.BreakingPoint != nil {
			list = append(list, r.Name+": "+breakingPoint(r.Dependency))
		}
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

// together says what several faults at once did.
func (s *summary) together() (list []string) {
	for i := range s.m.Pools {
		list = append(list, poolSentence(s.m, &s.m.Pools[i]))
	}
	for i := range s.m.Pairs {
		list = append(list, pairSentence(s.m, &s.m.Pairs[i]))
	}
	return list
}
