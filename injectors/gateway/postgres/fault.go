package postgres

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// The types of faults on PostgreSQL in Toxiproxy's API.
const (
	kindError   = "postgres_error"
	kindLatency = "postgres_latency"
)

// Kinds lists the types that [Parse] knows.
func Kinds() []string { return []string{kindError, kindLatency} }

// Schemes lists the schemes of upstreams that speak PostgreSQL's protocol.
func Schemes() []string { return []string{"postgres"} }

// A moment is when a fault acts.
type moment string

const (
	connect moment = "connect" // the client is not let in
	before  moment = "before"  // the server never sees the statement
	after   moment = "after"   // the work is done and committed
)

// A Fault is a fault on PostgreSQL statements or connections.
type Fault = faultset.Fault[*Rule]

// A Rule is what a fault does, and to which statements.
type Rule struct {
	takes      criteria             // without kinds, those that concerns selects
	spares     *criteria            // nil: none
	concerns   func(statement) bool // nil: all that read or write
	when       moment
	code       string
	text       string
	namesThem  bool // a % in the text stands for the statement's name
	hint       string
	endSession bool
}

// Parse reads a fault from a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request.
func Parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	return faultset.Read(kind, share, attributes, func(a injectors.Attributes) (*Rule, error) {
		r := newRule(a)
		if kind == kindLatency {
			r.when, r.concerns = before, func(statement) bool { return true }
			return r, nil
		}
		r.fail(a.Text("sqlstate"), a.Text("message"))
		return r, nil
	})
}

func newRule(a injectors.Attributes) *Rule {
	match := a.Group("match")
	r := &Rule{takes: newCriteria(match), when: moment(a.Text("when"))}
	if spared := match.Group("not"); spared != nil {
		c := newCriteria(spared)
		r.spares = &c
	}
	return r
}

// Criteria are what a statement has to fit: one value of each kind that is given.
type criteria struct {
	kinds []kind
	sql   []string // patterns in small letters, for the text of the whole query
}

func newCriteria(given injectors.Attributes) criteria {
	var c criteria
	for _, word := range given.Texts("statement") {
		c.kinds = append(c.kinds, kind(word))
	}
	for _, pattern := range given.Texts("sql") {
		c.sql = append(c.sql, strings.ToLower(pattern))
	}
	return c
}

// is reports whether a statement is of one of the kinds; any is, where none is given.
func (c *criteria) is(s statement) bool {
	return len(c.kinds) == 0 || slices.ContainsFunc(c.kinds, s.is)
}

// says reports whether the text of a query, or of what it executes by name, is as one of
// the patterns.
func (c *criteria) says(q *query) bool {
	isLike := func(text string) bool {
		return faultset.MatchAnyGlob(c.sql, strings.ToLower(text), faultset.NoSeparator)
	}
	return len(c.sql) == 0 || isLike(q.text) || slices.ContainsFunc(q.executes, isLike)
}

// fail sets the error; an empty message is the server's own.
func (r *Rule) fail(code, message string) {
	s, known := states()[code]
	if !known {
		s = unknownState(code)
	}
	r.code, r.hint, r.concerns = code, s.hint, s.concerns
	r.text, r.namesThem = cmp.Or(message, s.message), message == ""
	r.endSession = s.endSession || r.when == connect
}

// matches reports whether a fault is about a query, and about which of its
// statements.
func (r *Rule) matches(q *query) (statement, bool) {
	if !r.takes.says(q) {
		return statement{}, false
	}
	mayBeSpared := r.spares != nil && r.spares.says(q)
	for _, s := range q.statements {
		if r.matchesStatement(s) && (!mayBeSpared || !r.spares.is(s)) {
			return s, true
		}
	}
	return statement{}, false
}

func (r *Rule) matchesStatement(s statement) bool {
	switch {
	case len(r.takes.kinds) > 0:
		return r.takes.is(s)
	case r.concerns != nil:
		return r.concerns(s)
	}
	return s.is(reads) || s.does != 0
}

// failure returns the error as the server would send it.
func (r *Rule) failure(s statement) *pgproto3.ErrorResponse {
	severity := "ERROR"
	if r.endSession {
		severity = "FATAL"
	}
	text := r.text
	if r.namesThem {
		text = strings.Replace(text, "%", s.name(), 1)
	}
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: r.code, Message: text, Hint: r.hint}
}
