package journey

import (
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A Verdict is how one step ended.
type Verdict struct {
	Outcome  journal.Outcome // never Slow, which depends on the whole journey
	Cause    journal.Cause   // where Outcome is Failed
	Detail   string          // what was not as expected, without secrets; empty where Outcome is OK
	Err      error           // why there is no answer, without secrets; may be of class experiments.ErrRefused
	Mismatch *Mismatch       // the expectation that was not met
	Document any             // the answer's JSON, where the step needed it
	Took     time.Duration
}

// An answer is what a step is judged by.
type answer struct {
	resp     *Response
	document any // decoded from the body, where the step needs it
}

// judge compares an answer with what its step expects: first the status, then
// the content.
func (s *step) judge(a *answer, v *values, hidden *redact.Secrets) Verdict {
	if !s.acceptsStatus(a.resp.Status) {
		return Verdict{Outcome: journal.Failed, Cause: journal.Status, Detail: fmt.Sprintf("status %d, expected %s", a.resp.Status, s.acceptedStatuses())}
	}
	if s.decodes {
		document, err := decodeJSON(a.resp.Body)
		if err != nil {
			return Verdict{Outcome: journal.Wrong, Detail: hidden.Text("the body is not JSON: "+err.Error(), maxDetail)}
		}
		a.document = document
	}
	for i := range s.expectations {
		if m := s.expectations[i].check(a, v); m != nil {
			return Verdict{Outcome: journal.Wrong, Mismatch: m, Document: a.document, Detail: hidden.Text(m.describe(hidden), maxDetail)}
		}
	}
	return Verdict{Document: a.document}
}

func (s *step) acceptsStatus(status int) bool {
	if len(s.statuses) == 0 {
		return status >= 200 && status < 300
	}
	return slices.Contains(s.statuses, status)
}

func (s *step) acceptedStatuses() string {
	switch len(s.statuses) {
	case 0:
		return "200 to 299"
	case 1:
		return fmt.Sprint(s.statuses[0])
	}
	return fmt.Sprint("one of ", s.statuses)
}

// failure judges a request that got no complete answer. An error that comes
// with the deadline is a time-out, whatever its text is.
func failure(err error, deadline time.Time, hidden *redact.Secrets) Verdict {
	cause := journal.Broken
	if isTimeout(err) || !deadline.IsZero() && !time.Now().Before(deadline) {
		cause = journal.Timeout
	}
	shown := hidden.Error(err, maxError)
	return Verdict{Outcome: journal.Failed, Cause: cause, Err: shown, Detail: hidden.Text(shown.Error(), maxDetail)}
}

// capture keeps the values that later steps need. It returns the first capture
// that found no value; a JSON null is no value.
func (s *step) capture(a *answer, v *values) (missing *capture) {
	for i := range s.captures {
		c := &s.captures[i]
		value, ok := c.value(a, v)
		if !ok {
			return c
		}
		v.slots[c.slot] = value
	}
	return nil
}

func (c *capture) value(a *answer, v *values) (any, bool) {
	switch c.From {
	case experiments.FromJSON:
		return pick(c.Pick, c.path.Select(a.document), v)
	case experiments.FromHeader:
		return pick(c.Pick, a.resp.header(c.Expr), v)
	case experiments.FromCookie:
		return pick(c.Pick, a.resp.cookie(c.Expr), v)
	case experiments.FromRegex:
		return pick(c.Pick, c.matches(a.resp.Body), v)
	}
	return nil, false
}

// matches returns what the expression finds, each time its first group or, where
// it has no group, the whole match.
func (c *capture) matches(body []byte) []string {
	limit := -1
	if c.Pick != experiments.Last && c.Pick != experiments.Random {
		limit = 1
	}
	var list []string
	for _, m := range c.match.FindAllSubmatch(body, limit) {
		list = append(list, string(m[min(1, len(m)-1)]))
	}
	return list
}

// pick chooses one of the values found. It reports false where there is none, or
// where the chosen value is a JSON null.
func pick[T any](how experiments.Pick, found []T, v *values) (any, bool) {
	if len(found) == 0 {
		return nil, false
	}
	at := 0
	switch how {
	case experiments.Last:
		at = len(found) - 1
	case experiments.Random:
		at = v.choices.IntN(len(found))
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
