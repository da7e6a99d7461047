// Package draft is a journey that was made from what somebody recorded or wrote down,
// before it is a document: requests taken apart into values, and for each value what
// the document writes in its place.
package draft

import (
	"time"

	"github.com/blastgauge/blastgauge/experiments"
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
