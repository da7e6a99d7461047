package journey

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// maxKeys is how many of the values that a wanted key selects are kept. Two answers are
// compared by them, so a few for people to read would not do.
const maxKeys = 10_000

// A Verdict is how one step ended.
type Verdict struct {
	Outcome  journal.Outcome  // never Slow, which depends on the whole journey
	Cause    journal.Cause    // none where Outcome is OK
	Key      string           // as that of a [journal.SeenCause]
	Detail   string           // what was not as expected, without secrets; empty where Outcome is OK
	Err      error            // why there is no answer, without secrets; may be of class experiments.ErrRefused
	Mismatch *Mismatch        // the expectation that was not met
	Keys     []any            // the first values that the wanted keys select, where Outcome is Wrong
	Took     time.Duration    // without Own
	Example  *journal.Example // where one was wanted
	Own      time.Duration    // that this machine needed to judge the answers, waits for memory included
}

// An answer is what a step is judged by.
type answer struct {
	method   string // of the request that it answers
	target   string // of that request
	hops     []hop  // redirects before it
	resp     *httpclient.Response
	document jsonpath.Document // decoded from the body, where the step needs it
	bounds   jsonpath.Bounds   // of work on the answer
}

// judge compares an answer with what its step expects: first the status, then
// the content.
func (e *Execution) judge(s *step, deadline time.Time) Verdict {
	a := &e.answer
	if !s.acceptsStatus(a.resp.Status) {
		return Verdict{Outcome: journal.Failed, Cause: journal.Status, Key: strconv.Itoa(a.resp.Status), Detail: fmt.Sprintf("status %d, expected %s", a.resp.Status, s.acceptedStatuses())}
	}
	if s.decodes {
		if err := a.decode(); err != nil {
			if ended := a.unjudged(err); ended != nil {
				return e.failure(ended, deadline)
			}
			return Verdict{Outcome: journal.Wrong, Cause: journal.Unmet, Key: "body is JSON", Detail: e.hidden().Text("the body is not JSON: "+err.Error()+a.aboutCoding(), maxDetail)}
		}
	}
	for i := range s.expectations {
		m, err := s.expectations[i].check(a, &e.values)
		if err != nil {
			return e.notJudged(err, deadline)
		}
		if m != nil {
			return s.wrong(a, m, s.expectations[i].written, e.hidden())
		}
	}
	return Verdict{}
}

// decode decodes the body as JSON, whatever charset it is in.
func (a *answer) decode() error {
	a.document.Reset() // an earlier answer to the same step is not this one
	text, err := a.resp.Text(a.bounds)
	if err != nil {
		return err
	}
	return a.document.Decode(text, a.bounds)
}

// shown is the body as people can read it. It is nothing where there is no memory or
// time to decode it: in another charset, nobody would find a secret in it.
func (a *answer) shown() []byte {
	text, err := a.resp.Text(a.bounds)
	if err != nil {
		return nil
	}
	return text
}

// aboutCoding says that nobody could read the body, where that is so.
func (a *answer) aboutCoding() string {
	if a.resp.Coding == "" {
		return ""
	}
	return "; its content coding is " + a.resp.Coding + ", which is not known"
}

// wrong judges an answer that does not meet an expectation, as it is written.
func (s *step) wrong(a *answer, m *Mismatch, written string, hidden *redact.Secrets) Verdict {
	keys, err := s.firstKeys(a)
	if err != nil {
		keys = nil // that the answer is wrong is known, and says more than that its keys are not
	}
	about := ""
	if m.Target == wholeBody {
		about = a.aboutCoding()
	}
	return Verdict{Outcome: journal.Wrong, Cause: journal.Unmet, Key: written, Mismatch: m, Keys: keys, Detail: hidden.Text(m.describe(hidden)+about, maxDetail)}
}

// unjudged returns the error where it says why judging ended before its end, and
// nil where it says what is wrong with the answer.
func (a *answer) unjudged(err error) error {
	if isOurs(err) || errors.Is(err, httpclient.ErrTooLarge) {
		return err
	}
	return a.bounds.Err()
}

// notJudged judges an answer that could not be compared: it is a failure where there
// was no time, and wrong where the answer is such that it cannot be compared.
func (e *Execution) notJudged(err error, deadline time.Time) Verdict {
	if ended := e.answer.unjudged(err); ended != nil {
		return e.failure(ended, deadline)
	}
	return Verdict{Outcome: journal.Wrong, Cause: journal.Unmet, Detail: e.hidden().Text("the answer cannot be judged: "+err.Error(), maxDetail)}
}

