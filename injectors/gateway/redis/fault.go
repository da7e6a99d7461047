package redis

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// The types of faults on Redis in Toxiproxy's API.
const (
	kindError   = "redis_error"
	kindEmpty   = "redis_empty"
	kindLatency = "redis_latency"
)

// Kinds lists the types that [Parse] knows.
func Kinds() []string { return []string{kindError, kindEmpty, kindLatency} }

// Schemes lists the schemes of upstreams that speak Redis's protocol.
func Schemes() []string { return []string{"redis", "rediss"} }

// A class is a kind of command.
type class string

const (
	anyClass    class = "any"
	reads       class = "read"
	writes      class = "write"
	script      class = "script"
	transaction class = "transaction"
	pubsub      class = "pubsub"
	admin       class = "admin"
	other       class = "other"
)

// A Fault is a fault on Redis commands.
type Fault = faultset.Fault[*Rule]

// A Rule is what a fault does, and to which commands.
type Rule struct {
	filter     filter
	spares     func(*command) bool    // commands that no server refuses in this way; nil: none
	text       string                 // of an error, without what depends on the command
	ends       func(*program) trouble // where the server ends a script with it; nil: before it begins
	redirect   string                 // where MOVED and ASK point to; empty: back to the proxy
	failWrites bool                   // under redis_empty
}

// Parse reads a fault from a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request.
func Parse(kind string, share float64, attributes json.RawMessage) (*Fault, error) {
	return faultset.Read(kind, share, attributes, func(a injectors.Attributes) (*Rule, error) {
		r := &Rule{filter: newFilter(a.Group("match")), redirect: a.Text("address"), failWrites: a.Text("writes") == "fail"}
		if kind == kindError {
			r.refuse(a.Text("error"))
		}
		if kind == kindEmpty { // where writes fail
			r.text, r.ends = refusals()["READONLY"].text, (*program).writing
		}
		return r, nil
	})
}

// refuse sets the error: a word that servers refuse with, or a whole text.
func (r *Rule) refuse(text string) {
	known, ok := refusals()[text]
	if !ok {
		r.text = text
		return
	}
	r.text, r.ends = known.text, known.ends
	if !r.filter.named { // commands that are named are meant, whatever a server would do
		r.spares = known.spares
	}
}

func redirects(word string) bool { return word == "MOVED" || word == "ASK" }

// A filter selects the commands that a fault is about; the zero filter selects all.
type filter struct {
	takes  criteria
	spares *criteria // nil: none
	named  bool      // a class or names are given
}

// Criteria are what a command has to fit: one value of each kind that is given.
type criteria struct {
	classes []string
	names   []string
	keys    []string // patterns
}

func newFilter(match injectors.Attributes) filter {
	f := filter{takes: newCriteria(match)}
	f.named = len(f.takes.classes) > 0 || len(f.takes.names) > 0
	if spared := match.Group("not"); spared != nil {
		c := newCriteria(spared)
		f.spares = &c
	}
	return f
}

func newCriteria(given injectors.Attributes) criteria {
	c := criteria{classes: given.Texts("class"), keys: given.Texts("key")}
	for _, list := range given.Texts("command") {
		c.names = append(c.names, strings.Split(list, ", ")...)
	}
	return c
}

func (f *filter) matches(c *command) bool {
	return f.takes.fit(c) && (f.spares == nil || !f.spares.fit(c))
}

// fit reports whether a command fits the criteria, all of them.
func (want *criteria) fit(c *command) bool {
	switch {
	case len(want.classes) > 0 && !want.holds(c),
		len(want.names) > 0 && !slices.Contains(want.names, c.name) && !slices.Contains(want.names, c.fullName):
		return false
	case len(want.keys) == 0:
		return true
	}
	return c.hasKey && faultset.MatchAnyGlob(want.keys, c.key, faultset.NoSeparator)
}

// holds reports whether a command is of one of the classes. A script that writes is
// of two.
func (want *criteria) holds(c *command) bool {
	for _, of := range want.classes {
		if of := class(of); of == anyClass || of == c.class || of == writes && isWrite(c) {
			return true
		}
	}
	return false
}
