package experiments

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/theory/jsonpath"
	"github.com/theory/jsonpath/registry"
	"github.com/theory/jsonpath/spec"
)

// A Path is a JSONPath (RFC 9535). The zero value selects nothing.
//
// Note: nearly all paths of journeys are names and indices, "$.cart.items[0]".
// Those are followed directly: per journey and check this is one map look-up
// per step instead of a list per step.
type Path struct {
	text  string
	plain []turn
	query *jsonpath.Path // nil where plain tells it all
	sort  bool           // the path meets members of objects in no order
}

// A turn is one step of a plain path.
type turn struct {
	name    string
	index   int
	isIndex bool
}

// A PathError is a mistake in a JSONPath.
type PathError struct {
	At  int // in bytes of the text
	Msg string
}

func (e *PathError) Error() string { return e.Msg }

// maxPath is the longest path in bytes. Filters nest, and the parser follows
// them by recursion.
const maxPath = 1024

// ParsePath reads a JSONPath. The error is a *PathError.
func ParsePath(text string) (Path, error) {
	switch {
	case text == "" || text[0] != '$':
		return Path{}, &PathError{Msg: "a JSONPath starts with $"}
	case len(text) > maxPath:
		return Path{}, &PathError{Msg: fmt.Sprintf("a JSONPath of more than %d characters", maxPath)}
	}
	query, err := jsonpath.NewParser(jsonpath.WithRegistry(functions())).Parse(text)
	if err != nil {
		return Path{}, pathError(text, err)
	}
	p := Path{text: text}
	if plain, ok := turns(query.Query().Segments()); ok {
		p.plain = plain
		return p, nil
	}
	p.query, p.sort = query, unordered(query.Query().Segments())
	return p, nil
}

// functions are the functions of filters.
//
// Note: match and search of the library (v0.10.1) dereference a nil pointer
// where an argument selects nothing, as $[?match(@.name, 'a.*')] does on any
// member without a name. RFC 9535 (2.4.6, 2.4.7) says that it is false then.
func functions() *registry.Registry {
	r := registry.New()
	for _, name := range []string{"match", "search"} {
		f := r.Get(name)
		unguarded := *f
		*f = *spec.Extension(name, spec.FuncLogical, unguarded.Validate, func(args []spec.PathValue) spec.PathValue {
			for _, a := range args {
				if v, ok := a.(*spec.ValueType); a == nil || ok && v == nil {
					return spec.LogicalFalse
				}
			}
			return unguarded.Evaluate(args)
		})
	}
	return r
}

var atPosition = regexp.MustCompile(`^jsonpath: (.*) at position (\d+)$`)

// pathError takes the position out of the library's message.
func pathError(text string, err error) *PathError {
	msg := err.Error()
	e := &PathError{Msg: msg}
	if m := atPosition.FindStringSubmatch(msg); m != nil {
		at, _ := strconv.Atoi(m[2])
		e.At, e.Msg = min(max(0, at-1), max(0, len(text)-1)), m[1]
	}
	e.Msg = "not a JSONPath: " + e.Msg
	return e
}

func turns(segments []*spec.Segment) ([]turn, bool) {
	plain := make([]turn, 0, len(segments))
	for _, s := range segments {
		if s.IsDescendant() || len(s.Selectors()) != 1 {
			return nil, false
		}
		switch sel := s.Selectors()[0].(type) {
		case spec.Name:
			plain = append(plain, turn{name: string(sel)})
		case spec.Index:
			plain = append(plain, turn{index: int(sel), isIndex: true})
		default:
			return nil, false
		}
	}
	return plain, true
}

// unordered tells whether a path visits all members of an object, whose order
// decoded documents have lost.
func unordered(segments []*spec.Segment) bool {
	for _, s := range segments {
		if s.IsDescendant() {
			return true
		}
		for _, sel := range s.Selectors() {
			switch sel.(type) {
			case spec.Name, spec.Index, spec.SliceSelector:
			default:
				return true
			}
		}
	}
	return false
}

// String is the path as it was written.
func (p Path) String() string { return p.text }

// First is the first value that the path selects.
func (p Path) First(document any) (any, bool) {
	if p.query == nil && p.text != "" {
		return follow(p.plain, document)
	}
	list := p.Select(document)
	if len(list) == 0 {
		return nil, false
	}
	return list[0], true
}

// Select lists the values that the path selects from a document that was
// decoded with json.Number for numbers: elements of lists in their order,
// members of objects by name.
func (p Path) Select(document any) []any {
	switch {
	case p.text == "":
		return nil
	case p.query == nil:
		if v, ok := follow(p.plain, document); ok {
			return []any{v}
		}
		return nil
	case !p.sort:
		return p.query.Select(document)
	}
	located := p.query.SelectLocated(document)
	located.Sort()
	list := make([]any, len(located))
	for i, l := range located {
		list[i] = l.Node
	}
	return list
}

// Locate lists where the values that the path selects stand, as JSON Pointers
// (RFC 6901), from a document as Select takes it. A path that never visits all
// members of an object gives them in its own order, others by name.
func (p Path) Locate(document any) []string {
	switch {
	case p.text == "":
		return nil
	case p.query == nil:
		return p.locatePlain(document)
	}
	located := p.query.SelectLocated(document)
	if p.sort {
		located.Sort()
	}
	list := make([]string, len(located))
	for i, l := range located {
		list[i] = l.Path.Pointer()
	}
	return list
}

func (p Path) locatePlain(v any) []string {
	var pointer strings.Builder
	for i, t := range p.plain {
		next, ok := follow(p.plain[i:i+1], v)
		if !ok {
			return nil
		}
		pointer.WriteByte('/')
		if list, ok := v.([]any); ok {
			if t.index < 0 {
				t.index += len(list)
			}
			pointer.WriteString(strconv.Itoa(t.index))
		} else {
			pointer.WriteString(pointerToken(t.name))
		}
		v = next
	}
	return []string{pointer.String()}
}

// pointerToken writes a member's name as a part of a JSON Pointer.
func pointerToken(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

func follow(plain []turn, v any) (any, bool) {
	for _, t := range plain {
		switch box := v.(type) {
		case map[string]any:
			inner, ok := box[t.name]
			if t.isIndex || !ok {
				return nil, false
			}
			v = inner
		case []any:
			i := t.index
			if i < 0 {
				i += len(box)
			}
			if !t.isIndex || i < 0 || i >= len(box) {
				return nil, false
			}
			v = box[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// complainPath turns an error of ParsePath into a complaint about the text.
func complainPath(text string, err error) *complaint {
	e, ok := errors.AsType[*PathError](err)
	if !ok {
		return &complaint{msg: err.Error()}
	}
	c := &complaint{msg: e.Msg, hint: "such as $.items[0].id", from: e.At, to: e.At + 1}
	if better := "$." + strings.TrimPrefix(text, "."); e.At == 0 {
		if _, err := ParsePath(better); err == nil {
			c.hint = "write " + better
		}
	}
	return c
}