// firstKeys returns the first values that the wanted keys select.
func (s *step) firstKeys(a *answer) (keys []any, err error) {
	if !s.decodes {
		return nil, nil
	}
	var failed error
	err = s.keys.Visit(&a.document, a.bounds, func(v jsonpath.Value) bool {
		var key any
		key, failed = v.Make(a.bounds)
		keys = append(keys, key)
		return failed == nil && len(keys) < maxKeys
	})
	return keys, errors.Join(err, failed)
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

// failure judges a request that got no complete answer.
func (e *Execution) failure(err error, deadline time.Time) Verdict {
	hidden := e.hidden()
	cause := causeOf(err, !deadline.IsZero() && !time.Now().Before(deadline))
	key := hidden.Text(keyOf(cause, err, e.site, e.answer.target), journal.MaxKey-len("..."))
	shown := hidden.Error(err, maxError)
	return Verdict{Outcome: journal.Failed, Cause: cause, Key: key, Err: shown, Detail: hidden.Text(shown.Error(), maxDetail)}
}

// capture keeps the values that later steps need. It returns the first capture
// that found no value; a JSON null is no value. The error says why the answer cannot
// be judged.
func (s *step) capture(a *answer, v *values, l *lease) (missing *capture, err error) {
	for i := range s.captures {
		c := &s.captures[i]
		value, ok, err := c.value(a, v, l)
		if err != nil {
			return nil, err
		}
		if !ok {
			return c, nil
		}
		v.slots[c.slot], v.from[c.slot] = value, a.target
	}
	if len(a.hops) > 0 { // a redirect said how long the target is
		return nil, l.keep(len(a.target))
	}
	return nil, nil
}

func (c *capture) value(a *answer, v *values, l *lease) (value any, ok bool, err error) {
	switch c.From {
	case experiments.FromJSON:
		return c.jsonValue(a, v, l)
	case experiments.FromHeader:
		value, ok = pick(c.Pick, textsOf(a.resp.Header(c.Expr)), v)
	case experiments.FromCookie:
		value, ok = pick(c.Pick, a.cookieValues(c.Expr), v)
	case experiments.FromRegex:
		var body []byte
		if body, err = a.resp.Text(a.bounds); err != nil {
			return nil, false, err
		}
		var found []string
		if found, err = c.matches(body); err == nil {
			value, ok = pick(c.Pick, found, v)
		}
	}
	if text, isText := value.(string); isText && err == nil {
		err = l.keep(len(text))
	}
	return value, ok, err
}

// textsOf returns the values of a header as UTF-8.
func textsOf(header []string) []string {
	for i, value := range header {
		header[i] = httpclient.TextOfHeader(value)
	}
	return header
}

// jsonValue picks one of the values that a JSONPath selects, and makes only that
// one.
func (c *capture) jsonValue(a *answer, v *values, l *lease) (any, bool, error) {
	first := c.Pick != experiments.Last && c.Pick != experiments.Random
	var found []jsonpath.Value
	var failed error
	err := c.path.Visit(&a.document, a.bounds, func(value jsonpath.Value) bool {
		if c.Pick == experiments.Last {
			found = found[:0]
		}
		if len(found) == cap(found) {
			failed = a.bounds.Hold(valueSize * max(4, len(found)))
		}
		found = append(found, value)
		return !first && failed == nil
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, false, err
	}
	picked, ok := pick(c.Pick, found, v)
	if !ok {
		return nil, false, nil
	}
	value, err := picked.Make(keeper{l})
	return value, value != nil, err
}

// valueSize is what a value of a document takes in a list of them, in bytes.
const valueSize = 16

// maxMatches bounds what a regular expression may find in one answer.
const maxMatches = 100_000

var errTooManyMatches = fmt.Errorf("a regular expression matches more than %d times", maxMatches)

// matches returns what the expression finds, each time its first group or, where
// it has no group, the whole match.
func (c *capture) matches(body []byte) ([]string, error) {
	limit := maxMatches + 1
	if c.Pick != experiments.Last && c.Pick != experiments.Random {
		limit = 1
	}
	found := c.match.FindAllSubmatchIndex(body, limit)
	if len(found) > maxMatches {
		return nil, errTooManyMatches
	}
	if c.Pick == experiments.Last && len(found) > 0 {
		found = found[len(found)-1:]
	}
	var list []string
	for _, m := range found {
		group := 2 * min(1, len(m)/2-1)
		if from := m[group]; from >= 0 {
			list = append(list, string(body[from:m[group+1]]))
		} else {
			list = append(list, "") // the group took no part in the match
		}
	}
	return list, nil
}

// pick chooses one of the values found. It reports false where there is none.
func pick[T any](how experiments.Pick, found []T, v *values) (picked T, ok bool) {
	if len(found) == 0 {
		return picked, false
	}
	at := 0
	switch how {
	case experiments.Last:
		at = len(found) - 1
	case experiments.Random:
		at = v.choices.IntN(len(found))
	}
	return found[at], true
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
