package jsonpath

import (
	"slices"
	"strings"

	"github.com/theory/jsonpath/spec"
)

// Visit calls visit with each value that the path selects, until visit returns
// false. Elements of lists come in their order, members of objects by name. It
// holds no list of what it selects, and selects nothing in a document that holds no
// value. The error is one of the bounds.
//
// Note: the library's own evaluation makes lists of lists of everything that a path
// passes, with the place of each, and cannot be interrupted: for $..a in a megabyte
// of small objects it takes some hundred megabytes.
func (p Path) Visit(doc *Document, b Bounds, visit func(Value) bool) error {
	switch {
	case p.text == "", !doc.Decoded():
		return nil
	case p.segments == nil:
		if v, ok := p.follow(doc.Root()); ok {
			visit(v)
		}
		return nil
	}
	q := p.segments.borrow(b)
	defer p.segments.giveBack(q)
	w := walk{pace: pace{bounds: b}, root: doc.Root(), segments: q.segments, filters: q, visit: visit}
	return w.run(p.unordered)
}

// follow returns the value at the end of a plain path.
func (p Path) follow(v Value) (Value, bool) {
	for _, t := range p.steps {
		ok := false
		if t.isIndex {
			v, ok = v.Element(t.index)
		} else {
			v, ok = v.Member(t.name)
		}
		if !ok {
			return Value{}, false
		}
	}
	return v, true
}

// A walk is one evaluation of a path.
type walk struct {
	pace
	root     Value
	segments []*spec.Segment
	filters  *query
	visit    func(Value) bool
	ended    bool // visit wants no more

	// What the walk holds at the moment, from the root down to where it is.
	states []state
	names  []name
}

// A state says in how many ways a value is what the segments before one select, so
// that this one is applied to its members.
type state struct {
	segment int
	ways    int
}

// A name is a member of an object that is being visited.
type name struct {
	text string
	at   int // node
}

const (
	heldState = 16
	heldName  = 24
	// maxWays bounds how often one value is selected. A path such as $..*..*..* can
	// select a value more often than there are bytes.
	maxWays = 1 << 20
)

func (w *walk) run(unordered bool) error {
	if !unordered {
		return w.inOrder(w.root, 0)
	}
	w.states = append(w.states, state{0, 1})
	return w.descend(w.root, 0)
}

