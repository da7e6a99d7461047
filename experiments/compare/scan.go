package compare

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/experiments/stats"
)

// ErrNotAlike means that a scan was to be compared with a run, or several scans of a side.
var ErrNotAlike = errors.New("not comparable")

// Results compares head with base: runs with runs, as [Runs] does, or one scan with
// another. A scan and a run have nothing in common that could be compared.
func Results(base, head []Input, margin float64) (*Comparison, error) {
	both := slices.Concat(base, head)
	var scans, runs []Input
	for _, in := range both {
		if in.Result.Scan != nil {
			scans = append(scans, in)
		} else {
			runs = append(runs, in)
		}
	}
	switch {
	case len(scans) == 0:
		return Runs(base, head, margin), nil
	case len(runs) > 0:
		return nil, fmt.Errorf("%w: %s is a scan and %s is a run of experiments: compare a scan with a scan, or a run with a run", ErrNotAlike, scans[0].Source, runs[0].Source)
	case len(base) != 1 || len(head) != 1:
		return nil, fmt.Errorf("%w: %d scans of base and %d of head: compare one scan with one", ErrNotAlike, len(base), len(head))
	}
	return scansOf(base[0], head[0], margin), nil
}

// scansOf compares two scans.
func scansOf(base, head Input, margin float64) *Comparison {
	sides := [2][]Input{{base}, {head}}
	c := &Comparison{
		Schema: Schema, Names: namesOf(sides[0], sides[1]).given(), Margin: margin, Confidence: stats.Confidence, FalseDiscoveries: stats.FalseDiscoveries, Counts: map[Status]int{},
		Base: newRuns(sides[0]), Head: newRuns(sides[1]), Experiments: []Experiment{}, Differences: differences(sides[0], sides[1]),
	}
	p := &scanPair{Names: namesOf(sides[0], sides[1]), base: base.Result.Scan, head: head.Result.Scan, margin: margin}
	s := &ScanComparison{Cells: []CellChange{}, Counts: map[Status]int{}, Diff: diffDocuments(experimentRun{&result.Experiment{}, base}, experimentRun{&result.Experiment{}, head}, nil)}
	p.compareRows(s)
	p.comparePairs(s)
	s.Findings = p.findings()
	order := Statuses()
	for _, list := range [][]CellChange{s.Cells, s.Pairs} {
		slices.SortStableFunc(list, func(a, b CellChange) int {
			return cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status))
		})
	}
	for _, status := range order {
		s.Counts[status], c.Counts[status] = 0, 0
	}
	for _, x := range slices.Concat(s.Cells, s.Pairs) {
		s.Counts[x.Status]++
	}
	for _, x := range s.BreakingPoints {
		s.Counts[x.Status]++
	}
	c.Scan, c.Notes = s, p.notes(s)
	c.ExitCode = s.exit()
	return c
}

// exit is 3 for a regression, and 5 where nothing can be compared.
func (s *ScanComparison) exit() int {
	switch {
	case s.Counts[Regressed] > 0:
		return result.ExitRefuted
	case s.Counts[NotComparable] == len(s.Cells)+len(s.Pairs)+len(s.BreakingPoints): // also where there is none
		return result.ExitInvalid
	}
	return result.ExitHeld
}

// A scanPair is the maps of both sides.
type scanPair struct {
	Names
	base, head *scan.Map
	margin     float64
}

// compareRows compares the dependencies, in the order of head, and those that only base has
// last.
func (p *scanPair) compareRows(s *ScanComparison) {
	for i := range p.head.Dependencies {
		is := &p.head.Dependencies[i]
		was := p.base.Dependency(is.Name)
		if was == nil {
			s.Dependencies = append(s.Dependencies, DependencyChange{Name: is.Name, Only: InHead, HeadDeclared: is.Declared, HeadBehaves: is.Behaves})
			continue
		}
		p.compareRow(s, was, is)
	}
	for _, was := range p.base.Dependencies {
		if p.head.Dependency(was.Name) == nil {
			s.Dependencies = append(s.Dependencies, DependencyChange{Name: was.Name, Only: InBase, BaseDeclared: was.Declared, BaseBehaves: was.Behaves})
		}
	}
}

