package encode

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report/words"
)

// JUnit is the root of a JUnit file, with the elements that Jenkins, GitLab and
// the actions of GitHub read. There is no standard; the schema of Jenkins' xUnit
// plug-in (junit-10) is the strictest that a reader applies, and it knows no other
// attributes than these.
type JUnit struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Time     string   `xml:"time,attr"` // seconds
	Suites   []Suite  `xml:"testsuite"`
}

// A Suite holds the cases of one experiment.
type Suite struct {
	ID         string     `xml:"id,attr,omitempty"`
	Name       string     `xml:"name,attr"`
	File       string     `xml:"file,attr,omitempty"` // the schema knows it here, not at a case
	Tests      int        `xml:"tests,attr"`
	Failures   int        `xml:"failures,attr"`
	Errors     int        `xml:"errors,attr"`
	Skipped    int        `xml:"skipped,attr"`
	Time       string     `xml:"time,attr"` // seconds: the sum of the cases
	Timestamp  string     `xml:"timestamp,attr,omitempty"`
	Properties []Property `xml:"properties>property,omitempty"`
	Cases      []Case     `xml:"testcase"`
	Out        string     `xml:"system-out,omitempty"` // see [Suite.SetOut]

	seconds float64
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
	Time    string `xml:"time,attr"` // seconds
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
	Seconds  float64 // that the answer took; nothing below 0
	Verdict  result.Verdict
	Type     string   // of a failure; empty: the verdict
	Expected string   // and what was measured, on one line
	Reasons  []string // the first one is the message
	Links    []Link   // told where the case does not pass
}

// Set adds a property.
func (s *Suite) Set(name, value string) {
	s.Properties = append(s.Properties, Property{name, value})
}

// SetOut sets what servers show as the output of the suite, a line each.
func (s *Suite) SetOut(lines []string) {
	for i := range lines {
		lines[i] = inert.Text(lines[i]) // so that each is one
	}
	s.Out = strings.Join(lines, "\n")
}

// SetLinks sets a property for each link.
func (s *Suite) SetLinks(links []Link) {
	for _, l := range links {
		s.Set("link."+l.Label, l.URL)
	}
}

// Add adds a case to the suite. Only held passes; what was not run is skipped, and
// a verdict that is no answer is an error.
func (s *Suite) Add(o Outcome) {
	c := Case{Name: o.Name, Time: seconds(o.Seconds)}
	s.seconds += max(0, o.Seconds)
	s.Time = seconds(s.seconds)
	var lines []string
	for _, line := range slices.Concat(words.NonEmpty(o.Expected), o.Reasons, LinkTexts(o.Links)) {
		lines = append(lines, inert.Text(line)) // so that each is one
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

// seconds writes a time as the schema has it: no sign and no exponent. A clock that was
// set back makes it 0.
func seconds(n float64) string { return figures.Fixed(max(0, n), 3) }

// Readers refuse a whole file for one text of 10 MB, show names in a column, and keep
// what they read for each build.
const (
	longestName  = 500 // characters
	longestLine  = 4_000
	longestCause = 60_000
)

// name makes a name harmless and short.
func name(text string) string { return shortened(inert.Text(text), longestName) }

// line makes a line harmless and short.
func line(text string) string { return shortened(inert.Text(text), longestLine) }

// inert returns the suite with every text made harmless and short, whoever set it.
func (s Suite) inert() Suite {
	s.ID, s.Name, s.File, s.Time, s.Timestamp = name(s.ID), name(s.Name), line(s.File), seconds(s.seconds), name(s.Timestamp)
	s.Out = shortened(inert.Lines(s.Out), longestCause)
	s.Properties = slices.Clone(s.Properties)
	for i, p := range s.Properties {
		s.Properties[i] = Property{name(p.Name), line(p.Value)}
	}
	s.Cases = slices.Clone(s.Cases)
	for i, c := range s.Cases {
		s.Cases[i] = Case{
			Class: name(c.Class), Name: name(c.Name), Time: c.Time,
			Failure: c.Failure.inert(), Error: c.Error.inert(), Skipped: c.Skipped.inert(),
		}
	}
	return s
}

// inert returns the cause with every text made harmless and short; nil for nil.
func (c *Cause) inert() *Cause {
	if c == nil {
		return nil
	}
	return &Cause{Message: line(c.Message), Type: name(c.Type), Text: shortened(inert.Lines(c.Text), longestCause)}
}

// A Kind is what a JUnit file is about. GitLab takes two cases of a job for one, and
// shows the first alone, where their class and name are the same: so each kind has a
// class of its own.
type Kind string

// The kinds of JUnit files.
const (
	RunKind         Kind = "run"
	ScanKind        Kind = "scan"
	CompareKind     Kind = "compare"
	CompareScanKind Kind = "compare-scan"
	ValidateKind    Kind = "validate"
	GateKind        Kind = "gate"
)

// class is the class name of all cases of a file: "blastgauge.run.checkout". Jenkins
// shows what is before the last dot as a package.
func (k Kind) class(system string) string {
	return strings.Join(words.NonEmpty("blastgauge", string(k), strings.ReplaceAll(name(system), ".", "-")), ".")
}

// WriteJUnit writes the suites of a system with the sums of their counts.
func WriteJUnit(w io.Writer, kind Kind, system string, suites []Suite) error {
	class, taken := kind.class(system), map[string]bool{}
	all := JUnit{Name: strings.Join(words.NonEmpty("blastgauge "+string(kind), name(system)), " ")}
	total := 0.0
	for _, s := range suites {
		s = s.inert()
		for i := range s.Cases {
			s.Cases[i].Class, s.Cases[i].Name = class, unique(s.Cases[i].Name, taken)
		}
		all.Suites = append(all.Suites, s)
		all.Tests += s.Tests
		all.Failures += s.Failures
		all.Errors += s.Errors
		total += s.seconds
	}
	all.Time = seconds(total)
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("encode JUnit: %w", err)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, text)
	return err
}

// unique is a name that no case of the file has yet: servers leave the second one out.
func unique(name string, taken map[string]bool) string {
	free := name
	for n := 2; taken[free]; n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	taken[free] = true
	return free
}
