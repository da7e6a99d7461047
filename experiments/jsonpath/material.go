package jsonpath

import "errors"

// maxDepth is how deep the lists and objects inside a value may be that is made.
// Those of people's documents are a few dozen deep at most.
const maxDepth = 1000

var errTooDeep = errors.New("it is nested too deep to be compared or kept")

// What Go's values take, in bytes. A map of up to eight members has one group of
// slots; beyond that it is up to half empty.
const (
	boxSize    = 24
	slotSize   = 16 // of a list
	mapSize    = 48
	groupSize  = 288
	memberSize = 80
)

// Make returns the value as encoding/json decodes it, with [encoding/json.Number]
// for numbers: map[string]any, []any, string, json.Number, bool and nil. The bounds
// hold what it takes, which may be fifty times its text. The error is one of the
// bounds, or says that the value is nested more than 1,000 deep.
func (v Value) Make(b Bounds) (any, error) {
	m := maker{pace: pace{bounds: b}}
	value, err := m.make(v, 0)
	if err != nil {
		b.Release(m.held)
		return nil, err
	}
	return value, nil
}

// A maker makes one value.
type maker struct {
	pace
	held int
}

func (m *maker) hold(n int) error {
	err := m.bounds.Hold(n)
	if err == nil {
		m.held += n
	}
	return err
}

func (m *maker) make(v Value, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errTooDeep
	}
	if err := m.step(); err != nil {
		return nil, err
	}
	switch v.Kind() {
	case List:
		return m.list(v, depth)
	case Object:
		return m.object(v, depth)
	case String, Number:
		if err := m.hold(boxSize + len(v.token())); err != nil {
			return nil, err
		}
	}
	return v.Scalar(), nil
}

func (m *maker) list(v Value, depth int) (any, error) {
	n := v.length()
	if err := m.hold(boxSize + n*slotSize); err != nil {
		return nil, err
	}
	list := make([]any, 0, n)
	for e := range v.Elements() {
		made, err := m.make(e, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, made)
	}
	return list, nil
}

func (m *maker) object(v Value, depth int) (any, error) {
	if err := m.hold(mapSize); err != nil {
		return nil, err
	}
	object, n := map[string]any{}, 0
	for at := range v.members() {
		takes := len(Value{v.doc, at}.token())
		switch n++; {
		case n == 1:
			takes += groupSize
		case n > 8:
			takes += memberSize
		}
		if err := m.hold(takes); err != nil {
			return nil, err
		}
		made, err := m.make(Value{v.doc, at + 1}, depth+1)
		if err != nil {
			return nil, err
		}
		object[Value{v.doc, at}.text()] = made
	}
	return object, nil
}
