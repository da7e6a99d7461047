package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/compare"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeCompareJUnit writes a suite per experiment with a case per journey and per
// invariant that was asked on both sides. A regression fails; what is not
// comparable is skipped, as is what is not decided: neither is a regression, and
// neither may look like a pass.
func writeCompareJUnit(w io.Writer, c *compare.Comparison) error {
	all := junitSuites{Name: "blastgauge compare " + plain(systemOf(c))}
	for i := range c.Experiments {
		suite := compareSuite(c, &c.Experiments[i])
		all.Tests += suite.Tests
		all.Failures += suite.Failures
		all.Errors += suite.Errors
		all.Skipped += suite.Skipped
		all.Suites = append(all.Suites, suite)
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

func systemOf(c *compare.Comparison) string {
	for _, runs := range [][]compare.Run{c.Head, c.Base} {
		if len(runs) > 0 {
			return runs[len(runs)-1].System
		}
	}
	return ""
}

func compareSuite(c *compare.Comparison, e *compare.Experiment) junitSuite {
	s := junitSuite{Name: plain(e.ID), Time: "0", Properties: compareProperties(c, e)}
	of := &result.Experiment{ID: e.ID, File: e.File}
	s.add(of, "no regression", compareCase(e.Status), plain(e.Title), e.Reasons)
	for _, j := range e.Journeys {
		s.add(of, "blast radius of "+plain(j.Name), compareCase(j.Status), "", []string{j.Reason})
	}
	for _, inv := range e.Invariants {
		s.add(of, "invariant "+plain(inv.Name), compareCase(inv.Status), "", []string{stateWords(inv.Base) + " in base, " + stateWords(inv.Head) + " in head"})
	}
	for _, c := range s.Cases {
		if c.Failure != nil {
			c.Failure.Type = string(compare.Regressed)
		}
	}
	return s
}

// compareCase is the verdict whose JUnit element a status has.
func compareCase(s compare.Status) result.Verdict {
	switch s {
	case compare.Regressed:
		return result.Refuted
	case compare.Improved, compare.Unchanged:
		return result.Held
	}
	return result.NotRun
}

func compareProperties(c *compare.Comparison, e *compare.Experiment) []junitProperty {
	list := []junitProperty{{"status", string(e.Status)}, {"base", runsName(c.Base)}, {"head", runsName(c.Head)}}
	if j := e.Lead(); j != nil && j.Change != nil {
		list = append(list,
			junitProperty{"change.journey", plain(j.Name)},
			junitProperty{"change.estimate", fixed(j.Change.Estimate, 4)},
			junitProperty{"change.low", fixed(j.Change.Low, 4)},
			junitProperty{"change.high", fixed(j.Change.High, 4)},
		)
	}
	return list
}

// writeCompareGitHub writes workflow commands: an error at the experiment's line
// for a regression, a warning for what is not comparable, and a notice with the
// headline.
func writeCompareGitHub(w io.Writer, c *compare.Comparison) error {
	var b bytes.Buffer
	for i := range c.Experiments {
		e := &c.Experiments[i]
		at := &result.Experiment{ID: e.ID, File: e.File, Line: e.Line}
		switch e.Status {
		case compare.Regressed:
			command(&b, "error", at, e.ID+" regressed", changeSentence(e))
		case compare.NotComparable:
			command(&b, "warning", at, e.ID+" not comparable", strings.Join(e.Reasons, "; "))
		}
	}
	fmt.Fprintf(&b, "::notice title=blastgauge compare::%s\n", workflowText(compareHeadline(c)))
	_, err := w.Write(b.Bytes())
	return err
}
