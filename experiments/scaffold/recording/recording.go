// Package recording is a visit of a shop as somebody recorded it: requests with their
// answers, in the order they were sent. Each source of recordings makes one.
//
// Note: a recording holds cookies, passwords and tokens of a real session.
package recording

import (
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Recording is a visit. Exchanges that can never be part of a journey are not in it;
// Left counts them.
type Recording struct {
	File      string // its name, for messages
	Exchanges []*Exchange
	Left      Exclusions
	Spans     map[string][]Span // when requests were under way, by origin; also those that were left out
}

// A Span is a stretch of time.
type Span struct{ From, To time.Time }

// An Exchange is a request of the recording and its answer.
type Exchange struct {
	Entry   int           // its number in the file, from 1
	Started time.Time     // zero if unknown
	Took    time.Duration // until the answer was there; 0 if unknown
	Kind    string        // of resource, in lower case as Chrome names it; empty if unknown
	Method  string        // in upper case
	URL     *url.URL      // absolute, without user and fragment
	Headers []Pair
	Body    *Body // nil: none
	Answer  Answer
	Repeats []*Exchange // earlier ones of a request that was repeated
	Wrong   *Problem    // nil: none
}

// A Problem is why a request cannot be part of a journey. It only matters where the
// request belongs to one: most of a recording does not.
type Problem struct{ Message, Hint string }

// A Pair is a header or a field.
type Pair struct{ Name, Value string }

// A Body is what a request sent: a text, or the fields of a form.
type Body struct {
	MIME   string // with parameters, as the request's Content-Type has it
	Text   string // empty where only Params are known
	Params []Param
	Lost   bool // something was sent, and the recording does not hold it
}

// A Param is a field of a form, decoded.
type Param struct {
	Name, Value string
	File        string // name of the file that was sent; empty: none
	MIME        string // of that file
}

// An Answer is a response.
type Answer struct {
	Status  int
	Headers []Pair
	MIME    string // lower case, without parameters
	Text    string // decoded; empty if the recording does not hold it
	Lost    bool   // there was a text, and the recording does not hold it
}

// FailAt returns an error about an exchange that the journey needs.
func (r *Recording) FailAt(x *Exchange) error {
	return r.Fail(x.Wrong.Hint, "entry %d: %s", x.Entry, x.Wrong.Message)
}

// Note notes when a request was under way, if that is known.
func (r *Recording) Note(x *Exchange) {
	if x.Started.IsZero() || x.Took <= 0 || x.URL.Host == "" {
		return
	}
	if r.Spans == nil {
		r.Spans = map[string][]Span{}
	}
	o := OriginOf(x.URL)
	r.Spans[o] = append(r.Spans[o], Span{x.Started, x.Started.Add(x.Took)})
}

// Fail returns an error about the recording, a *[shape.Error] that says what to do.
func (r *Recording) Fail(hint, format string, args ...any) error {
	return &shape.Error{File: r.File, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// Sort sorts the exchanges by when they started. Where one has no time, the order of
// the file counts.
func (r *Recording) Sort() {
	if !slices.ContainsFunc(r.Exchanges, func(x *Exchange) bool { return x.Started.IsZero() }) {
		slices.SortStableFunc(r.Exchanges, func(a, b *Exchange) int { return a.Started.Compare(b.Started) })
	}
}