// compareRow compares one dependency that both sides have.
func (p *scanPair) compareRow(s *ScanComparison, was, is *scan.Dependency) {
	if was.Declared != is.Declared || was.Behaves != is.Behaves {
		s.Dependencies = append(s.Dependencies, DependencyChange{Name: is.Name, BaseDeclared: was.Declared, HeadDeclared: is.Declared, BaseBehaves: was.Behaves, HeadBehaves: is.Behaves})
	}
	var modes []plan.FailureMode
	for _, m := range slices.Concat(p.head.Modes, p.base.Modes) {
		if !slices.Contains(modes, m) {
			modes = append(modes, m)
		}
	}
	for _, m := range modes {
		if c, ok := p.compareCell(cellIn(was, m), cellIn(is, m)); ok {
			c.Dependency, c.Mode = is.Name, m
			s.Cells = append(s.Cells, c)
		}
	}
	if was.BreakingPoint != nil || is.BreakingPoint != nil {
		b := p.compareBreakingPoint(was.BreakingPoint, is.BreakingPoint)
		b.Dependency = is.Name
		s.BreakingPoints = append(s.BreakingPoints, b)
	}
}

// comparePairs compares the pairs, in the order of head, and those that only base has last.
func (p *scanPair) comparePairs(s *ScanComparison) {
	add := func(of, was, is *scan.Cell) {
		if c, ok := p.compareCell(was, is); ok && len(of.Faults) == 2 {
			c.Dependency, c.Mode = of.Faults[0].Dependency, of.Faults[0].Mode
			c.Other, c.OtherMode = of.Faults[1].Dependency, of.Faults[1].Mode
			s.Pairs = append(s.Pairs, c)
		}
	}
	for i := range p.head.Pairs {
		is := &p.head.Pairs[i]
		add(is, pairIn(p.base, is), is)
	}
	for i := range p.base.Pairs {
		if was := &p.base.Pairs[i]; pairIn(p.head, was) == nil {
			add(was, was, nil)
		}
	}
}

// pairIn is the pair of a map with the same faults; nil if there is none.
func pairIn(m *scan.Map, of *scan.Cell) *scan.Cell {
	for i := range m.Pairs {
		if slices.EqualFunc(m.Pairs[i].Faults, of.Faults, func(a, b scan.Fault) bool { return a.Dependency == b.Dependency && a.Mode == b.Mode }) {
			return &m.Pairs[i]
		}
	}
	return nil
}

// cellIn is the cell of a dependency in a failure mode; nil if there is none.
func cellIn(d *scan.Dependency, m plan.FailureMode) *scan.Cell {
	for i := range d.Cells {
		if c := &d.Cells[i]; len(c.Faults) > 0 && c.Faults[0].Mode == m {
			return c
		}
	}
	return nil
}

// compareCell compares a cell. It reports false where neither side has it.
func (p *scanPair) compareCell(was, is *scan.Cell) (CellChange, bool) {
	var c CellChange
	set := func(s Status, code ReasonCode, text string) (CellChange, bool) {
		c.Status, c.ReasonCode, c.Reason = s, code, text
		return c, true
	}
	switch {
	case was == nil && is == nil:
		return c, false
	case was == nil:
		c.Head = sideOf(is, nil)
		return set(NotComparable, ReasonOnlyInHead, "only "+p.Head+" tries it")
	case is == nil:
		c.Base = sideOf(was, nil)
		return set(NotComparable, ReasonOnlyInBase, "only "+p.Base+" tries it")
	}
	before, after := p.base.Numbers(was), p.head.Numbers(is)
	lead := leadOf(before, after)
	c.Base, c.Head = sideOf(was, journeyIn(before, lead)), sideOf(is, journeyIn(after, lead))
	if text, code := p.apart(before, after); text != "" {
		return set(NotComparable, code, text)
	}
	if !was.Verdict.Decided() || !is.Verdict.Decided() {
		return set(p.undecidedIn(was, is))
	}
	return set(p.judge(was, is, c.Base.Share, c.Head.Share))
}

