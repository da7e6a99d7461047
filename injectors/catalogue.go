// Package injectors is the catalogue of fault kinds: their attributes, units,
// wire types, and what surprises people about them.
//
// It causes nothing itself. The documents are checked against it, the plan
// resolves attributes with it, and the drivers below this folder put its kinds
// into force.
package injectors

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
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
)

// A Unit is how an attribute is written, and the unit its value has inside
// blastgauge and in result.json.
type Unit string

const (
	Duration  Unit = "duration"  // written "250ms"; held in seconds
	Size      Unit = "size"      // written "64KB"; held in bytes
	Bandwidth Unit = "bandwidth" // written "100KB/s"; held in bytes per second
	Count     Unit = "count"     // a whole number
	Text      Unit = "text"      // any text
	Word      Unit = "word"      // one of the attribute's Words
	Table     Unit = "table"     // a mapping of names to texts
	Group     Unit = "group"     // a mapping of the attribute's Fields

	// Of what makes config bad:

	Operation Unit = "operation" // a mapping of the attribute's Fields, which may be empty
	Inner     Unit = "operator"  // a mapping of one of the attribute's Fields
	Path      Unit = "path"      // a JSON Pointer or a JSONPath
	Share     Unit = "share"     // written "60%"; held from 0 to 1
	Factor    Unit = "factor"    // a number, or a fraction of two as a text: "1/60"
	Value     Unit = "value"     // anything that a document can hold, in JSON's forms
	Values    Unit = "values"    // a mapping of paths to values
	Paths     Unit = "pair"      // a list of two
	Document  Unit = "file"      // the name of a file whose text is sent with the fault
)

// Numeric says whether values of the unit are numbers.
func (u Unit) Numeric() bool {
	return u == Duration || u == Size || u == Bandwidth || u == Count || u == Share
}

// nests says whether values of the unit are mappings of fields.
func (u Unit) nests() bool { return u == Group || u == Operation || u == Inner }

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
	Words    []string    // what a Word may be; the first is meant when none is given, or what Doc says
	Example  string      // of an Operation: its parameters, as a YAML flow mapping
	Fields   []Attribute // what a Group, an Operation or an Inner may have
}

// Attributes are the parameters of a fault by name, in held form: a float64 for
// a number (seconds, bytes, bytes per second, a count), a string for a text or a
// word, a map[string]any for a table or a group, a []any for a list. These are
// JSON's own forms, so that they come back from a journal as they went in.
type Attributes map[string]any

// Number is the value of a number; 0 when it is not given.
func (a Attributes) Number(name string) float64 {
	v, _ := a[name].(float64)
	return v
}

// A Surprise is what users of a fault trip over: measured, not folklore.
type Surprise struct {
	Of   string // the attribute that brings it; empty: the fault itself does
	Text string
}

// A Kind is one fault kind, as users write it after `inject:`.
type Kind struct {
	Name       string
	Level      Level
	Wire       string // the toxic's type; a stock server has no "down": it disables the proxy
	Summary    string
	Attributes []Attribute
	Example    string // attributes of a fault, as YAML flow mapping
	Surprises  []Surprise
	// CutsOnRemoval marks faults whose removal closes connections, so that the
	// first moments after it still carry harm that is not the system's.
	CutsOnRemoval bool
	// Streamless faults act on connections or requests, not on one direction of
	// a connection.
	Streamless bool
	// Acts says what a Message fault acts on: requests, commands or statements.
	Acts string
	// ByRequest faults can be limited to single requests by what these carry.
	ByRequest bool
	// Config faults make config documents bad. They leave choices to a seed, and are
	// met whenever a system reads its config, not once per journey.
	Config bool
	// Schemes are those of the upstreams that a Message fault can act on.
	Schemes []string
	// rule checks what concerns several attributes; it returns the name of the
	// attribute at fault and a sentence, or two empty strings.
	rule func(attributes Attributes) (attribute, problem string)
}

// Attribute finds an attribute by name.
func (k Kind) Attribute(name string) (Attribute, bool) {
	i := slices.IndexFunc(k.Attributes, func(a Attribute) bool { return a.Name == name })
	if i < 0 {
		return Attribute{}, false
	}
	return k.Attributes[i], true
}

// Check reports the first rule that the attributes break as the name of the
// attribute and a sentence that says what would be right; both are empty when
// all is well. A field of a group is named "group.field".
func (k Kind) Check(attributes Attributes) (attribute, problem string) {
	if attribute, problem = check(k.Name, "", k.Attributes, attributes); problem != "" || k.rule == nil {
		return attribute, problem
	}
	return k.rule(attributes)
}

// check goes through the attributes of a kind or of a group of one.
func check(of, prefix string, known []Attribute, given Attributes) (attribute, problem string) {
	for _, a := range known {
		v, ok := given[a.Name]
		name := prefix + a.Name
		switch {
		case !ok && a.Required:
			return name, fmt.Sprintf("%s needs %s: %s", of, a.Name, a.Doc)
		case !ok:
			continue
		}
		if problem := a.problem(v); problem != "" {
			return name, a.Name + " " + problem
		}
		if fields, ok := v.(map[string]any); ok && a.Unit.nests() {
			if attribute, problem := check(a.Name, name+".", a.Fields, fields); problem != "" {
				return attribute, problem
			}
		}
	}
	return "", ""
}

