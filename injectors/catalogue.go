// Package injectors is the catalogue of fault kinds: their attributes, units,
// wire types, and what surprises people about them.
//
// It causes nothing itself. The documents are checked against it, the plan
// resolves attributes with it, and the drivers below this folder put its kinds
// into force.
package injectors

import (
	"fmt"
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
)

// A Unit is how an attribute is written, and the unit its value has inside
// blastgauge and in result.json.
type Unit string

const (
	Duration  Unit = "duration"  // written "250ms"; held in seconds
	Size      Unit = "size"      // written "64KB"; held in bytes
	Bandwidth Unit = "bandwidth" // written "100KB/s"; held in bytes per second
)

// An Attribute is one parameter of a fault kind.
type Attribute struct {
	Name     string
	Unit     Unit
	Required bool
	Min      float64 // smallest legal value, in the unit's held form
	Max      float64 // largest legal value; 0 means no limit
	Doc      string
	Wire     string  // the attribute's name in Toxiproxy's API
	Scale    float64 // wire value = held value * Scale
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
	// Streamless faults act on connections, not on one direction of them.
	Streamless bool
	// rule checks what concerns several attributes; it returns the name of the
	// attribute at fault and a sentence, or two empty strings.
	rule func(attributes map[string]float64) (attribute, problem string)
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
// all is well. Values are in held units (seconds, bytes, bytes per second).
func (k Kind) Check(attributes map[string]float64) (attribute, problem string) {
	for _, a := range k.Attributes {
		v, ok := attributes[a.Name]
		switch {
		case !ok && a.Required:
			return a.Name, fmt.Sprintf("%s needs %s: %s", k.Name, a.Name, a.Doc)
		case ok && !(v >= a.Min): // also what is no number
			return a.Name, fmt.Sprintf("%s must be at least %s", a.Name, a.Unit.Format(a.Min))
		case ok && a.Max > 0 && v > a.Max:
			return a.Name, fmt.Sprintf("%s must be at most %s", a.Name, a.Unit.Format(a.Max))
		}
	}
	if k.rule == nil {
		return "", ""
	}
	return k.rule(attributes)
}

// Mind lists what will surprise about the fault with these attributes.
func (k Kind) Mind(attributes map[string]float64) []string {
	var list []string
	for _, s := range k.Surprises {
		if s.Of == "" || attributes[s.Of] > 0 {
			list = append(list, s.Text)
		}
	}
	return list
}

// OnWire gives the attributes as Toxiproxy's API takes them. Toxiproxy's
// numbers are integers: values are rounded to the nearest one.
func (k Kind) OnWire(attributes map[string]float64) map[string]int64 {
	wire := make(map[string]int64, len(attributes))
	for _, a := range k.Attributes {
		if v, ok := attributes[a.Name]; ok {
			wire[a.Wire] = int64(math.Round(v * a.Scale))
		}
	}
	return wire
}

// Describe is a fault in a few words, such as "latency 2s, jitter 250ms".
func (k Kind) Describe(attributes map[string]float64) string {
	parts := []string{}
	for _, a := range k.Attributes {
		v, ok := attributes[a.Name]
		if !ok {
			continue
		}
		name := a.Name + " "
		if a.Name == k.Name {
			name = ""
		}
		parts = append(parts, name+a.Unit.Format(v))
	}
	return strings.TrimSpace(k.Name + " " + strings.Join(parts, ", "))
}

// Format writes a held value as users write it.
func (u Unit) Format(v float64) string {
	switch u {
	case Duration:
		return formatDuration(time.Duration(v * float64(time.Second)).Round(time.Microsecond))
	case Bandwidth:
		return formatBytes(v) + "/s"
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
