// Package draft is a journey that was made from what somebody recorded or wrote down,
// before it is a document: requests taken apart into values, and for each value what
// the document writes in its place.
package draft

import (
	"net/http"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A Journey is what a source made, to be written into blastgauge.yaml.
type Journey struct {
	ID        string   // as experiments.Slug makes it
	Origin    string   // that its requests go to, such as https://shop.staging.example
	Made      string   // how, for a comment: "Recorded at https://…"
	Left      []string // what was left out, each with its count
	Steps     []*Step  // at most MaxSteps
	Secrets   *Vault   // what the documents do not hold
	Notes     []string // for people to check, one sentence each
	Remarks   []string // for a comment each, above the journey
	URL       string   // that all requests go to, as documents write it; empty: each has its own
	Headers   []*Slot  // of all requests
	Checks    []Check  // on the JSON of all answers
	Rate      string   // such as 10/s; empty: a guess
	RateWhy   string   // where the rate comes from, for a comment
	SlowAfter time.Duration
	Timeout   time.Duration
}

// MaxSteps is how many steps a journey may have.
const MaxSteps = 200

// A Step is one request and what it must return.
type Step struct {
	Name     string // unique in the journey
	Request  *Request
	Status   int     // that must come; 0: any 2xx
	Statuses []int   // instead of Status, where several are right
	Checks   []Check // on the JSON of the answer
	Headers  []Check // on the headers of the answer
	Body     []Check // on the answer as a text; they have an Op and no Path
	Captures []Capture
	Notes    []string // for comments above the step
	Follow   int      // redirects before the answer that is judged
	Poll     bool     // ask again until the answer is as expected
	Vague    bool     // nothing but its status tells a good answer from an error page

	SlowAfter time.Duration // of this step; 0: none
}

// NeedsWord reports whether a failure may look like the right answer of a step: a wrong
// password, say, leads back to the form with 200. It is so for forms, for steps that follow
// redirects, and for the last step where it is vague.
func (j *Journey) NeedsWord(s *Step) bool {
	if s.Vague && s == j.Steps[len(j.Steps)-1] {
		return true
	}
	form := len(s.Request.Form)+len(s.Request.Multipart) > 0
	return (form || s.Follow > 0) && s.mayBePage() && !j.tells(s)
}

// mayBePage reports whether the right answer of a step is a page, as far as is known.
func (s *Step) mayBePage() bool {
	page := func(status int) bool { return status/100 == 2 && status != http.StatusNoContent }
	return len(s.Statuses) == 0 && s.Status == 0 || page(s.Status) || slices.ContainsFunc(s.Statuses, page)
}

// tells reports whether something beside the status tells the right answer of a step from
// others. The token of a form is on each page, and each answer may set a cookie.
func (j *Journey) tells(s *Step) bool {
	checks := slices.ContainsFunc(s.Checks, func(c Check) bool { return !c.Any }) || len(s.Headers)+len(s.Body) > 0
	shared := slices.ContainsFunc(j.Checks, func(of Check) bool {
		return !slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Any && c.Path == of.Path })
	})
	return checks || shared || slices.ContainsFunc(s.Captures, func(c Capture) bool {
		return s.Request.Method == http.MethodGet || c.From == experiments.FromJSON || c.From != experiments.FromCookie && !redact.IssuedName(c.Name)
	})
}

// A Check is an expectation on one value of an answer.
type Check struct {
	Path    string // a JSONPath, or the name of a header
	Value   string // as documents write it; empty: must be absent
	Matches bool   // Value is a regular expression
	Any     bool   // instead of Value: what the journey expects does not hold here

	Op      experiments.Op // instead of Value: how Operand is compared; empty: as above
	Operand *Node
}

// A Capture is a value that a later step needs.
type Capture struct {
	Name   string // of the variable
	From   experiments.Source
	Expr   string
	Listed bool // one of several in a list of JSON
}
