package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// The JUnit elements that Jenkins, GitLab and the actions of GitHub read. There
// is no standard; the schema of Jenkins' xUnit plugin is the one most agree on.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr,omitempty"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	File    string      `xml:"file,attr,omitempty"`
	Failure *junitCause `xml:"failure"`
	Error   *junitCause `xml:"error"`
	Skipped *junitCause `xml:"skipped"`
}

type junitCause struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a suite per experiment and a case per criterion, after a case
// "hypothesis" for the verdict as a whole, which every experiment has: servers
// follow a case from run to run by its names, so these hold nothing measured. A
// verdict that is not an answer is an error and not a pass; what was not run is
// skipped.
func writeJUnit(w io.Writer, r *result.Result) error {
	all := junitSuites{Name: "blastgauge " + plain(r.System.Name)}
	for i := range r.Experiments {
		suite := junitOf(r, &r.Experiments[i])
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

func junitOf(r *result.Result, e *result.Experiment) junitSuite {
	s := junitSuite{Name: plain(e.ID), Time: "0", Properties: junitProperties(r, e)}
	if n := len(e.Phases); n > 0 {
		s.Time = fixed(e.Phases[n-1].To.Sub(e.Phases[0].From).Seconds(), 3)
		s.Timestamp = e.Phases[0].From.UTC().Format("2006-01-02T15:04:05")
	}
	s.add(e, "hypothesis", e.Verdict, plain(e.Hypothesis), e.Reasons)
	for _, c := range e.Criteria {
		if e.Verdict == result.Invalid || e.Verdict == result.NotRun { // then none was judged
			s.add(e, plain(c.Name), result.NotRun, junitMeasured(c), []string{"the experiment is " + word(e.Verdict)})
			continue
		}
		s.add(e, plain(c.Name), c.Verdict, junitMeasured(c), fields(c.Detail))
	}
	return s
}

// add is one case. What it says when it fails is the first reason; the others
// and what was expected are its text.
func (s *junitSuite) add(e *result.Experiment, name string, v result.Verdict, expected string, reasons []string) {
	c := junitCase{Class: plain(e.ID), Name: name, File: plain(e.File)}
	lines := fields(expected)
	for _, reason := range reasons {
		lines = append(lines, plain(reason))
	}
	cause := &junitCause{Message: plain(first(reasons)), Type: string(v), Text: strings.Join(lines, "\n")}
	s.Tests++
	switch v {
	case result.Held:
	case result.Refuted:
		c.Failure = cause
		s.Failures++
	case result.NotRun:
		cause.Type = "" // a skipped case has no type in the schema
		c.Skipped = cause
		s.Skipped++
	default:
		c.Error = cause
		s.Errors++
	}
	s.Cases = append(s.Cases, c)
}

func junitMeasured(c result.Criterion) string {
	var parts []string
	if c.Measured != "" {
		parts = append(parts, "measured "+plain(c.Measured))
	}
	if c.Limit != "" {
		parts = append(parts, "limit "+plain(c.Limit))
	}
	return strings.Join(parts, ", ")
}

// junitProperties are the numbers, for those who chart them.
func junitProperties(r *result.Result, e *result.Experiment) []junitProperty {
	list := []junitProperty{{"run", plain(r.Run.ID)}, {"verdict", string(e.Verdict)}}
	if b := known(e); b != nil {
		list = append(list,
			junitProperty{"blast_radius.journey", plain(b.Journey)},
			junitProperty{"blast_radius.estimate", fixed(b.Estimate, 4)},
			junitProperty{"blast_radius.low", fixed(b.Low, 4)},
			junitProperty{"blast_radius.high", fixed(b.High, 4)},
			junitProperty{"blast_radius.limit", fixed(limitOf(e), 4)},
		)
	}
	if e.Recovery != nil && !e.Recovery.Censored {
		list = append(list, junitProperty{"recovery.seconds", fixed(e.Recovery.Seconds, 1)})
	}
	return list
}
