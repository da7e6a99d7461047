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
	class class    // empty: any
	names []string // empty: any
	key   string   // a pattern; empty: any
	named bool     // a class or names are given
}

func newFilter(match injectors.Attributes) filter {
	f := filter{class: class(match.Text("class")), key: match.Text("key")}
	if list := match.Text("command"); list != "" {
		f.names = strings.Split(list, ", ")
	}
	f.named = f.class != "" || len(f.names) > 0
	return f
}

func (f *filter) matches(c *command) bool {
	switch {
	case f.class != "" && f.class != anyClass && f.class != c.class && (f.class != writes || !isWrite(c)),
		len(f.names) > 0 && !slices.Contains(f.names, c.name) && !slices.Contains(f.names, c.fullName):
		return false
	case f.key == "":
		return true
	}
	return c.hasKey && faultset.MatchGlob(f.key, c.key, faultset.NoSeparator)
}