// sideOf is a cell in the map of one side.
func sideOf(c *scan.Cell, j *scan.CellJourney) *CellSide {
	s := &CellSide{Verdict: c.Verdict, Why: c.Why, Broken: brokenIn(c)}
	if j != nil {
		s.Share = &ShareOf{j.Journey, j.Estimate, j.Low, j.High}
	}
	return s
}

// brokenIn names the invariants that broke in a cell.
func brokenIn(c *scan.Cell) (list []string) {
	for _, b := range c.Broken {
		list = append(list, b.Invariant)
	}
	return list
}

// journeyIn is the journey of that name; nil if it was not counted.
func journeyIn(list []scan.CellJourney, name string) *scan.CellJourney {
	for i := range list {
		if list[i].Journey == name {
			return &list[i]
		}
	}
	return nil
}

// leadOf is the journey whose harm changed most, of those that both sides counted. Where
// there is none, it is the one that either harms most.
func leadOf(before, after []scan.CellJourney) string {
	lead, most := "", -1.0
	for _, j := range after {
		if o := journeyIn(before, j.Journey); o != nil && math.Abs(j.Estimate-o.Estimate) > most {
			lead, most = j.Journey, math.Abs(j.Estimate-o.Estimate)
		}
	}
	if lead == "" {
		all := scan.Cell{Journeys: slices.Concat(after, before)}
		if j := all.Worst(); j != nil {
			lead = j.Journey
		}
	}
	return lead
}

// apart says why the numbers of two cells mean different things; empty where they do not.
func (p *scanPair) apart(before, after []scan.CellJourney) (string, ReasonCode) {
	if p.base.Control != p.head.Control {
		return fmt.Sprintf("%s has a %s control, %s a %s one", p.Base, p.base.Control, p.Head, p.head.Control), ReasonControlsDiffer
	}
	for _, j := range slices.Concat(before, after) {
		if was, is := p.base.LimitOf(j.Journey), p.head.LimitOf(j.Journey); was != is {
			return fmt.Sprintf("the limit of %s is %s in %s and %s in %s", j.Journey, percent(was), p.Base, percent(is), p.Head), ReasonLimitsDiffer
		}
	}
	return "", ""
}

// undecidedIn says which side has no answer.
func (p *scanPair) undecidedIn(was, is *scan.Cell) (Status, ReasonCode, string) {
	none := func(v scan.Verdict) bool { return v == scan.NotExercised || v == scan.Unavailable }
	switch {
	case none(was.Verdict) && none(is.Verdict):
		return NotComparable, ReasonNothingToJudge, "neither side could measure it"
	case is.Verdict.Decided():
		return Uncertain, ReasonNotKnownInBase, p.Base + " has no answer, " + p.Head + " says " + string(is.Verdict)
	case was.Verdict.Decided():
		return Uncertain, ReasonNotKnownInHead, p.Head + " has no answer, " + p.Base + " says " + string(was.Verdict)
	}
	return Uncertain, ReasonUndecided, "neither side has an answer"
}

