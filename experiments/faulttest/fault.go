package faulttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/injectors"
)

// A Fault is what goes wrong. It does nothing until it is injected, and may be injected as
// often as one likes.
type Fault struct {
	kind       string
	attributes injectors.Attributes
	share      float64
	upstream   bool   // it acts on what clients send
	mistake    string // in the types of its attributes, which the catalogue does not see
}

// An Option changes a fault that is being made.
type Option func(*Fault)

// New makes a fault of any kind that acts on a proxy, by the name that it has in documents:
// New("latency", Attributes{"latency": time.Second}). `blastgauge faults` lists them.
// Whether there is such a fault, and whether its attributes are right, is found out when it
// is injected.
func New(kind string, attributes Attributes, options ...Option) Fault {
	f := Fault{kind: kind, attributes: injectors.Attributes{}, share: 1}
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		f.set(name, attributes[name])
	}
	for _, set := range options {
		set(&f)
	}
	return f
}

// String describes the fault, as reports do: "http_error status 503 for POST /charges".
func (f Fault) String() string {
	kind, ok := injectors.Lookup(f.kind)
	if !ok {
		return f.kind
	}
	text := kind.Describe(f.attributes)
	if f.share != 1 {
		text += ", share " + figures.ShortPercent(f.share, 2)
	}
	return text
}

// With sets any attribute, such as With("body", "{}").
func With(attribute string, value any) Option {
	return func(f *Fault) { f.set(attribute, value) }
}

// Share limits the fault to a share, from 0 to 1: of the requests, commands or statements
// that match, drawn for each; or, where it acts on bytes, of connections.
func Share(share float64) Option { return func(f *Fault) { f.share = share } }

// First limits the fault to the first n requests, commands or statements that match.
func First(n int) Option { return With("first", n) }

// After lets the dependency do the work, and the caller is told that it failed.
func After() Option { return With("when", "after") }

// Jitter varies a latency by up to so much either way.
func Jitter(d time.Duration) Option { return With("jitter", d) }

// Upstream lets a fault on bytes act on what clients send, and not on what they get.
func Upstream() Option { return func(f *Fault) { f.upstream = true } }

// Match limits the fault to requests, commands or statements with one of these values in a
// field. Matches of several fields have to fit all; those of one field add values. The
// fields are method, path, grpc, headers.NAME and baggage.NAME of requests; class, command
// and key of Redis; statement and sql of PostgreSQL. In a path * is any text up to a slash,
// and ** any text.
func Match(field string, values ...string) Option {
	return func(f *Fault) { put(inner(f.attributes, "match"), field, values) }
}

// Spare exempts from the fault what fits; it takes the fields of [Match]. What fits all
// Spare of a fault is spared.
func Spare(field string, values ...string) Option {
	return func(f *Fault) { put(inner(inner(f.attributes, "match"), "not"), field, values) }
}

// toxic returns the fault as a proxy takes it. The error is the catalogue's.
func (f Fault) toxic(name string) ([]byte, error) {
	kind, ok := injectors.Lookup(f.kind)
	switch {
	case !ok:
		return nil, fmt.Errorf("there is no fault %q; there are %s", f.kind, strings.Join(onProxies(), ", "))
	case !kind.OnProxy():
		return nil, fmt.Errorf("%s does not act on what passes a proxy", f.kind)
	case f.mistake != "":
		return nil, errors.New(f.mistake)
	case !(f.share >= 0 && f.share <= 1): // nor is it NaN
		return nil, fmt.Errorf("share must be from 0 to 1, not %v", f.share)
	case f.upstream && kind.Level == injectors.Message:
		return nil, fmt.Errorf("%s acts on %s, and Upstream is for faults on bytes", f.kind, kind.Acts)
	}
	attributes, err := withDocument(f.attributes)
	if err != nil {
		return nil, err
	}
	wire := kind.OnWire(attributes)
	if addUnknown(wire, attributes, kind.Attributes) {
		object, err := json.Marshal(wire)
		if err != nil {
			return nil, err
		}
		if _, err := kind.ReadWire(object); err != nil { // names what there is
			return nil, err
		}
	}
	if err := kind.CheckComplete(attributes); err != nil {
		return nil, err
	}
	stream := "downstream"
	if f.upstream {
		stream = "upstream"
	}
	return json.Marshal(map[string]any{"name": name, "type": kind.Wire, "stream": stream, "toxicity": f.share, "attributes": wire})
}

// onProxies lists the kinds of faults that act on a proxy.
func onProxies() []string {
	return slices.DeleteFunc(injectors.Names(), func(name string) bool {
		kind, _ := injectors.Lookup(name)
		return !kind.OnProxy()
	})
}
