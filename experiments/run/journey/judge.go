package journey

import (
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A Verdict is how one step ended.
type Verdict struct {
	Outcome  journal.Outcome // Slow is not judged here: it is a matter of the whole journey
	Cause    journal.Cause   // where Outcome is Failed
	Detail   string          // what was not as expected, without secrets; empty where all was well
	Err      error           // why there is no answer; may be of class experiments.ErrRefused, and hold secrets
	Miss     *Miss           // the expectation that was not met
	Document any             // the answer's JSON, where something looked into it
	Took     time.Duration
}

// An answer is what is judged.
type answer struct {
	resp     *Response
	document any
}

// judge compares an answer with what its step expects: first the status, then
// the content. Its captures are taken by take.
func (c *call) judge(a *answer, v *values, clean func(string) string) Verdict {
	if !c.expects(a.resp.Status) {
		return Verdict{Outcome: journal.Failed, Cause: journal.Status, Detail: fmt.Sprintf("status %d, expected %s", a.resp.Status, c.expected())}
	}
	if c.decodes {
		document, err := decodeJSON(a.resp.Body)
		if err != nil {
			return Verdict{Outcome: journal.Wrong, Detail: cut(clean("the body is not JSON: "+err.Error()), shownDetail)}
		}
		a.document = document
	}
	for i := range c.checks {
		if m := c.checks[i].run(a, v); m != nil {
			return Verdict{Outcome: journal.Wrong, Miss: m, Document: a.document, Detail: cut(m.describe(clean), shownDetail)}
		}
	}
	return Verdict{Document: a.document}
}

func (c *call) expects(status int) bool {
	if len(c.statuses) == 0 {
		return status >= 200 && status < 300
	}
	return slices.Contains(c.statuses, status)
}

func (c *call) expected() string {
	switch len(c.statuses) {
	case 0:
		return "200 to 299"
	case 1:
		return fmt.Sprint(c.statuses[0])
	}
	return fmt.Sprint("one of ", c.statuses)
}

// failure judges a request that got no complete answer. An error that comes
// with the deadline is a time-out, whatever its text is.
func failure(err error, deadline time.Time, clean func(string) string) Verdict {
	cause := journal.Broken
	if timedOut(err) || !deadline.IsZero() && !time.Now().Before(deadline) {
		cause = journal.Timeout
	}
	return Verdict{Outcome: journal.Failed, Cause: cause, Err: err, Detail: cut(clean(err.Error()), shownDetail)}
}

// take keeps the values that the step captures. It is wrong where there is
// nothing to capture; a JSON null is nothing.
func (c *call) take(a *answer, v *values) (missing *capture) {
	for i := range c.captures {
		of := &c.captures[i]
		value, ok := of.value(a, v)
		if !ok {
			return of
		}
		v.slots[of.slot] = value
	}
	return nil
}

func (c *capture) value(a *answer, v *values) (any, bool) {
	switch c.From {
	case experiments.FromJSON:
		return pick(c, c.path.Select(a.document), v)
	case experiments.FromHeader:
		return pick(c, a.resp.header(c.Expr), v)
	case experiments.FromCookie:
		var found []string
		for _, set := range a.resp.header("Set-Cookie") {
			if kept, gone, ok := parseCookie("", set); ok && !gone && kept.name == c.Expr {
				found = append(found, kept.value)
			}
		}
		return pick(c, found, v)
	case experiments.FromRegex:
		return pick(c, c.matches(a.resp.Body), v)
	}
	return nil, false
}

// matches lists what the expression finds: its first group, or all of it.
func (c *capture) matches(body []byte) []string {
	most := -1
	if c.Pick != experiments.Last && c.Pick != experiments.Random {
		most = 1
	}
	var list []string
	for _, m := range c.match.FindAllSubmatch(body, most) {
		list = append(list, string(m[min(1, len(m)-1)]))
	}
	return list
}

// pick takes one of the values found; JSON's null is not one.
func pick[T any](c *capture, found []T, v *values) (any, bool) {
	if len(found) == 0 {
		return nil, false
	}
	at := 0
	switch c.Pick {
	case experiments.Last:
		at = len(found) - 1
	case experiments.Random:
		at = v.picks.IntN(len(found))
	}
	value := any(found[at])
	return value, value != nil
}

func (c *capture) String() string {
	switch c.From {
	case experiments.FromJSON:
		return c.Expr
	case experiments.FromRegex:
		return "/" + c.Expr + "/"
	}
	return string(c.From) + " " + c.Expr
}
