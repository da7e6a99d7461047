// Package change says what differs between two versions of a config, and what is near the
// new one.
package change

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// MostPointers is how many changes a [Difference] tells apart.
const MostPointers = 200

// MostNeighbors is how many neighbors a change has.
const MostNeighbors = 60

// A Difference is what differs between what is served and a candidate.
type Difference struct {
	served, candidate []byte
	format            badconfig.Format
	why               string
	changed           []Changed
}

// Changed is one value that differs. From and To are the values as JSON, without a bound
// of their own; nil where there is none on that side.
type Changed struct {
	Pointer  string // JSON Pointer (RFC 6901); empty: the whole document
	From, To json.RawMessage
}

// Options say how neighbors are made.
type Options struct {
	Seed uint64    // decides what is left to chance
	At   time.Time // the moment that dates are compared with; the zero time: dates stay as they are
	Most int       // of neighbors; 0: MostNeighbors, which is also the most
}

// A Neighbor is the candidate with one more change.
type Neighbor struct {
	Operator   string          // of bad config
	Parameters json.RawMessage // of the operator, as JSON
	Pointer    string
	From       json.RawMessage // the value in the candidate
	Value      json.RawMessage // its value now; nil where there is none
	What       string          // the change in words, without any text of the document
	Body       []byte          // the document
	Parses     bool            // the document reads as one of its format
	Distance   float64
}

// A Skipped is a neighbor that is not made, or several by one operator.
type Skipped struct {
	Operator string // empty: all operators
	Pointer  string // the first one
	Why      string // for people
	Code     string
}

// Why neighbors are not made.
const (
	Unfit   = "unfit"    // the operator cannot be applied there
	Same    = "same"     // it makes the candidate, or what is served
	TooMany = "too_many" // there are more than enough that are nearer
)

// Diff compares what is served with a candidate. The name, of a file or a media type, says
// how both are written, as [badconfig.Detect] reads it.
func Diff(served, candidate []byte, name string) (*Difference, error) {
	d := &Difference{served: served, candidate: candidate, format: badconfig.Detect(name, candidate)}
	return d, nil
}

// Format returns how the documents are written.
func (d *Difference) Format() badconfig.Format { return d.format }

// Why says why the documents are compared as a whole, as texts. It is empty when they are
// compared by value.
func (d *Difference) Why() string { return d.why }

// Changed returns what differs, in the order of the candidate. It is empty when both mean
// the same, however they are written.
func (d *Difference) Changed() []Changed { return d.changed }

// Pointers returns the pointers of what differs.
func (d *Difference) Pointers() []string {
	list := make([]string, len(d.changed))
	for i, c := range d.changed {
		list[i] = c.Pointer
	}
	return list
}

// Only returns what is served with just these changes, named by their pointers.
func (d *Difference) Only(_ []string) ([]byte, error) { return bytes.Clone(d.served), nil }

// Neighbors returns what is near the candidate, the nearest first, and what is not made.
func (d *Difference) Neighbors(_ Options) ([]Neighbor, []Skipped) { return nil, nil }