// judge compares two cells that both have an answer.
func (p *scanPair) judge(was, is *scan.Cell, before, after *ShareOf) (Status, ReasonCode, string) {
	broke, holds := onlyIn(brokenIn(is), brokenIn(was)), onlyIn(brokenIn(was), brokenIn(is))
	switch {
	case len(broke) > 0:
		return Regressed, ReasonInvariantBroken, p.Head + " breaks “" + broke[0] + "”, " + p.Base + " does not"
	case was.Verdict == scan.Harmless && is.Verdict == scan.Harmful && !is.Significant:
		return Uncertain, ReasonChanceOfMany, "harmless in " + p.Base + " and harmful in " + p.Head + ", which may be chance among so many cells"
	case was.Verdict == scan.Harmless && is.Verdict == scan.Harmful:
		return Regressed, ReasonMoreHarm, "harmless in " + p.Base + ", harmful in " + p.Head
	case was.Verdict == scan.Harmful && is.Verdict == scan.Harmless && !was.Significant && len(was.Broken) == 0:
		return Uncertain, ReasonChanceOfMany, "harmless in " + p.Head + ", and harmful in " + p.Base + ", which may be chance among so many cells"
	case was.Verdict == scan.Harmful && is.Verdict == scan.Harmless:
		return Improved, ReasonLessHarm, "harmful in " + p.Base + ", harmless in " + p.Head
	case len(holds) > 0:
		return Improved, ReasonInvariantHoldsAgain, p.Base + " breaks “" + holds[0] + "”, " + p.Head + " does not"
	}
	return p.judgeShares(is.Verdict, before, after)
}

// onlyIn are the names of a list that another does not have.
func onlyIn(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(name string) bool { return slices.Contains(other, name) })
}

// judgeShares compares the shares of two cells with the same verdict. Of what is harmless,
// no change matters.
func (p *scanPair) judgeShares(v scan.Verdict, before, after *ShareOf) (Status, ReasonCode, string) {
	same := string(v) + " in both"
	if before == nil || after == nil {
		return Unchanged, ReasonSameVerdict, same
	}
	switch {
	case v == scan.Harmful && after.Low > before.High+p.margin:
		return Regressed, ReasonMoreHarm, "harmful in both, and " + p.Head + " harms more: the intervals lie apart"
	case v == scan.Harmful && after.High < before.Low-p.margin:
		return Improved, ReasonLessHarm, "harmful in both, and " + p.Head + " harms less: the intervals lie apart"
	case otherWidth(before.High-before.Low, after.High-after.Low):
		return Unchanged, ReasonPrecision, same + ", known with other precision"
	}
	return Unchanged, ReasonSameVerdict, same
}

// otherWidth reports whether one of two intervals is at least twice as wide as the other.
func otherWidth(a, b float64) bool {
	if math.IsInf(a, 1) || math.IsInf(b, 1) {
		return a != b
	}
	return max(a, b) >= 2*min(a, b) && max(a, b) > 0
}

// compareBreakingPoint compares where journeys break first as latency grows.
func (p *scanPair) compareBreakingPoint(was, is *scan.BreakingPoint) BreakingPointChange {
	b := BreakingPointChange{Base: was, Head: is}
	set := func(s Status, code ReasonCode, text string) BreakingPointChange {
		b.Status, b.ReasonCode, b.Reason = s, code, text
		return b
	}
	switch {
	case was == nil:
		return set(Uncertain, ReasonNotKnownInBase, p.Base+" did not search it")
	case is == nil:
		return set(Uncertain, ReasonNotKnownInHead, p.Head+" did not search it")
	}
	if text, code := p.apart(journeysOf(was), journeysOf(is)); text != "" {
		return set(NotComparable, code, text)
	}
	bl, bh, inBase := bracketOf(was)
	hl, hh, inHead := bracketOf(is)
	switch {
	case !inBase && !inHead:
		return set(Uncertain, ReasonUndecided, "neither side shows where it is")
	case !inBase:
		return set(Uncertain, ReasonNotKnownInBase, p.Base+" does not show where it is")
	case !inHead:
		return set(Uncertain, ReasonNotKnownInHead, p.Head+" does not show where it is")
	case hh <= bl:
		return set(Regressed, ReasonBreaksEarlier, "journeys break at a shorter latency than in "+p.Base)
	case hl >= bh:
		return set(Improved, ReasonBreaksLater, "journeys break at a longer latency than in "+p.Base)
	case len(was.Edges) != len(is.Edges):
		return set(Uncertain, ReasonShapeDiffers, "it begins alike, and then goes on otherwise as latency grows")
	case otherWidth(math.Log(bh/bl), math.Log(hh/hl)):
		return set(Unchanged, ReasonPrecision, "the brackets overlap; one of them is narrower")
	}
	return set(Unchanged, ReasonSameVerdict, "the brackets overlap")
}

