package journey

import (
	"cmp"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// maxHeader bounds a header in an example, in bytes.
const maxHeader = 200

// wants reports whether an example of a cause is wanted.
func (e *Execution) wants(step int, v *Verdict) bool {
	return v.Outcome != journal.OK && e.wanted != nil && e.wanted(step, v.Cause, v.Key)
}

// example returns what came in place of what was expected. It is made while the answer
// is still there.
func (e *Execution) example(s *step, v *Verdict) *journal.Example {
	hidden := e.secretsOfJourney(s)
	show := func(text string, most int) string { return hidden.Excerpt([]byte(text), most) }
	x := &journal.Example{Detail: show(v.Detail, maxDetail), Trace: e.traceID(s)}
	switch {
	case v.Mismatch != nil:
		x.Expected, x.Found = v.Mismatch.values(hidden)
	case v.Cause == journal.Status:
		x.Expected, x.Found = s.acceptedStatuses(), v.Key
	}
	if hops := e.answer.hops; len(hops) > 0 {
		x.Detail = show(v.Detail, maxRedirects)
		x.Location = show(hops[len(hops)-1].location, maxHeader)
	}
	if v.Err != nil {
		return x // there is no answer
	}
	header := func(name string) string {
		if list := textsOf(e.resp.Header(name)); len(list) > 0 {
			return show(list[0], maxHeader)
		}
		return ""
	}
	x.Status, x.Body = e.resp.Status, hidden.Excerpt(e.answer.shown(), journal.MaxExcerpt)
	x.Location = cmp.Or(header("Location"), x.Location)
	x.ContentType, x.RetryAfter = header("Content-Type"), header("Retry-After")
	switch said := e.trace(header); {
	case x.Trace == "":
		x.Trace = said
	case said != x.Trace: // it may be all that a system without traces goes by
		x.RequestID = said
	}
	return x
}

// secretsOfJourney are the secrets of the script, and what this journey has sent, kept
// and been given under a name that says that it is one, up to the step that it is at.
func (e *Execution) secretsOfJourney(at *step) *redact.Secrets {
	hidden := &redact.Secrets{}
	hidden.HideAll(e.hidden())
	hidden.HideNamed(e.req.Body)
	for _, f := range e.req.Files {
		hidden.HideNamed(f.Content)
	}
	hidden.HideNamed([]byte(e.req.Target))
	for _, h := range e.req.Headers {
		hidden.HideNamed([]byte(h.Name + ": " + h.Value))
		hidden.HideNamed([]byte(h.Value)) // cookies have names of their own
	}
	for _, line := range e.resp.Header("Set-Cookie") {
		hidden.HideNamed([]byte(line))
	}
	for _, h := range e.answer.hops {
		hidden.HideNamed([]byte(h.location))
		for _, line := range h.cookies {
			hidden.HideNamed([]byte(line))
		}
	}
	for i := range e.script.steps {
		for _, c := range e.script.steps[i].captures {
			value, _ := e.values.slots[c.slot].(string)
			if redact.SecretName(c.Name) || redact.SecretPath(c.Expr) {
				hidden.Hide(value, redact.Hidden)
			}
		}
	}
	for _, cookie := range e.cookies.All() {
		hidden.HideNamed([]byte(cookie))
	}
	choices, uuids := e.choices, e.values.uuids // later steps draw as if nobody had looked
	defer func() { e.choices, e.values.uuids = choices, uuids }()
	for i := range e.script.steps {
		if s := &e.script.steps[i]; s != at {
			e.hideSent(hidden, s)
			continue
		}
		break
	}
	return hidden
}

// hideSent hides what an earlier step has sent under a name that says that it is a secret.
// The requests are made again, because keeping them would cost every journey: only what is
// random comes out otherwise, which nobody was given.
func (e *Execution) hideSent(hidden *redact.Secrets, s *step) {
	hidden.HideNamed([]byte(s.target.string(&e.values)))
	for _, h := range s.constant {
		hidden.HideNamed([]byte(h.Name + ": " + h.Value))
		hidden.HideNamed([]byte(h.Value))
	}
	for _, h := range s.headers {
		value := h.value.string(&e.values)
		hidden.HideNamed([]byte(h.name + ": " + value))
		hidden.HideNamed([]byte(value)) // cookies have names of their own
	}
	boundary, files := e.values.boundary, e.values.files
	defer func() { e.values.boundary, e.values.files = boundary, files }()
	e.values.boundary, e.values.files = s.form.boundary, nil
	hidden.HideNamed(s.body.fill(nil, &e.values))
	for _, f := range e.values.files {
		hidden.HideNamed(f.Content)
	}
}

var traceForm = lazyregexp.New(`^[A-Za-z0-9_.:-]{1,128}$`)

// trace returns by what logs and traces find the request: the trace that the answer or
// the request names, or the request's id.
func (e *Execution) trace(header func(string) string) string {
	names := []string{"Traceresponse", "Traceparent", "X-Trace-Id", "X-B3-TraceId", "X-Request-Id", "X-Correlation-Id"}
	var found []string
	for _, name := range names {
		found = append(found, header(name))
	}
	for _, h := range e.req.Headers {
		if strings.EqualFold(h.Name, "Traceparent") || strings.EqualFold(h.Name, "X-Request-Id") {
			found = append(found, h.Value)
		}
	}
	for _, text := range found {
		if parts := strings.Split(text, "-"); len(parts) == 4 && len(parts[1]) == 32 { // as W3C has it
			text = parts[1]
		}
		if traceForm.MatchString(text) {
			return text
		}
	}
	return ""
}

// values returns the expected value and the one that was found, without secrets.
func (m *Mismatch) values(hidden *redact.Secrets) (expected, found string) {
	show := func(v any) string { return m.show(v, hidden) }
	expected = strings.TrimSpace(operatorWords(m.Op) + show(m.Expected))
	switch {
	case m.Op == experiments.Exists:
		expected = "any value"
	case m.Op == experiments.Absent:
		expected = "nothing"
	case m.Target == wholeBody:
		expected = show(m.Expected)
	}
	switch {
	case m.Target == wholeBody: // the example has its beginning
	case m.Found:
		found = show(m.Actual)
	default:
		found = "nothing"
	}
	return expected, found
}

// show returns a value without secrets. Where the target's name says so, it is one.
func (m *Mismatch) show(v any, hidden *redact.Secrets) string {
	if m.Target != wholeBody && redact.SecretPath(m.Target) {
		return redact.Hidden
	}
	return hidden.Excerpt(appendJSON(nil, beginning(v)), maxValue)
}

// slowExample is one of a journey that was answered too late.
func slowExample(limit, took time.Duration) *journal.Example {
	return &journal.Example{Expected: figures.Span(limit), Found: figures.Span(took.Round(time.Millisecond)), Detail: "answered too late"}
}
