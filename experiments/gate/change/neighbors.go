package change

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
	"github.com/blastgauge/blastgauge/injectors/badconfig/edit"
)

// MostNeighbors is how many neighbors a change has.
const MostNeighbors = 60

// Options say how neighbors are made.
type Options struct {
	Seed uint64    // decides what is left to chance
	At   time.Time // the moment that dates are compared with; the zero time: dates stay as they are
	Most int       // of neighbors; 0: MostNeighbors, which is also the most
}

// A Neighbor is the candidate with one more mistake, in what the change touches.
type Neighbor struct {
	Operator   string          // of bad config
	Parameters json.RawMessage // of the operator
	Pointer    string          // of the value; in or below one of the changes
	From       json.RawMessage // the value in the candidate
	Value      json.RawMessage // the value now, the last one of a name that stands twice; nil where there is none
	What       string          // the mistake in words, without any text of the document
	Body       []byte          // the document
	Parses     bool            // it reads as one of its format, as most readers see it
	// Distance is how far it is from the candidate. For a number in place of another one
	// it is how many powers of ten lie between them: 0.3 for twice or half as much, 1 for
	// ten times. It is 1 for what takes one step: a flag that is flipped, a list that is one
	// entry longer or shorter, an address of several that is dead, a date that has passed.
	// It is 2 where a value is gone, empty, 0, of another type, name or place, or stands
	// twice, and that more for a number of the other sign. From 0 it is 1 to 1, and 2 to 10.
	Distance float64
}

// Skipped says which neighbors are not made.
type Skipped struct {
	Operator string // empty: any
	Pointer  string // where; of several, the first place
	Why      string // for people
	Code     string
}

// Why neighbors are not made.
const (
	Unfit   = "unfit"    // the operator cannot be applied there
	Same    = "same"     // it is what is served now, or has there what is served there now
	TooMany = "too_many" // enough others are made
)

// Neighbors returns what is near the candidate, the nearest first, and of the equally near
// in the order of the candidate. Each has one more mistake, by an operator of bad config,
// in a value that the change sets. A number that was changed from a to b goes on in the
// same direction, with the same difference and the same ratio; and then by larger and
// larger factors. Operators that only make sense for some values, such as dates, addresses
// and selectors, are used where the form or the name of a value says that it is one.
//
// No two neighbors have the same bytes. Where more than enough can be made, all values take
// turns, in an order that the seed decides, each with what is nearest to it.
func (d *Difference) Neighbors(o Options) ([]Neighbor, []Skipped) {
	if len(d.parts) == 0 {
		return nil, nil
	}
	if d.next == nil {
		return nil, []Skipped{{Code: Unfit, Why: d.why + ": no value of it can be found to be changed"}}
	}
	targets, skipped := d.targets(o.Seed)
	var ideas []idea
	for _, t := range targets {
		ideas = append(ideas, ideasFor(t, o.At)...)
	}
	most := min(cmp.Or(max(o.Most, 0), MostNeighbors), MostNeighbors)
	if len(ideas) > most {
		slices.SortStableFunc(ideas, func(a, b idea) int {
			return cmp.Or(cmp.Compare(a.rank, b.rank), compareDraws(o.Seed, a.target, b.target))
		})
	}
	f := finder{of: d, options: o, most: most, seen: map[[sha256.Size]byte]bool{sha256.Sum256(d.candidate): true}}
	text, _ := withoutMark(d.served)
	if served, err := read(text, d.format); err == nil {
		f.served = served
	}
	for _, i := range ideas {
		f.try(i)
	}
	f.sort()
	list := make([]Neighbor, len(f.found))
	for i, n := range f.found {
		list[i] = n.Neighbor
	}
	skipped = slices.Concat(skipped, f.skipped, f.beyond())
	if len(list)+len(skipped) == 0 {
		skipped = []Skipped{{Pointer: d.parts[0].Pointer, Code: Unfit, Why: "the change sets no value that an operator fits"}}
	}
	return list, skipped
}

// A found neighbor knows its place among the equally near.
type found struct {
	Neighbor
	order, rank int
	turn        int // among the equally near of the same value
}

// sort puts the nearest first. Of the equally near, all values have one before any has
// another.
func (f *finder) sort() {
	slices.SortStableFunc(f.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.order, b.order), cmp.Compare(a.rank, b.rank))
	})
	for i, n := range f.found {
		if before := i - 1; before >= 0 && f.found[before].order == n.order && f.found[before].Distance == n.Distance {
			f.found[i].turn = f.found[before].turn + 1
		}
	}
	slices.SortStableFunc(f.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.turn, b.turn))
	})
}

// A finder makes neighbors of ideas.
type finder struct {
	of      *Difference
	served  *document // nil when it cannot be read
	options Options
	most    int
	seen    map[[sha256.Size]byte]bool
	found   []found
	skipped []Skipped
	left    []idea // when there were enough
}

