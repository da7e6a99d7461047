package injectors

import (
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// A Unit is how an attribute is written, and the unit its value has inside
// blastgauge and in result.json.
type Unit string

// The units of attributes.
const (
	Duration  Unit = "duration"  // written "250ms"; held in seconds
	Size      Unit = "size"      // written "64KB"; held in bytes
	Bandwidth Unit = "bandwidth" // written "100KB/s"; held in bytes per second
	Count     Unit = "count"     // a whole number
	Text      Unit = "text"      // any text
	Word      Unit = "word"      // one of the attribute's Words
	Table     Unit = "table"     // a mapping of names to texts
	Group     Unit = "group"     // a mapping of the attribute's Fields
	Arguments Unit = "arguments" // a list: a program and its arguments

	// These are of operators that make config bad:

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

// Numeric reports whether values of the unit are numbers.
func (u Unit) Numeric() bool {
	return u == Duration || u == Size || u == Bandwidth || u == Count || u == Share
}

// nests reports whether values of the unit are mappings of fields.
func (u Unit) nests() bool { return u == Group || u == Operation || u == Inner }

// noun is what a value of the unit is called in the sentence "… must be …".
func (u Unit) noun() string {
	switch u {
	case Duration, Size, Share:
		return "a " + string(u)
	case Bandwidth:
		return "a rate such as 100KB/s"
	case Count:
		return "a whole number"
	case Table:
		return "a table of texts, such as {X-Name: value}"
	case Group, Operation:
		return "a mapping of its parameters"
	case Inner:
		return "one operator"
	case Values:
		return "a mapping of paths and values, such as {/timeout: 10}"
	case Arguments:
		return "a list of a program and its arguments, such as [kubectl, get, pods]"
	case Paths:
		return "a list of two paths"
	case Factor:
		return "a number or a fraction such as \"1/60\""
	default:
		return "a text"
	}
}

// Format writes a held value as users write it.
func (u Unit) Format(v float64) string {
	switch u {
	case Duration:
		return figures.Span(time.Duration(v * float64(time.Second)).Round(time.Microsecond))
	case Bandwidth:
		return formatBytes(v) + "/s"
	case Count, Factor, Value:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Share:
		return figures.ShortPercent(v, 4)
	default:
		return formatBytes(v)
	}
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
