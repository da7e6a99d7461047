package jsonpath

import (
	"errors"
	"math"
	"strings"
	"sync"

	theory "github.com/theory/jsonpath"
	"github.com/theory/jsonpath/registry"
	"github.com/theory/jsonpath/spec"
)

// A query is a parsed path that one evaluation has for itself: what its filters may
// do is bounded by the bounds of that evaluation.
type query struct {
	segments []*spec.Segment
	guard    *guard
	root     any // of the document, where a filter asks for it
	made     bool
	held     int // bytes of root

	asksForRoot bool
}

// queries are the queries of one path that no evaluation uses at the moment.
type queries struct {
	text string
	pool sync.Pool
}

// borrow returns a query for one evaluation.
func (all *queries) borrow(b Bounds) *query {
	q, ok := all.pool.Get().(*query)
	if !ok {
		q = newQuery(all.text)
	}
	q.guard.pace = pace{bounds: b}
	return q
}

func (all *queries) giveBack(q *query) {
	q.guard.bounds.Release(q.held)
	q.guard.pace, q.root, q.made, q.held = pace{}, nil, false, 0
	all.pool.Put(q)
}

// newQuery parses a path that has been parsed before.
func newQuery(text string) *query {
	// All queries but the first $ are in filters. A $ in a literal costs only time.
	q := &query{guard: &guard{}, asksForRoot: strings.Count(text, "$") > 1}
	path, err := theory.NewParser(theory.WithRegistry(filterFunctions(q.guard))).Parse(text)
	if err != nil {
		return q // impossible: it has been parsed before
	}
	q.segments = path.Query().Segments()
	for _, s := range q.segments {
		q.guard.filtersOf(s)
	}
	return q
}

// test reports whether a filter selects a member. The library compares Go's values,
// which are made for it one member at a time.
func (q *query) test(f *spec.FilterSelector, v, root Value) (selected bool, err error) {
	b := q.guard.bounds
	if err := b.Err(); err != nil { // a regular expression may take as long as a thousand other steps
		return false, err
	}
	counting := &counted{Bounds: b}
	node, err := v.Make(counting)
	if err != nil {
		return false, err
	}
	defer func() { b.Release(counting.held) }()
	if !q.made && q.asksForRoot {
		whole := &counted{Bounds: b}
		if q.root, err = root.Make(whole); err != nil {
			return false, err
		}
		q.made, q.held = true, whole.held
	}
	q.guard.selected = 0
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			err = r.err
		default:
			panic(r)
		}
	}()
	return f.Eval(node, q.root), nil
}

// counted counts what is held.
type counted struct {
	Bounds
	held int
}

func (c *counted) Hold(n int) error {
	err := c.Bounds.Hold(n)
	if err == nil {
		c.held += n
	}
	return err
}

func (c *counted) Release(n int) {
	c.Bounds.Release(n)
	c.held -= n
}

// A guard bounds the queries inside filters. Such a query may visit the whole document
// for each member that the filter is asked about. The library would make lists of
// lists for it, and asks nobody whether it may go on.
type guard struct {
	pace
	selected int // by queries inside one test of a filter
}

// maxSelected bounds what queries inside a filter select for one member. They make
// lists of it.
const maxSelected = 1 << 20

var errTooMany = errors.New("a filter's query selects more than a million values")

// A stop is the panic that ends a query inside a filter: the library evaluates the
// filter around it and has no other way out.
type stop struct{ err error }

// A subquery evaluates a query inside a filter in place of the library. It stands in
// the query as its only selector.
type subquery struct {
	spec.Selector // of the library; only for the methods that nobody else can have
	segments      []*spec.Segment
	guard         *guard
	enough        int // values that the filter looks at
}

// Select returns the first values that the query selects.
func (s subquery) Select(current, root any) []any {
	var list []any
	s.eval(current, root, 0, func(v any) bool {
		if s.guard.selected++; s.guard.selected > maxSelected {
			panic(stop{errTooMany})
		}
		list = append(list, v)
		return len(list) < s.enough
	})
	return list
}