// problem says what is wrong with one value, as the rest of a sentence.
func (a Attribute) problem(v any) string {
	if a.Unit == Value {
		return ""
	}
	switch held := v.(type) {
	case float64:
		switch {
		case a.Unit == Factor:
			return ""
		case !a.Unit.Numeric():
			return "must not be a number"
		case !(held >= a.Min): // also what is no number
			return "must be at least " + a.Unit.Format(a.Min)
		case a.Max > 0 && held > a.Max:
			return "must be at most " + a.Unit.Format(a.Max)
		case a.Unit == Count && held != math.Trunc(held):
			return "must be a whole number"
		}
		return ""
	case string:
		switch {
		case a.Unit == Word && !slices.Contains(a.Words, held):
			return "must be " + strings.Join(a.Words, " or ")
		case slices.Contains([]Unit{Word, Text, Path, Factor, Document}, a.Unit):
			return ""
		}
	case []any:
		if a.Unit == Paths {
			return ""
		}
	case map[string]any:
		if a.Unit == Inner && len(held) != 1 {
			return "must be one operator"
		}
		if a.Unit == Table || a.Unit == Values || a.Unit.nests() {
			return ""
		}
	}
	return "must be a " + string(a.Unit)
}

// Mind lists what will surprise about the fault with these attributes.
func (k Kind) Mind(attributes Attributes) []string {
	var list []string
	for _, s := range k.Surprises {
		if s.Of == "" || attributes.Number(s.Of) > 0 {
			list = append(list, s.Text)
		}
	}
	return list
}

// OnWire gives the attributes as Toxiproxy's API takes them. Toxiproxy's
// numbers are integers: values are rounded to the nearest one.
func (k Kind) OnWire(attributes Attributes) map[string]any {
	return onWire(k.Attributes, attributes)
}

func onWire(known []Attribute, given Attributes) map[string]any {
	wire := make(map[string]any, len(given))
	for _, a := range known {
		held, ok := given[a.Name]
		if !ok {
			continue
		}
		wire[a.Wire] = held
		switch v := held.(type) {
		case float64:
			if a.Unit.Numeric() && a.Unit != Share {
				wire[a.Wire] = int64(math.Round(v * a.Scale))
			}
		case map[string]any:
			if a.Unit.nests() {
				wire[a.Wire] = onWire(a.Fields, v)
			}
		}
	}
	return wire
}

// Describe is a fault in a few words, such as "latency 2s, jitter 250ms" or
// "http_error status 503 for POST /charges".
func (k Kind) Describe(attributes Attributes) string {
	parts, rest := []string{}, ""
	for _, a := range k.Attributes {
		v, ok := attributes[a.Name]
		switch {
		case !ok:
		case a.Unit == Group:
			rest += " for " + strings.Join(a.describe(v), " ")
		case a.Unit == Operation: // what the fault is all about
			parts = slices.Insert(parts, 0, strings.TrimSpace(a.Name+" "+strings.Join(a.describe(v), " ")))
		case a.Name == k.Name:
			parts = append(parts, a.describe(v)...)
		default:
			parts = append(parts, a.Name+" "+strings.Join(a.describe(v), " "))
		}
	}
	return strings.TrimSpace(k.Name+" "+strings.Join(parts, ", ")) + rest
}

// describe is a value in words; those of a table or a group are named where the
// value alone does not say what it is.
func (a Attribute) describe(v any) []string {
	switch held := v.(type) {
	case nil:
		return []string{"null"}
	case float64:
		return []string{a.Unit.Format(held)}
	case string:
		if strings.ContainsAny(held, " ,\n") {
			held = strconv.Quote(held)
		}
		return []string{held}
	case bool:
		return []string{strconv.FormatBool(held)}
	case []any:
		return []string{enumerated(held)}
	case map[string]any:
		if a.Unit.nests() {
			return describeGroup(a.Unit, a.Fields, held)
		}
		var words []string
		for _, name := range slices.Sorted(maps.Keys(held)) {
			words = append(words, name+"="+strings.Join(Attribute{Unit: Value}.describe(held[name]), " "))
		}
		return words
	}
	return nil
}

func describeGroup(unit Unit, fields []Attribute, held Attributes) []string {
	var words []string
	for _, f := range fields {
		v, ok := held[f.Name]
		switch {
		case !ok:
			continue
		case unit == Inner, unit == Operation && f.Unit != Path:
			words = append(words, f.Name)
		}
		if f.Name != "body" || unit != Operation { // which may be a whole document
			words = append(words, f.describe(v)...)
		}
	}
	return words
}

func enumerated(list []any) string {
	words := make([]string, len(list))
	for i, v := range list {
		words[i] = fmt.Sprint(v)
	}
	return strings.Join(words, " and ")
}

// Format writes a held value as users write it.
func (u Unit) Format(v float64) string {
	switch u {
	case Duration:
		return formatDuration(time.Duration(v * float64(time.Second)).Round(time.Microsecond))
	case Bandwidth:
		return formatBytes(v) + "/s"
	case Count, Factor, Value:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Share:
		return strconv.FormatFloat(math.Round(v*1e6)/1e4, 'f', -1, 64) + "%"
	default:
		return formatBytes(v)
	}
}

// formatDuration leaves out the zeros at the end: 1h, not 1h0m0s.
func formatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func formatBytes(v float64) string {
	unit := "B"
	switch {
	case v >= 1e9:
		v, unit = v/1e9, "GB"
	case v >= 1e6:
		v, unit = v/1e6, "MB"
	case v >= 1e3:
		v, unit = v/1e3, "KB"
	}
	return strconv.FormatFloat(v, 'f', -1, 64) + unit
}

// Lookup finds a kind by the name users write.
func Lookup(name string) (Kind, bool) {
	for _, k := range Catalogue() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// Names are the names of all kinds, sorted.
func Names() []string {
	names := []string{}
	for _, k := range Catalogue() {
		names = append(names, k.Name)
	}
	slices.Sort(names)
	return names
}
