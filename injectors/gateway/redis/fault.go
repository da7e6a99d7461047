package redis

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// The wire types of faults on Redis.
const (
	kindError   = "redis_error"
	kindEmpty   = "redis_empty"
	kindLatency = "redis_latency"
)

// Kinds are the wire types that [Parse] knows.
func Kinds() []string { return []string{kindError, kindEmpty, kindLatency} }

// Schemes are those of the upstreams that are spoken to in this way.
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

func classes() []class {
	return []class{anyClass, reads, writes, script, transaction, pubsub, admin, other}
}

// Attributes as they stand on the wire.
type (
	errorAttributes struct {
		Error   string `json:"error"`
		Address string `json:"address,omitempty"` // of MOVED and ASK
		common
	}
	emptyAttributes struct {
		Writes fate `json:"writes"`
		common
	}
	latencyAttributes struct {
		Latency int64 `json:"latency"` // ms
		Jitter  int64 `json:"jitter"`  // ms, either way
		common
	}
	// common is what all faults on Redis have.
	common struct {
		Match *matchAttributes `json:"match,omitempty"`
		First int64            `json:"first,omitempty"`
	}
	matchAttributes struct {
		Class   class  `json:"class,omitempty"`
		Command string `json:"command,omitempty"`
		Key     string `json:"key,omitempty"`
	}
)

// A fate is what becomes of writes to a store that is empty.
type fate string

const (
	succeed fate = "succeed"
	fail    fate = "fail"
)

// A rule is what a fault does, and to which commands.
type rule struct {
	match  matcher
	spares func(*asked) bool // commands that no server would refuse in this way; nil: none
	text   string            // of an error, without what depends on the command
	moved  string            // where a key is said to be; empty: here
	writes fate              // of redis_empty
}

// Parse reads a fault as a toxic's type, toxicity and attributes. Its errors are
// sentences for the person who wrote the request.
func Parse(kind string, share float64, attributes json.RawMessage) (*faultset.Fault, error) {
	f, in, err := faultset.ReadKind(kind, share, attributes)
	if err != nil {
		return nil, err
	}
	r := &rule{}
	switch kind {
	case kindError:
		r.readError(f, in)
	case kindEmpty:
		a := emptyAttributes{Writes: faultset.Word(in, "writes", succeed, fail)}
		a.common = r.readCommon(f, in)
		f.Attributes, r.writes = a, a.Writes
	case kindLatency:
		var a latencyAttributes
		a.Latency, a.Jitter = in.Delay(f)
		a.common = r.readCommon(f, in)
		f.Attributes = a
	}
	f.Rule = r
	return f, in.Done()
}

func (r *rule) readError(f *faultset.Fault, in *faultset.Fields) {
	a := errorAttributes{Error: in.Text("error"), Address: in.Text("address")}
	a.common = r.readCommon(f, in)
	f.Attributes = a
	word, rest, custom := strings.Cut(a.Error, " ")
	known, ok := refusals()[word]
	switch {
	case word == "":
		in.Refuse("redis_error needs error, such as READONLY")
	case strings.ContainsAny(a.Error, "\r\n"):
		in.Refuse("error must be one line")
	case custom && rest != "" && word == strings.ToUpper(word):
		r.text = a.Error
		ok = false
	case !ok:
		in.Refuse("error must be %s, or a whole error such as \"ERR value is not an integer or out of range\", not %q", figures.List(Errors(), "or"), a.Error)
	default:
		r.text = known.text
	}
	if ok {
		r.spares = known.spares
	}
	if r.moved = a.Address; a.Address != "" && !redirects(a.Error) {
		in.Refuse("address is where MOVED or ASK points to, and the error is %s", a.Error)
	}
	if r.match.given {
		r.spares = nil // who says which commands means them
	}
}

func redirects(word string) bool { return word == "MOVED" || word == "ASK" }

func (r *rule) readCommon(f *faultset.Fault, in *faultset.Fields) common {
	a := matchAttributes{}
	in.Group("match", func(inner *faultset.Fields) {
		a = matchAttributes{Class: faultset.WordOrNone(inner, "class", classes()...), Command: inner.Text("command"), Key: inner.Text("key")}
		a.Command = strings.Join(listed(a.Command), ", ")
	})
	c := common{First: in.First(f)}
	if a != (matchAttributes{}) {
		c.Match = &a
	}
	r.match = matcher{class: a.Class, names: listed(a.Command), key: a.Key, given: c.Match != nil && (a.Class != "" || a.Command != "")}
	return c
}

// listed are names of commands as they are listed, with commas.
func listed(text string) []string {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.ToUpper(strings.Join(strings.Fields(name), " ")); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// A matcher says which commands a fault is meant for; the zero matcher says all.
type matcher struct {
	class class    // empty: any
	names []string // empty: any
	key   string   // a pattern; empty: any
	given bool     // commands are named
}

func (w *matcher) matches(a *asked) bool {
	switch {
	case w.class != "" && w.class != anyClass && w.class != a.class,
		len(w.names) > 0 && !slices.Contains(w.names, a.name) && !slices.Contains(w.names, a.whole):
		return false
	case w.key == "":
		return true
	}
	return a.hasKey && faultset.Fits(w.key, a.key)
}
