package approval

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/encode"
)

// Formats are the names of the formats of a decision.
func Formats() []string { return []string{"json", "text"} }

// FormatFor is the format of a decision by its name.
func FormatFor(name string) (func(io.Writer, *policy.Decision) error, error) {
	switch name {
	case "json":
		return func(w io.Writer, d *policy.Decision) error { return encode.WriteJSON(w, d) }, nil
	case "text":
		return writeText, nil
	}
	return nil, &report.UnknownFormatError{Kind: "format of a decision", Name: name, Known: Formats()}
}

// ExitMeaning says in words what the exit code of a decision means.
func ExitMeaning(d *policy.Decision) string {
	if d.Pass {
		return "the change may pass"
	}
	return "the change may not pass"
}

// lines are facts, each with its name.
type lines struct{ strings.Builder }

func (l *lines) add(name, format string, args ...any) {
	l.WriteString(fmt.Sprintf("  %-12s ", name) + inert.Text(fmt.Sprintf(format, args...)) + "\n")
}

// writeText writes a decision for people. What statements say is somebody else's text.
func writeText(w io.Writer, d *policy.Decision) error {
	var l lines
	l.WriteString(figures.Capital(ExitMeaning(d)) + ".\n")
	for _, r := range d.Denied {
		l.add("denied", "%s: %s", r.Code, r.Text)
	}
	for _, r := range d.Told {
		l.add("overlooked", "%s: %s", r.Code, r.Text)
	}
	for _, s := range d.Subjects {
		l.add("change", "%s", s)
	}
	if !d.At.IsZero() {
		l.add("as at", "%s: what may pass now is not said", d.At.Format(time.RFC3339))
	}
	if d.Run != "" {
		l.add("run", "%s, %s, ended %s UTC, valid until %s UTC", d.Run, d.Verdict, figures.Minute(d.Finished), figures.Minute(d.ValidUntil))
		l.attempts(d.Attempts, d.Tried)
	}
	for _, id := range d.SignedBy {
		l.add("signed by", "%s", id)
	}
	l.before(d.Comparison, d.Earlier)
	_, err := io.WriteString(w, l.String())
	return err
}

// attempts are how often a change was measured before, and what was found then: a result that
// was repeated until it passed is seen.
func (l *lines) attempts(n int, list []statement.Attempt) {
	if n == 0 {
		l.add("attempts", "never measured before")
		return
	}
	l.add("attempts", "measured %s before", figures.Plural(n, "time", "times"))
	for _, a := range list {
		l.add("", "%s UTC: %s, run %s", figures.Minute(a.At), a.Verdict, a.Run)
	}
}

// before are the comparison of a run, and the bypasses before it.
func (l *lines) before(c *statement.Comparison, bypasses []statement.Bypass) {
	if c != nil {
		what := map[string]string{"held": "no regression shown", "refuted": "regressed", "invalid": "nothing is comparable"}[string(c.Verdict)]
		l.add("compared", "with %s: %s", strings.Join(c.Base, ", "), what)
	}
	for _, b := range bypasses {
		l.add("bypassed", "before, by %s at %s: %s", b.By, b.At.UTC().Format(time.RFC3339), b.Reason)
	}
}