// try makes a neighbor, or notes why not.
func (f *finder) try(i idea) {
	if len(f.found) >= f.most {
		f.left = append(f.left, i)
		return
	}
	n, doc, err := f.make(i)
	switch {
	case err != nil && !i.guess:
		f.skip(i, Unfit, err.Error())
	case err != nil || f.seen[sha256.Sum256(n.Body)]:
	case f.isServed(n.Body, doc):
		f.skip(i, Same, "it is what is served now")
	case doc != nil && f.putsBack(i, doc):
		f.skip(i, Same, "it puts back what is served there now")
	default:
		f.found = append(f.found, found{Neighbor: n, order: i.target.order, rank: i.rank})
	}
	if err == nil {
		f.seen[sha256.Sum256(n.Body)] = true
	}
}

func (f *finder) skip(i idea, code, why string) {
	f.skipped = append(f.skipped, Skipped{Operator: i.operator, Pointer: i.target.pointer, Why: why, Code: code})
}

// isServed reports whether a neighbor is what is served, or means the same.
func (f *finder) isServed(body []byte, doc *document) bool {
	return bytes.Equal(body, f.of.served) || doc != nil && f.served != nil && doc.mean(f.served)
}

// putsBack reports whether a neighbor is the candidate without one of the changes: that is
// no mistake.
func (f *finder) putsBack(i idea, doc *document) bool {
	now, was := f.nowOf(i, doc), i.target.was
	if now == nil || was == nil {
		return now == nil && was == nil && i.operator == "drop" && i.target.added
	}
	return i.operator != "duplicate" && means(now, was)
}

// make applies an operator to the candidate. It returns the document too, if it reads as
// one.
func (f *finder) make(i idea) (Neighbor, *document, error) {
	d := f.of
	m, err := badconfig.Parse(i.operator, i.parameters)
	if err != nil {
		return Neighbor{}, nil, err
	}
	r, err := m.Apply(badconfig.Document{Body: d.candidate, Format: d.format, Seed: f.options.Seed, At: f.options.At})
	if err != nil {
		return Neighbor{}, nil, err
	}
	if len(r.Body) > MostBytes {
		return Neighbor{}, nil, fmt.Errorf("it would have more than %d bytes", MostBytes)
	}
	parameters, err := json.Marshal(i.parameters)
	if err != nil {
		return Neighbor{}, nil, err
	}
	n := Neighbor{Operator: i.operator, Parameters: parameters, Pointer: i.target.pointer, What: r.What, Body: r.Body, Distance: i.distance}
	if n.From, err = encode(i.target.value); err != nil {
		return Neighbor{}, nil, err
	}
	text, _ := withoutMark(r.Body)
	doc, err := read(text, d.format)
	if err != nil {
		return n, nil, nil //nolint:nilerr // a document that cannot be read is what some operators make
	}
	n.Parses = true
	f.describe(&n, i, doc)
	return n, doc, nil
}

// describe says what became of the value.
func (f *finder) describe(n *Neighbor, i idea, doc *document) {
	now := f.nowOf(i, doc)
	if now == nil {
		return
	}
	n.Value, _ = encode(now) // a value that is too large is not shown
	before := i.target.value
	if now.kind != edit.Number || before.kind != edit.Number || i.operator != "scale" && i.operator != "extreme" {
		return
	}
	a, okA := rational(before.at.PlainNumber())
	b, okB := rational(now.at.PlainNumber())
	if okA && okB {
		n.Distance = decades(a, b)
	}
}

// nowOf returns what a neighbor has in the place of the value, or nil.
func (f *finder) nowOf(i idea, doc *document) *value {
	if i.operator == "drop" && i.parameters["as"] == nil {
		return nil // in a list the next entry has its place
	}
	return doc.find(f.of.next.indexOf(i.target.value), i.target.pointer)
}

// find returns the value at a pointer in one of the documents, or nil.
func (d *document) find(index int, pointer string) *value {
	if index < 0 || index >= len(d.roots) {
		return nil
	}
	v := d.roots[index]
	for _, token := range edit.Tokens(pointer) {
		if v = v.last(token); v == nil {
			return nil
		}
	}
	return v
}

// beyond says how many more neighbors there would be, by operator.
func (f *finder) beyond() []Skipped {
	var list []Skipped
	at := map[string]int{}
	counts := map[string]int{}
	for _, i := range f.left {
		if _, ok := at[i.operator]; !ok {
			at[i.operator] = len(list)
			list = append(list, Skipped{Operator: i.operator, Pointer: i.target.pointer, Code: TooMany})
		}
		counts[i.operator]++
	}
	for i, s := range list {
		list[i].Why = fmt.Sprintf("%d more are left out: at most %d neighbors are made", counts[s.Operator], f.most)
	}
	return list
}
