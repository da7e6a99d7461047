package statement

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// Bounds of what a statement can hold.
const (
	mostText    = 2000 // bytes
	mostItems   = 10_000
	mostShare   = 1e3 // an interval may be wider than a share can be, not so much wider
	mostCount   = 1e15
	mostSeconds = 1e9
)

// A checker finds the first thing that no statement can say.
type checker struct{ err error }

func (c *checker) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s: %s", strictjson.ErrMalformed, field, fmt.Sprintf(format, args...))
	}
}

func (c *checker) add(err error) {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%w: %w", strictjson.ErrMalformed, err)
	}
}

// IsLine reports whether a text can stand in a statement: it is one line, which may be empty,
// and not too long.
func IsLine(text string) bool {
	return len(text) <= mostText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// text is one line, and not empty.
func (c *checker) text(field, text string) {
	if text == "" {
		c.fail(field, "it is empty")
	}
	c.maybe(field, text)
}

// maybe is one line, or empty.
func (c *checker) maybe(field, text string) {
	if !IsLine(text) {
		c.fail(field, "%.80q is no line of text of at most %d bytes", text, mostText)
	}
}

// items are a list, which may be empty, but not null.
func items[T any](c *checker, field string, list []T) {
	if list == nil {
		c.fail(field, "a list is needed")
	}
	if len(list) > mostItems {
		c.fail(field, "%d of them, at most %d are possible", len(list), mostItems)
	}
}

func (c *checker) within(field string, low, high float64, values ...float64) {
	for _, v := range values {
		if math.IsNaN(v) || v < low || v > high {
			c.fail(field, "%g is out of range", v)
		}
	}
}

func (c *checker) verdict(field string, v result.Verdict) {
	if !slices.Contains([]result.Verdict{result.Held, result.Refuted, result.Inconclusive, result.Invalid, result.NotRun}, v) {
		c.fail(field, "%.80q is no verdict", string(v))
	}
}

// time is one in UTC, to the millisecond.
func (c *checker) time(field string, list ...time.Time) {
	for _, at := range list {
		if at.Year() < 1 || at.Year() > 9999 || !at.Equal(at.Truncate(time.Millisecond)) || at.Location() != time.UTC {
			c.fail(field, "%s is no time in UTC to the millisecond", at.Format(time.RFC3339Nano))
		}
	}
}

func (c *checker) digest(field string, d *Digest) {
	if d == nil {
		return
	}
	if d.SHA256 == "" {
		c.fail(field, "a SHA-256 is needed")
	}
	c.add(d.check())
}

func (c *checker) subjects(list []Subject) {
	if len(list) == 0 {
		c.fail("subject", "there is none")
	}
	items(c, "subject", list)
	for i, s := range list {
		c.add(s.Check())
		if slices.Contains(list[:min(i, 100)], s) {
			c.fail("subject", "%.80q stands twice", s.Name)
		}
	}
}

func checkTestResult(s *Statement[TestResult]) error {
	c := &checker{}
	c.subjects(s.Subject)
	a := &s.Predicate
	if !slices.Contains([]Outcome{Passed, Warned, Failed, Error, Skipped}, a.Result) {
		c.fail("result", "%.80q is unknown", string(a.Result))
	}
	if len(a.Configuration) == 0 {
		c.fail("configuration", "there is none")
	}
	items(c, "configuration", a.Configuration)
	for i := range a.Configuration {
		c.text("configuration", a.Configuration[i].Name)
		c.digest("configuration", &a.Configuration[i].Digest)
	}
	c.maybe("url", a.URL)
	for _, list := range [][]string{a.PassedTests, a.WarnedTests, a.FailedTests} {
		if list != nil {
			items(c, "tests", list)
		}
		for _, name := range list {
			c.text("tests", name)
		}
	}
	return c.err
}

func checkResilience(s *Statement[Resilience]) error {
	c := &checker{}
	c.subjects(s.Subject)
	b := &s.Predicate
	c.text("tool", b.Tool.Name)
	c.maybe("tool", b.Tool.Version)
	c.digest("tool", b.Tool.Digest)
	c.text("run", b.Run)
	c.maybe("environment", b.Environment)
	c.text("system", b.System.Name)
	c.digest("system", &b.System.Digest)
	if o := b.Overrides; o != nil {
		c.digest("overrides", o.Set)
		c.maybe("overrides", o.Phases)
	}
	c.time("time", b.Started, b.Finished, b.ValidUntil)
	if b.Finished.Before(b.Started) || !b.ValidUntil.After(b.Finished) {
		c.fail("time", "started, finished and valid_until are not in this order")
	}
	c.verdict("verdict", b.Verdict)
	c.within("exit_code", 0, 255, float64(b.ExitCode))
	c.experiments(b)
	c.change(b.Change, s.Subject)
	c.attempts(&b.Attempts)
	c.comparison(b.Comparison)
	c.bypass(b.Bypass)
	if g := b.Budget; g != nil {
		c.within("budget", 0, 1, g.SecondApproverAbove)
		c.within("budget", -mostShare, mostShare, g.High)
		if high, known := b.HighestHarm(); known && g.High != high || !known && g.High != 1 {
			c.fail("budget", "its high is %g, and not the highest upper bound of any journey", g.High)
		}
	}
	return c.err
}

func (c *checker) experiments(b *Resilience) {
	items(c, "experiments", b.Experiments)
	if len(b.Experiments) == 0 && b.Verdict == result.Held {
		c.fail("verdict", "it is held, and there are no experiments")
	}
	ids := map[string]bool{}
	for i := range b.Experiments {
		e := &b.Experiments[i]
		if ids[e.ID] {
			c.fail("experiments", "%.80q stands twice", e.ID)
		}
		ids[e.ID] = true
		c.experiment(e)
		if Worse(b.Verdict, e.Verdict) != b.Verdict {
			c.fail("verdict", "it is %s, and experiment %.80q is %s", b.Verdict, e.ID, e.Verdict)
		}
	}
}

// codeForm is the form of words for programs.
var codeForm = lazyregexp.New(`^[a-z][a-z0-9_]{0,62}$`)

func (c *checker) experiment(e *Experiment) {
	c.text("experiment", e.ID)
	c.digest("experiment", &e.Digest)
	c.verdict("experiment", e.Verdict)
	items(c, "reasons", e.Reasons)
	items(c, "journeys", e.Journeys)
	items(c, "faults", e.Faults)
	items(c, "invariants", e.Invariants)
	for _, code := range e.Reasons {
		if !codeForm.MatchString(string(code)) {
			c.fail("reasons", "%.80q is no word for programs", string(code))
		}
	}
	if e.Control != "" && !slices.Contains([]string{ControlConcurrent, ControlContaminated, ControlBefore, ControlTurns}, e.Control) {
		c.fail("control", "%.80q is unknown", e.Control)
	}
	for _, j := range e.Journeys {
		c.text("journey", j.Name)
		c.harm(j.Harm)
		c.within("limit", 0, 1, j.Limit)
		c.within("n", 0, mostCount, float64(j.N.Fault), float64(j.N.Control))
		c.verdict("journey", j.Verdict)
	}
	for _, f := range e.Faults {
		c.text("fault", f.Name)
		c.maybe("fault", f.Kind)
		c.maybe("fault", f.Target)
		c.within("fault", 0, mostCount, float64(f.Met), float64(f.Of))
	}
	for _, i := range e.Invariants {
		c.text("invariant", i.Name)
		c.within("invariant", 0, mostCount, i.NewViolations)
	}
	if r := e.Recovery; r != nil {
		c.within("recovery", 0, mostSeconds, r.Limit)
		if r.Took != nil {
			c.within("recovery", 0, mostSeconds, *r.Took)
		}
	}
}

func (c *checker) harm(h *Harm) {
	if h == nil {
		return
	}
	c.within("harm", -mostShare, mostShare, h.Estimate, h.Low, h.High)
	c.within("confidence", 0, 1, h.Confidence)
	if h.Low > h.High {
		c.fail("harm", "its bounds are %g and %g, the lower one above the upper", h.Low, h.High)
	}
}

func (c *checker) change(x *Change, subjects []Subject) {
	if x == nil {
		return
	}
	if !slices.ContainsFunc(subjects, func(s Subject) bool { return s.Digest == x.To }) {
		c.fail("change", "what it leads to is no subject")
	}
	c.digest("change", x.From)
	c.digest("change", &x.To)
	items(c, "pointers", x.Pointers)
	items(c, "neighbourhood", x.Neighbourhood)
	for _, p := range x.Pointers {
		c.pointer(p)
	}
	for i := range x.Neighbourhood {
		c.neighbor(&x.Neighbourhood[i])
	}
	if x.NearestFailing != nil {
		c.neighbor(x.NearestFailing)
	}
}

func (c *checker) neighbor(n *Neighbor) {
	c.text("operator", n.Operator)
	c.pointer(n.Pointer)
	c.maybe("value", n.Value)
	c.verdict("neighbourhood", n.Verdict)
	c.harm(n.Harm)
}

// pointer is a JSON Pointer; the empty one is the whole document.
func (c *checker) pointer(p string) {
	c.maybe("pointer", p)
	if p != "" && p[0] != '/' {
		c.fail("pointer", "%.80q is no JSON Pointer", p)
	}
}
