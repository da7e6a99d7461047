package scans

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/report/encode"
	"github.com/blastgauge/blastgauge/report/words"
)

// WriteJUnit writes a suite per dependency with a case per failure mode, a case for its
// breaking point where that was searched, suites of the pairs and the pools, and one of the
// scan itself.
// Servers follow a case from run to run by its names, so these hold nothing that was
// measured.
//
// A case fails where its cell is weak, which is where the exit code of the scan says that it
// found weaknesses: an invariant broke, or it harms although nobody declared the dependency
// hard, or a finding names it. That a dependency which is declared hard is hard is no
// failure: it passes. What was not decided, or may be chance, is skipped, and says why. The
// case of the scan is an error where the scan could not do its work.
func WriteJUnit(w io.Writer, r *result.Result, links ...encode.Link) error {
	s := summarize(r)
	var suites []encode.Suite
	for _, one := range s.rows {
		suites = append(suites, s.suiteOf(one, links))
	}
	if len(s.m.Pairs) > 0 {
		suites = append(suites, s.pairSuite(links))
	}
	if len(s.m.Pools) > 0 {
		suites = append(suites, s.poolSuite(links))
	}
	suites = append(suites, s.scanSuite(links))
	return encode.WriteJUnit(w, encode.ScanKind, r.System.Name, suites)
}

// newSuite is an empty suite of a scan.
func (s *summary) newSuite(id, name string, links []encode.Link) encode.Suite {
	suite := encode.Suite{ID: id, Name: name}
	if !s.r.Run.Started.IsZero() {
		suite.Timestamp = s.r.Run.Started.UTC().Format("2006-01-02T15:04:05")
	}
	suite.Set("run", s.r.Run.ID)
	suite.SetLinks(links)
	return suite
}

// suiteOf is the suite of one dependency.
func (s *summary) suiteOf(r row, links []encode.Link) encode.Suite {
	suite := s.newSuite(r.Name, r.Name, links)
	for _, p := range [][2]string{{"declared", r.Declared}, {"behaves", r.Behaves}, {"owner", r.Owner}} {
		if p[1] != "" {
			suite.Set(p[0], p[1])
		}
	}
	for _, c := range r.cells {
		setShare(&suite, string(c.mode), c.worst())
		o := encode.Outcome{
			Name: r.Name + ": " + words.Mode(c.mode), Seconds: c.Seconds, Links: links,
			Expected: c.measured(), Verdict: c.caseVerdict(s.m.Weak(r.Dependency, c.Cell)), Reasons: c.reasons(),
		}
		if c.Pooled || c.TakenOver { // the pool, or an earlier scan, took the time
			o.Seconds = 0
		}
		suite.Add(o)
	}
	if r.BreakingPoint != nil {
		suite.Add(s.breakingCase(r, links))
	}
	return suite
}

// caseVerdict is the verdict of a case: what is not decided, or may be chance, is not an
// answer.
func (c cellOf) caseVerdict(weak bool) result.Verdict {
	switch {
	case weak:
		return result.Refuted
	case c.Verdict.Decided() && !c.unsure() && !c.unseen():
		return result.Held
	}
	return result.NotRun
}

// reasons are why a case did not pass.
func (c cellOf) reasons() []string {
	first := c.of.Name + " " + c.mode.Does() + ": " + words.CellVerdict(c.Verdict)
	if !c.Verdict.Decided() {
		why := c.reason()
		facts := slices.DeleteFunc(c.facts(), func(text string) bool { return text == why })
		return slices.Concat([]string{first + reasonOf(c.m, c.Cell)}, facts, causes(c.m.Numbers(c.Cell)))
	}
	but := ""
	switch {
	case c.unsure():
		but = c.chance()
	case c.unseen():
		but = unseen
	}
	first = strings.Join(words.NonEmpty(first, but, c.measured(), row{Dependency: c.of}.declared()), ", ")
	return slices.Concat([]string{first}, c.facts(), causes(c.m.Numbers(c.Cell)))
}

