package postgres

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// The wire types of faults on PostgreSQL.
const (
	kindError   = "postgres_error"
	kindLatency = "postgres_latency"
)

// Kinds are the wire types that [Parse] knows.
func Kinds() []string { return []string{kindError, kindLatency} }

// Schemes are those of the upstreams that are spoken to in this way.
func Schemes() []string { return []string{"postgres"} }

// A moment says when a fault acts.
type moment string

const (
	connect moment = "connect" // the client is not let in
	before  moment = "before"  // the server never sees the statement
	after   moment = "after"   // the work is done and committed
)

// Attributes as they stand on the wire.
type (
	errorAttributes struct {
		State   string `json:"sqlstate"`
		Message string `json:"message,omitempty"`
		When    moment `json:"when"`
		common
	}
	latencyAttributes struct {
		Latency int64 `json:"latency"` // ms
		Jitter  int64 `json:"jitter"`  // ms, either way
		common
	}
	// common is what all faults on PostgreSQL have.
	common struct {
		Match *matchAttributes `json:"match,omitempty"`
		First int64            `json:"first,omitempty"`
	}
	matchAttributes struct {
		Statement kind   `json:"statement,omitempty"`
		SQL       string `json:"sql,omitempty"`
	}
)

// A rule is what a fault does, and to which statements.
type rule struct {
	kind  kind                 // of statements; empty: those that meets means
	sql   string               // a pattern in small letters; empty: any
	meets func(statement) bool // nil: all that read or write
	when  moment
	code  string
	text  string
	names bool // a % in the text stands for the statement's name
	hint  string
	fatal bool
}

// Parse reads a fault as a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request.
func Parse(kind string, share float64, attributes json.RawMessage) (*faultset.Fault, error) {
	f, in, err := faultset.ReadKind(kind, share, attributes)
	if err != nil {
		return nil, err
	}
	r := &rule{when: before}
	if kind == kindLatency {
		var a latencyAttributes
		a.Latency, a.Jitter = in.Delay(f)
		a.common = r.readCommon(f, in)
		f.Attributes, r.meets = a, anything
	} else {
		r.readError(f, in)
	}
	f.Rule = r
	return f, in.Done()
}

func anything(s statement) bool { return true }

func (r *rule) readError(f *faultset.Fault, in *faultset.Fields) {
	a := errorAttributes{State: in.Text("sqlstate"), Message: in.Text("message")}
	s, known := states()[a.State]
	if !known {
		s = unknown(a.State)
	}
	moments := []moment{before, after, connect}
	if s.connect {
		moments = []moment{connect, before, after}
	}
	a.When = faultset.Word(in, "when", moments...)
	a.common = r.readCommon(f, in)
	f.Attributes = a
	switch {
	case a.State == "":
		in.Refuse("postgres_error needs sqlstate, such as 40001")
	case !isState(a.State):
		in.Refuse("sqlstate must be five digits or capitals that are an error, such as 40001, not %q", a.State)
	case a.When == connect && a.Match != nil:
		in.Refuse("a client that is not let in has made no statement: match goes with before and after")
	}
	r.when, r.code, r.hint, r.meets = a.When, a.State, s.hint, s.meets
	r.text, r.names = cmp.Or(a.Message, s.message), a.Message == ""
	r.fatal = s.fatal || a.When == connect
}

// isState says whether a text is an SQLSTATE of an error: class 00 is success, 01
// and 02 are warnings.
func isState(code string) bool {
	strange := strings.ContainsFunc(code, func(c rune) bool { return !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z') })
	return len(code) == 5 && !strange && !slices.Contains([]string{"00", "01", "02"}, code[:2])
}

func (r *rule) readCommon(f *faultset.Fault, in *faultset.Fields) common {
	a := matchAttributes{}
	in.Group("match", func(inner *faultset.Fields) {
		a = matchAttributes{Statement: faultset.WordOrNone(inner, "statement", kinds()...), SQL: inner.Text("sql")}
	})
	c := common{First: in.First(f)}
	if a != (matchAttributes{}) {
		c.Match = &a
	}
	r.kind, r.sql = a.Statement, strings.ToLower(a.SQL)
	return c
}

// matches says whether a fault is meant for a query, and for which of its
// statements.
func (r *rule) matches(q *query) (statement, bool) {
	if r.sql != "" && !faultset.Fits(r.sql, strings.ToLower(q.text)) {
		return statement{}, false
	}
	for _, s := range q.statements {
		if r.means(s) {
			return s, true
		}
	}
	return statement{}, false
}

func (r *rule) means(s statement) bool {
	switch {
	case r.kind != "":
		return s.is(r.kind)
	case r.meets != nil:
		return r.meets(s)
	}
	return s.is(reads) || s.is(writes)
}

// failure is the error as the server would send it.
func (r *rule) failure(s statement) *pgproto3.ErrorResponse {
	severity := "ERROR"
	if r.fatal {
		severity = "FATAL"
	}
	text := r.text
	if r.names {
		text = strings.Replace(text, "%", s.tag, 1)
	}
	return &pgproto3.ErrorResponse{Severity: severity, SeverityUnlocalized: severity, Code: r.code, Message: text, Hint: r.hint}
}