// journeysOf are the journeys of all levels.
func journeysOf(b *scan.BreakingPoint) (list []scan.CellJourney) {
	for _, l := range b.Levels {
		list = append(list, l.Journeys...)
	}
	return list
}

// bracketOf is between which latencies journeys begin to break. It reports false where the
// levels do not tell, as where the search had no time for more than one. Nothing is known
// beyond the longest level, or below the shortest.
func bracketOf(b *scan.BreakingPoint) (low, high float64, ok bool) {
	for _, e := range b.Edges {
		if e.Rises {
			return e.Low, e.High, true
		}
	}
	all := func(v scan.Verdict) bool {
		return b.Kind != string(stats.Open) && len(b.Levels) > 0 && !slices.ContainsFunc(b.Levels, func(l scan.Level) bool { return l.Verdict != v })
	}
	switch {
	case all(scan.Harmless):
		return b.Levels[len(b.Levels)-1].Latency, math.Inf(1), true
	case all(scan.Harmful):
		return 0, b.Levels[0].Latency, true
	}
	return 0, 0, false
}

// findings are those that one side alone has.
func (p *scanPair) findings() (list []FindingChange) {
	add := func(only string, of, other *scan.Map) {
		for _, f := range of.Findings {
			if !slices.ContainsFunc(other.Findings, func(o scan.Finding) bool { return sameFinding(f, o) }) {
				list = append(list, FindingChange{Only: only, Finding: f, Known: answered(other, f)})
			}
		}
	}
	add(InHead, p.head, p.base)
	add(InBase, p.base, p.head)
	return list
}

func sameFinding(a, b scan.Finding) bool {
	return a.Code == b.Code && a.Dependency == b.Dependency && a.Other == b.Other && a.Invariant == b.Invariant
}

// answered reports whether a map has an answer in every failure mode of a finding, and where
// several failed at once, whether it has one for these together.
func answered(m *scan.Map, f scan.Finding) bool {
	together := func(names ...string) func(scan.Cell) bool {
		return func(c scan.Cell) bool {
			return c.Verdict.Decided() && slices.EqualFunc(c.Faults, names, func(x scan.Fault, name string) bool { return x.Dependency == name })
		}
	}
	switch {
	case len(f.Pool) > 0:
		return slices.ContainsFunc(m.Pools, together(f.Pool...))
	case f.Other != "":
		return slices.ContainsFunc(m.Pairs, together(f.Dependency, f.Other))
	}
	d := m.Dependency(f.Dependency)
	return d != nil && len(f.Modes) > 0 && !slices.ContainsFunc(f.Modes, func(mode plan.FailureMode) bool {
		c := cellIn(d, mode)
		return c == nil || !c.Verdict.Decided()
	})
}

// notes are what a reader should know about the comparison as a whole.
func (p *scanPair) notes(s *ScanComparison) (list []string) {
	if len(s.Diff) > 0 {
		list = append(list, "the documents differ: what changed may be their doing")
	}
	if p.base.Since != "" || p.head.Since != "" {
		list = append(list, "cells were taken over from an earlier scan: what is compared there is older")
	}
	if n := s.Counts[Uncertain]; n > 0 {
		list = append(list, fmt.Sprintf("%d without an answer on one side at least: that is neither a regression nor the absence of one", n))
	}
	return list
}