// breakingCase is the case of a breaking point. It fails where it is below what the
// dependency takes on a usual day.
func (s *summary) breakingCase(r row, links []encode.Link) encode.Outcome {
	o := encode.Outcome{Name: r.Name + ": breaking point", Verdict: result.Held, Expected: r.breakingPoint(), Links: links}
	for _, l := range r.BreakingPoint.Levels {
		if j := l.Worst(); j != nil {
			o.Reasons = append(o.Reasons, "at "+figures.Latency(l.Latency)+": "+words.CellVerdict(l.Verdict)+", "+words.Harm(j)+" of "+j.Journey+" journeys")
		}
	}
	for _, f := range found(s.m, s.m.Findings) {
		if f.Code == scan.LowBreaking && f.Dependency == r.Name {
			o.Verdict = result.Refuted
			o.Reasons = append([]string{f.sentence()}, o.Reasons...)
			return o
		}
	}
	if r.BreakingPoint.Kind == words.OpenBreak {
		o.Verdict = result.NotRun
		o.Reasons = append([]string{r.breakingPoint()}, o.Reasons...)
	}
	return o
}

// pairSuite is the suite of the pairs.
func (s *summary) pairSuite(links []encode.Link) encode.Suite {
	suite := s.newSuite("_pairs", "pairs", links)
	for i := range s.m.Pairs {
		p := &s.m.Pairs[i]
		o := encode.Outcome{
			Name: "pairs: " + pairName(p), Seconds: p.Seconds, Verdict: s.pair(p).caseVerdict(s.m.WeakPair(p) || s.shows(p)),
			Reasons: append([]string{s.pairSentence(p)}, causes(p.Journeys)...), Links: links,
		}
		if p.TakenOver {
			o.Seconds = 0
		}
		suite.Add(o)
	}
	return suite
}

// poolSuite is the suite of the pools. A case fails where a pool shows a weakness that no
// cell of its members does. What else harms in it, these tell.
func (s *summary) poolSuite(links []encode.Link) encode.Suite {
	suite := s.newSuite("_pools", "pools", links)
	for i := range s.m.Pools {
		p := &s.m.Pools[i]
		o := encode.Outcome{Name: "pools: each " + modeOf(p).Does(), Verdict: result.Held, Expected: s.poolSentence(p), Seconds: p.Seconds, Links: links}
		if s.shows(p) {
			o.Verdict, o.Reasons = result.Refuted, append([]string{s.poolSentence(p)}, s.pair(p).facts()...)
		}
		suite.Add(o)
	}
	return suite
}

// scanSuite is the suite of the scan itself, whose case is an error where a verdict on the
// cells is not to be had, or a fault is left.
func (s *summary) scanSuite(links []encode.Link) encode.Suite {
	suite := s.newSuite("_scan", "scan", links)
	o := encode.Outcome{Name: "scan: came to a verdict", Verdict: result.Held, Expected: s.ended(), Reasons: s.trouble(), Links: links}
	switch {
	case len(o.Reasons) > 0:
		o.Verdict = result.Invalid
	case s.r.Run.Outcome == result.Interrupted:
		o.Verdict, o.Reasons = result.NotRun, []string{s.why()}
	}
	suite.Add(o)
	lines := encode.NoteLines(s.r.Run.Notes)
	if s.r.Run.InterruptedBy != "" {
		lines = append(lines, "stopped by "+words.StoppedBy(&s.r.Run))
	}
	suite.SetOut(lines)
	return suite
}

// setShare sets the numbers of a cell, for those who chart them.
func setShare(suite *encode.Suite, mode string, j *scan.CellJourney) {
	if j == nil {
		return
	}
	mode = cmp.Or(mode, words.Unknown)
	suite.Set(mode+".journey", j.Journey)
	suite.Set(mode+".estimate", figures.Fixed(j.Estimate, 4))
	suite.Set(mode+".low", figures.Fixed(j.Low, 4))
	suite.Set(mode+".high", figures.Fixed(j.High, 4))
}