// inOrder visits what names, indices and slices select, in the order of the
// selectors. Nothing of it depends on the order of members.
func (w *walk) inOrder(v Value, segment int) error {
	if err := w.step(); err != nil || w.ended {
		return err
	}
	if segment == len(w.segments) {
		w.ended = !w.visit(v)
		return nil
	}
	for _, selector := range w.segments[segment].Selectors() {
		var next Value
		ok := false
		switch s := selector.(type) {
		case spec.Name:
			next, ok = v.Member(string(s))
		case spec.Index:
			next, ok = v.Element(int(s))
		case spec.SliceSelector:
			if err := w.slice(v, s, segment); err != nil {
				return err
			}
		}
		if ok {
			if err := w.inOrder(next, segment+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *walk) slice(v Value, s spec.SliceSelector, segment int) error {
	if v.Kind() != List {
		return nil
	}
	n := v.length()
	if err := w.bounds.Hold(4 * n); err != nil {
		return err
	}
	defer w.bounds.Release(4 * n)
	places := make([]uint32, 0, n)
	for e := range v.Elements() {
		places = append(places, uint32(e.at))
	}
	lower, upper := s.Bounds(n)
	visit := func(i int) error { return w.inOrder(Value{v.doc, int(places[i])}, segment+1) }
	switch step := s.Step(); {
	case step > 0:
		for i := lower; i < upper && !w.ended; i += step {
			if err := visit(i); err != nil {
				return err
			}
		}
	case step < 0:
		for i := upper; i > lower && !w.ended; i += step {
			if err := visit(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// descend visits v, where it is selected, and then what is below it. states[from:]
// are the segments that apply to the members of v, because those before them select
// v or because an ancestor hands them down, and the end of the path where v is
// selected. Visited like this, in the order of the document, values come in the order
// of their places.
func (w *walk) descend(v Value, from int) error {
	if err := w.step(); err != nil {
		return err
	}
	top := len(w.states)
	applied := top // the same from here on, without duplicates and without the end
	for _, s := range w.states[from:top] {
		if s.segment == len(w.segments) {
			for n := 0; n < s.ways && !w.ended; n++ {
				w.ended = !w.visit(v)
			}
			continue
		}
		w.states = merge(w.states, applied, s)
	}
	defer func() { w.states = w.states[:top] }()
	if len(w.states) == applied || w.ended || !v.nests() {
		return nil
	}
	held := heldState * (len(w.states) - top)
	if err := w.bounds.Hold(held); err != nil {
		return err
	}
	defer w.bounds.Release(held)
	if v.Kind() == List {
		return w.elements(v, applied)
	}
	return w.members(v, applied)
}

// merge adds a state to those from an index on.
func merge(states []state, from int, s state) []state {
	for i := range states[from:] {
		if t := &states[from+i]; t.segment == s.segment {
			t.ways = min(maxWays, t.ways+s.ways)
			return states
		}
	}
	return append(states, s)
}

func (w *walk) elements(v Value, applied int) error {
	n := v.length()
	index := 0
	for e := range v.Elements() {
		if err := w.member(e, applied, place{index: index, of: n}); err != nil || w.ended {
			return err
		}
		index++
	}
	return nil
}

// members visits the members of an object by name. Of duplicates only the last one
// counts.
func (w *walk) members(v Value, applied int) error {
	only, single := w.onlyName(applied)
	if single {
		if member, ok := v.Member(only); ok {
			return w.member(member, applied, place{name: only, named: true})
		}
		return nil
	}
	first, held := len(w.names), 0
	defer func() {
		clear(w.names[first:])
		w.names = w.names[:first]
		w.bounds.Release(held)
	}()
	for at := range v.members() {
		if err := w.step(); err != nil {
			return err
		}
		takes := heldName + len(Value{v.doc, at}.token())
		if err := w.bounds.Hold(takes); err != nil {
			return err
		}
		held += takes
		w.names = append(w.names, name{Value{v.doc, at}.text(), at})
	}
	slices.SortStableFunc(w.names[first:], func(a, b name) int { return strings.Compare(a.text, b.text) })
	last := len(w.names)
	for i := first; i < last; i++ {
		n := w.names[i]
		if i+1 < last && w.names[i+1].text == n.text {
			continue
		}
		if err := w.member(Value{v.doc, n.at + 1}, applied, place{name: n.text, named: true}); err != nil || w.ended {
			return err
		}
	}
	return nil
}

// onlyName returns the one name that the segments from applied on ask for; false
// where they ask for more than that.
func (w *walk) onlyName(applied int) (only string, single bool) {
	for _, s := range w.states[applied:] {
		segment := w.segments[s.segment]
		if segment.IsDescendant() {
			return "", false
		}
		for _, selector := range segment.Selectors() {
			switch n := selector.(type) {
			case spec.Name:
				if single && only != string(n) {
					return "", false
				}
				only, single = string(n), true
			case spec.WildcardSelector, *spec.FilterSelector:
				return "", false
			}
		}
	}
	return only, single
}

// A place is where in its object or list a value is.
type place struct {
	name      string
	named     bool
	index, of int // of a list of so many
}

// member visits one member of a value, to which states[applied:] apply.
func (w *walk) member(v Value, applied int, at place) error {
	top := len(w.states)
	for _, s := range w.states[applied:top] {
		if w.segments[s.segment].IsDescendant() {
			w.states = append(w.states, s) // handed down
		}
	}
	for _, s := range w.states[applied:top] {
		for _, selector := range w.segments[s.segment].Selectors() {
			selected, err := w.selects(selector, v, at)
			if err != nil {
				return err
			}
			if selected {
				w.states = merge(w.states, top, state{s.segment + 1, s.ways})
			}
		}
	}
	defer func() { w.states = w.states[:top] }()
	if len(w.states) == top {
		return nil
	}
	return w.descend(v, top)
}

// selects reports whether a selector selects a member.
func (w *walk) selects(selector spec.Selector, v Value, at place) (bool, error) {
	switch s := selector.(type) {
	case spec.Name:
		return at.named && at.name == string(s), nil
	case spec.WildcardSelector:
		return true, nil
	case spec.Index:
		i := int(s)
		if i < 0 {
			i += at.of
		}
		return !at.named && i == at.index, nil
	case spec.SliceSelector:
		if at.named {
			return false, nil
		}
		lower, upper := s.Bounds(at.of)
		if step := s.Step(); step > 0 {
			return at.index >= lower && at.index < upper && (at.index-lower)%step == 0, nil
		} else if step < 0 {
			return at.index <= upper && at.index > lower && (upper-at.index)%-step == 0, nil
		}
	case *spec.FilterSelector:
		return w.filters.test(s, v, w.root)
	}
	return false, nil
}