// eval yields what the segments from one on select. It reports whether yield wants
// more.
func (s subquery) eval(v, root any, segment int, yield func(any) bool) bool {
	if err := s.guard.step(); err != nil {
		panic(stop{err})
	}
	if segment == len(s.segments) {
		return yield(v)
	}
	for _, selector := range s.segments[segment].Selectors() {
		for _, member := range selector.Select(v, root) {
			if !s.eval(member, root, segment+1, yield) {
				return false
			}
		}
	}
	if !s.segments[segment].IsDescendant() {
		return true
	}
	for _, member := range spec.Wildcard().Select(v, root) {
		if !s.eval(member, root, segment, yield) {
			return false
		}
	}
	return true
}

// guardQuery replaces a query inside a filter, which looks at the first values of it
// only.
func (g *guard) guardQuery(q *spec.PathQuery, enough int) {
	for _, s := range q.Segments() {
		g.filtersOf(s)
	}
	fromRoot := strings.HasPrefix(q.String(), "$")
	*q = *spec.Query(fromRoot, spec.Child(subquery{spec.Wildcard(), q.Segments(), g, enough}))
}

// filtersOf guards the queries inside the filters of a segment. Those among the
// arguments of functions are guarded when they are parsed, see filterFunctions.
func (g *guard) filtersOf(s *spec.Segment) {
	for _, selector := range s.Selectors() {
		if f, ok := selector.(*spec.FilterSelector); ok {
			g.expression(f.LogicalOr)
		}
	}
}

func (g *guard) expression(or spec.LogicalOr) {
	for _, and := range or {
		for _, e := range and {
			switch e := e.(type) {
			case *spec.ExistExpr:
				g.guardQuery(e.PathQuery, 1)
			case *spec.NonExistExpr:
				g.guardQuery(e.PathQuery, 1)
			case *spec.ParenExpr:
				g.expression(e.LogicalOr)
			case *spec.NotParenExpr:
				g.expression(e.LogicalOr)
			}
		}
	}
}

// maxPattern bounds the regular expressions that match and search take from a
// document.
const maxPattern = 1024 // bytes

// filterFunctions returns the functions that filters may call, with their arguments
// guarded; g may be nil.
//
// Note: match and search of the library (v0.10.1) dereference a nil pointer
// where an argument selects nothing, as $[?match(@.name, 'a.*')] does on any
// member without a name. RFC 9535 (2.4.6, 2.4.7) says that the result is false.
func filterFunctions(g *guard) *registry.Registry {
	r := registry.New()
	for _, name := range []string{"length", "count", "value", "match", "search"} {
		f := r.Get(name)
		original := *f
		evaluate := original.Evaluate
		if name == "match" || name == "search" {
			evaluate = func(args []spec.PathValue) spec.PathValue {
				if !comparable(args) {
					return spec.LogicalFalse
				}
				return original.Evaluate(args)
			}
		}
		enough := math.MaxInt
		if name == "value" {
			enough = 2 // it is nothing where there is more than one
		}
		validate := func(args []spec.FuncExprArg) error {
			if err := original.Validate(args); err != nil {
				return err
			}
			for _, a := range args {
				if q, ok := a.(*spec.PathQuery); ok && g != nil {
					g.guardQuery(q, enough)
				}
			}
			return nil
		}
		*f = *spec.Extension(name, original.ReturnType(), validate, evaluate)
	}
	return r
}

// comparable reports whether match and search have something to compare.
func comparable(args []spec.PathValue) bool {
	for i, a := range args {
		v, ok := a.(*spec.ValueType)
		if a == nil || ok && v == nil {
			return false
		}
		if pattern, isText := textOf(v); i == 1 && isText && len(pattern) > maxPattern {
			return false
		}
	}
	return true
}

func textOf(v *spec.ValueType) (string, bool) {
	if v == nil {
		return "", false
	}
	text, ok := v.Value().(string)
	return text, ok
}
