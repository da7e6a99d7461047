// Package injectors is the catalogue of fault kinds: the name, the unit, the
// bounds and the meaning of every attribute, and what surprises people about it.
//
// It causes nothing itself. Documents are checked against it, the plan describes
// faults with it, and the rooms below this folder cause the kinds that it lists.
// Both a document and Toxiproxy's API are read by the same rules: [Kind.Check]
// finds every mistake in a fault's attributes, whoever wrote them.
package injectors

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// A Level says what a fault acts on.
type Level string

const (
	// Byte faults act on the byte stream of a connection.
	Byte Level = "byte"
	// Message faults act on single requests; they need a gateway.
	Message Level = "message"
	// File faults act on a file of this machine, and need no proxy.
	File Level = "file"
	// Command faults are caused by programs of the user, and need no proxy.
	Command Level = "command"
)

// An Attribute is one parameter of a fault kind.
type Attribute struct {
	Name     string
	Unit     Unit
	Required bool
	Min      float64 // smallest legal value of a number, in the unit's held form
	Max      float64 // largest legal value of a number; 0 means no limit
	Doc      string
	Wire     string      // the attribute's name in Toxiproxy's API
	Scale    float64     // of a number: wire value = held value * Scale
	Words    []string    // what a Word may be
	Example  string      // of an Operation, match and not: what may stand in it, as a YAML flow mapping
	Fields   []Attribute // what a Group, an Operation or an Inner may have
	Lists    bool        // a text, or each of a Table, may also be a list: any of them will do
	Form     string      // of a Text: a regular expression that all legal values fit, for schemas; empty: any text is legal

	fallback  any                             // what is meant when none is given, in held form; nil: nothing
	numbered  bool                            // on the wire a Word may also be its number, counted from 1, and in any case
	normalize func(text string) string        // brings a text from the wire into its usual form
	valid     func(value any) string          // a rule for the value: the end of a sentence that begins with the name
	together  func(fields Attributes) mistake // a rule for several fields of a Group or an Operation
	filled    bool                            // of a Group: an empty one is a mistake, also on the wire
	folds     bool                            // capitals do not matter in it; of a Table, in its names
	commas    bool                            // a text is several, separated by commas
	all       []string                        // values that every message has
	aside     bool                            // it does not say what the fault is: descriptions leave it out
}

// Attributes are the parameters of a fault by name, in held form: a float64 for
// a number (seconds, bytes, bytes per second, a count), a string for a text or a
// word, a map[string]any for a table or a group, a []any for a list or a program with its
// arguments. These are
// JSON's own forms, so that they come back from a journal as they went in.
type Attributes map[string]any

// Number returns the value of a number; 0 when it is not given.
func (a Attributes) Number(name string) float64 {
	v, _ := a[name].(float64)
	return v
}

// Duration returns the value of a duration; 0 when it is not given.
func (a Attributes) Duration(name string) time.Duration {
	return time.Duration(a.Number(name) * float64(time.Second)).Round(time.Microsecond)
}

// Text returns the value of a text or a word; empty when it is not given.
func (a Attributes) Text(name string) string {
	v, _ := a[name].(string)
	return v
}

// Group returns the fields of a group; nil when it is not given.
func (a Attributes) Group(name string) Attributes {
	v, _ := a[name].(map[string]any)
	return v
}

// Table returns the texts of a table by name; nil when it is not given.
func (a Attributes) Table(name string) map[string]string {
	group := a.Group(name)
	if group == nil {
		return nil
	}
	table := make(map[string]string, len(group))
	for key := range group {
		table[key] = group.Text(key)
	}
	return table
}

// A Caveat is what users of a fault trip over: measured, not folklore.
type Caveat struct {
	Attribute string // the attribute that brings it; empty: the fault itself does
	Stock     bool   // only behind an unchanged Toxiproxy
	Text      string
}

