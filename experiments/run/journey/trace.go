package journey

import (
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// A Tracer is told of each step of a journey when it has ended. What it takes counts
// as time of this machine, not of the system.
type Tracer func(Exchange)

// An Exchange is one step of a journey as it went, for people. No text of it holds the
// value of an environment variable that the script uses, or what says itself that it is
// a secret, see [redact.Secrets.Excerpt].
type Exchange struct {
	Step    string
	Method  string
	URL     string              // with scheme and host
	Headers []experiments.Field // of the request, in order, those of the client included
	Body    string              // of the request
	Sent    int                 // how often: more than once where the step polls
	Took    time.Duration       // all of them together, with the time between them
	Paused  time.Duration       // before the step
	Hops    []Hop               // redirects that were followed, the last time that it was sent

	Answered bool // there is a complete answer; the rest is of the last one
	Status   int
	Answer   []experiments.Field // headers that help to understand an answer, see [TellingHeaders]
	Content  string              // the first bytes of the answer's body
	Size     int                 // bytes of the whole body, uncompressed

	Verdict  Verdict
	Expected []Expectation // in the order of the document; the status first
	Captured []CapturedValue
}

// A Hop is a redirect that a step followed.
type Hop struct {
	Status   int
	Location string
	Took     time.Duration // until it came
	Method   string        // of the request that followed it
	URL      string        // where that went, with scheme and host
}

// An Expectation is one thing that a step expects of its answer.
type Expectation struct {
	Says string // what is expected, such as `$.charged is 42`
	Met  bool
	Came string // what came instead; empty where it is met, and where there is no answer
}

// A CapturedValue is what a step keeps for later ones.
type CapturedValue struct {
	Name, From string
	Found      bool
	Value      string
}

// TellingHeaders are the headers of an answer that help to understand it.
func TellingHeaders() []string {
	return []string{"Content-Type", "Content-Encoding", "Content-Length", "Location", "Retry-After", "WWW-Authenticate", "Server", "Via", "Set-Cookie", "Cache-Control", "X-Request-Id", "Traceparent"}
}

const (
	maxTraced  = 1000 // bytes of a body that an exchange shows
	maxElement = 500  // bytes of a URL, a header or a captured value
)

// Trace tells a tracer of every step from now on. Nil: nobody is told, which costs
// nothing.
func (e *Execution) Trace(t Tracer) { e.tracer = t }

// tell tells the tracer of a step that has ended.
func (e *Execution) tell(s *step, v Verdict) {
	begun := time.Now()
	e.tracer(e.exchange(s, v))
	e.own += time.Since(begun)
}

func (e *Execution) exchange(s *step, v Verdict) Exchange {
	hidden := e.secretsOfJourney(s)
	url, headers := e.describe(&e.req)
	x := Exchange{
		Step: s.name, Method: s.method, URL: hidden.Excerpt([]byte(url), maxElement), Headers: shown(headers, hidden),
		Body: hidden.Excerpt(e.req.ShownBody(), maxTraced), Sent: e.sent, Took: v.Took, Paused: e.paused, Answered: e.answered, Verdict: v,
		Hops: e.hops(v, hidden),
	}
	if !e.answered {
		x.Expected = append(x.Expected, Expectation{Says: "status " + s.acceptedStatuses()})
		for i := range s.expectations {
			x.Expected = append(x.Expected, Expectation{Says: s.expectations[i].says(&e.values, hidden)})
		}
		return x
	}
	x.Status, x.Size, x.Content = e.resp.Status, len(e.resp.Body), hidden.Excerpt(e.answer.shown(), maxTraced)
	for _, name := range TellingHeaders() {
		for _, value := range textsOf(e.resp.Header(name)) {
			x.Answer = append(x.Answer, shownField(name, value, hidden))
		}
	}
	x.Expected = s.expectedOf(&e.answer, &e.values, hidden)
	x.Captured = s.capturedOf(&e.values, v, hidden)
	return x
}

// describe returns where a request goes, and all headers that it carries, where the sender
// knows that.
func (e *Execution) describe(req *httpclient.Request) (url string, headers []experiments.Field) {
	d, ok := e.sender.(interface {
		Describe(*httpclient.Request) (string, []experiments.Field)
	})
	if !ok {
		return req.Target, req.Headers
	}
	return d.Describe(req)
}

// hops returns the redirects that were followed.
func (e *Execution) hops(v Verdict, hidden *redact.Secrets) []Hop {
	followed := e.answer.hops
	if v.Cause == journal.Redirects {
		followed = followed[:len(followed)-1] // that one is the answer
	}
	var list []Hop
	for i, h := range followed {
		method, target := e.answer.method, e.answer.target
		if i+1 < len(e.answer.hops) {
			method, target = e.answer.hops[i+1].method, e.answer.hops[i+1].target
		}
		url, _ := e.describe(&httpclient.Request{Target: target})
		show := func(text string) string { return hidden.Excerpt([]byte(text), maxElement) }
		list = append(list, Hop{h.status, show(h.location), h.took, method, show(url)})
	}
	return list
}

// shown returns headers as they may be shown.
func shown(headers []experiments.Field, hidden *redact.Secrets) []experiments.Field {
	list := make([]experiments.Field, 0, len(headers))
	for _, f := range headers {
		list = append(list, shownField(f.Name, f.Value, hidden))
	}
	return list
}

// shownField is a value that may be shown beside its name, which may say that it is a
// secret.
func shownField(name, value string, hidden *redact.Secrets) experiments.Field {
	text := hidden.Excerpt([]byte(name+": "+value), len(name)+maxElement)
	return experiments.Field{Name: name, Value: strings.TrimPrefix(text, name+": ")}
}

// expectedOf looks at each expectation once more, also at those behind the first that
// is not met.
func (s *step) expectedOf(a *answer, v *values, hidden *redact.Secrets) []Expectation {
	status := Expectation{Says: "status " + s.acceptedStatuses(), Met: s.acceptsStatus(a.resp.Status)}
	if !status.Met {
		status.Came = strconv.Itoa(a.resp.Status)
	}
	list := []Expectation{status}
	var notJSON error
	if s.decodes && (!status.Met || !a.document.Decoded()) { // nobody has decoded it, or could
		notJSON = a.decode()
	}
	for i := range s.expectations {
		x := &s.expectations[i]
		one := Expectation{Says: x.says(v, hidden)}
		if x.of == ofJSON && notJSON != nil {
			one.Came = hidden.Plain("the body is not JSON"+a.aboutCoding(), maxDetail)
			list = append(list, one)
			continue
		}
		m, err := x.check(a, v)
		switch {
		case err != nil:
			one.Came = hidden.Plain("the answer cannot be judged: "+err.Error(), maxDetail)
		case m != nil:
			one.Came = x.shown(m.came(hidden), hidden)
		default:
			one.Met = true
		}
		list = append(list, one)
	}
	return list
}

// shown is a text about the value that the expectation is about, which may be a secret
// by its name.
func (x *expectation) shown(text string, hidden *redact.Secrets) string {
	if redact.SecretPath(x.name) {
		return redact.Hidden
	}
	return hidden.Excerpt([]byte(text), maxDetail)
}

// says is what the expectation asks for, in words and without secrets.
func (x *expectation) says(v *values, hidden *redact.Secrets) string {
	show := func(v any) string { return x.shown(string(appendJSON(nil, beginning(v))), hidden) }
	name := x.name
	if x.of == ofBody {
		name = wholeBody
	}
	switch x.op {
	case experiments.Exists:
		return name + " is there"
	case experiments.Absent:
		return name + " is absent"
	case experiments.Contains:
		return name + " contains " + show(x.want.eval(v))
	case experiments.Lacks:
		return name + " does not contain " + show(x.want.eval(v))
	}
	return name + " is " + operatorWords(x.op) + show(x.expected(v))
}

// capturedOf returns what the step has captured. A step that is not as expected
// captures nothing.
func (s *step) capturedOf(v *values, verdict Verdict, hidden *redact.Secrets) []CapturedValue {
	var list []CapturedValue
	for i := range s.captures {
		c := &s.captures[i]
		one := CapturedValue{Name: c.Name, From: c.String()}
		if value := v.slots[c.slot]; value != nil && verdict.Outcome == journal.OK {
			one.Found, one.Value = true, shownField(c.Name, textOf(beginning(value)), hidden).Value
		}
		list = append(list, one)
	}
	return list
}
