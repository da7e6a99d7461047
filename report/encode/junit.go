package encode

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// JUnit is the root of a JUnit file, with the elements that Jenkins, GitLab and
// the actions of GitHub read. There is no standard; the schema of Jenkins' xUnit
// plug-in is the one that most readers agree on.
type JUnit struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []Suite  `xml:"testsuite"`
}

// A Suite holds the cases of one experiment.
type Suite struct {
	Name       string     `xml:"name,attr"`
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"` // seconds
	Timestamp  string     `xml:"timestamp,attr,omitempty"`
	Properties []Property `xml:"properties>property"`
	Cases      []Case     `xml:"testcase"`
}

// A Property is a number of a suite, for those who chart it.
type Property struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// A Case is one question with its verdict: it passed if it has no cause.
type Case struct {
	Class   string `xml:"classname,attr"`
	Name    string `xml:"name,attr"`
	File    string `xml:"file,attr,omitempty"`
	Failure *Cause `xml:"failure"`
	Error   *Cause `xml:"error"`
	Skipped *Cause `xml:"skipped"`
}

// A Cause is why a case did not pass.
type Cause struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// An Outcome is what a case is made of.
type Outcome struct {
	Name     string
	File     string
	Verdict  result.Verdict
	Type     string   // of a failure; empty: the verdict
	Expected string   // and what was measured, on one line
	Reasons  []string // the first one is the message
}

// Set adds a property.
func (s *Suite) Set(name, value string) {
	s.Properties = append(s.Properties, Property{name, value})
}

// Add adds a case to the suite. Only held passes; what was not run is skipped, and
// a verdict that is no answer is an error.
func (s *Suite) Add(o Outcome) {
	c := Case{Class: s.Name, Name: o.Name, File: o.File}
	var lines []string
	for _, line := range append(words.NonEmpty(o.Expected), o.Reasons...) {
		lines = append(lines, inert.Text(line)) // so that each is one line
	}
	cause := &Cause{Message: words.FirstReason(o.Reasons), Type: words.VerdictCode(o.Verdict), Text: strings.Join(lines, "\n")}
	s.Tests++
	switch o.Verdict {
	case result.Held:
	case result.Refuted:
		if o.Type != "" {
			cause.Type = o.Type
		}
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

// inert returns the suite with every text made harmless, whoever set it.
func (s Suite) inert() Suite {
	s.Name, s.Time, s.Timestamp = inert.Text(s.Name), inert.Text(s.Time), inert.Text(s.Timestamp)
	s.Properties = slices.Clone(s.Properties)
	for i, p := range s.Properties {
		s.Properties[i] = Property{inert.Text(p.Name), inert.Text(p.Value)}
	}
	s.Cases = slices.Clone(s.Cases)
	for i, c := range s.Cases {
		s.Cases[i] = Case{
			Class: inert.Text(c.Class), Name: inert.Text(c.Name), File: inert.Text(c.File),
			Failure: c.Failure.inert(), Error: c.Error.inert(), Skipped: c.Skipped.inert(),
		}
	}
	return s
}

// inert returns the cause with every text made harmless; nil for nil.
func (c *Cause) inert() *Cause {
	if c == nil {
		return nil
	}
	return &Cause{Message: inert.Text(c.Message), Type: inert.Text(c.Type), Text: inert.Lines(c.Text)}
}

// WriteJUnit writes the suites with the sums of their counts.
func WriteJUnit(w io.Writer, name string, suites []Suite) error {
	all := JUnit{Name: inert.Text(name)}
	for _, s := range suites {
		all.Suites = append(all.Suites, s.inert())
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		all.Skipped += s.Skipped
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}