// A Kind is one fault kind, as users write it after `inject:`.
type Kind struct {
	Name       string
	Level      Level
	Wire       string // the toxic's type; a stock server has no "down": it disables the proxy
	Summary    string
	Attributes []Attribute
	Example    string // attributes of a fault, as YAML flow mapping
	Caveats    []Caveat
	Notes      []string // how it is caused, where that differs; no surprise that a plan has to tell
	// CutsOnRemoval marks faults whose removal closes connections, so that the
	// first moments after it still carry harm that is not the system's.
	CutsOnRemoval bool
	// Streamless faults act on connections or requests, not on one direction of
	// a connection.
	Streamless bool
	// Acts names what a Message fault acts on: requests, commands or statements.
	Acts string
	// ByRequest faults can be limited to single requests by what these carry.
	ByRequest bool
	// Config faults make config documents bad. They leave choices to a seed, and are
	// met whenever a system reads its config, not once per journey.
	Config bool
	// Schemes are those of the upstreams that a Message fault can act on.
	Schemes []string

	wireOnly []Attribute                               // what the API takes and no document has
	defaults func(given Attributes) Attributes         // what is meant where it depends on other attributes
	together func(given Attributes) mistake            // a rule for several attributes
	source   func(given Attributes, wire bool) mistake // a rule for the document that comes with the mistake
}

// OnProxy reports whether faults of the kind act on what passes a proxy.
func (k Kind) OnProxy() bool { return k.Level != File && k.Level != Command }

// Attribute finds an attribute by name.
func (k Kind) Attribute(name string) (Attribute, bool) {
	i := slices.IndexFunc(k.Attributes, func(a Attribute) bool { return a.Name == name })
	if i < 0 {
		return Attribute{}, false
	}
	return k.Attributes[i], true
}

// WithDefaults returns the attributes together with what is meant by those that are
// not given.
func (k Kind) WithDefaults(given Attributes) Attributes {
	complete := Attributes{}
	for _, a := range slices.Concat(k.Attributes, k.wireOnly) {
		if a.fallback != nil {
			complete[a.Name] = a.fallback
		}
	}
	if k.defaults != nil {
		maps.Copy(complete, k.defaults(given))
	}
	maps.Copy(complete, given)
	return complete
}

// CaveatsFor lists what will surprise about the fault with these attributes.
func (k Kind) CaveatsFor(attributes Attributes) []string {
	var list []string
	for _, c := range k.Caveats {
		if c.Attribute == "" || attributes.Number(c.Attribute) > 0 {
			list = append(list, c.Text)
		}
	}
	return list
}

// CaveatsOnStock lists what will surprise about the fault behind an unchanged Toxiproxy only.
func (k Kind) CaveatsOnStock() []string {
	var list []string
	for _, c := range k.Caveats {
		if c.Stock {
			list = append(list, c.Text)
		}
	}
	return list
}

// kinds builds the catalogue once. Nothing that it returns is ever changed.
var kinds = sync.OnceValue(func() []Kind {
	return []Kind{latency(), down(), timeout(), resetPeer(), bandwidth(), slowClose(), slicer(), limitData(),
		httpError(), httpLatency(), httpAbort(), grpcError(), httpConfig(), configFile(), command(),
		redisError(), redisEmpty(), redisLatency(), postgresError(), postgresLatency()}
})

// Catalogue lists every fault kind in the order people meet them. The caveats were
// measured against Toxiproxy v2.12.0. Callers must not change what the kinds hold.
func Catalogue() []Kind { return slices.Clone(kinds()) }

// Lookup finds a kind by the name users write.
func Lookup(name string) (Kind, bool) {
	return find(func(k Kind) bool { return k.Name == name })
}

// LookupWire finds a kind by the type that it has in Toxiproxy's API.
func LookupWire(wire string) (Kind, bool) {
	return find(func(k Kind) bool { return k.Wire == wire })
}

func find(matches func(Kind) bool) (Kind, bool) {
	i := slices.IndexFunc(kinds(), matches)
	if i < 0 {
		return Kind{}, false
	}
	return kinds()[i], true
}

// Names lists the names of all kinds, sorted.
func Names() []string {
	names := []string{}
	for _, k := range kinds() {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return names
}
