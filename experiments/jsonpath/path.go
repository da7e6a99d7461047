// Package jsonpath reads JSON documents and selects values of them by JSONPath (RFC
// 9535), within bounds of memory and time, as others write the documents.
//
// The grammar and the filters are those of github.com/theory/jsonpath. This package
// visits what a path selects by itself, with the members of an object in the order
// of their names, and says where in a path a mistake is.
package jsonpath

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	theory "github.com/theory/jsonpath"
	"github.com/theory/jsonpath/spec"
)

// A Path is a JSONPath. The zero value selects nothing.
//
// Note: nearly all paths of journeys are names and indices. They are followed
// directly.
type Path struct {
	text      string
	steps     []step       // of a plain path
	query     *theory.Path // nil for a plain path
	segments  *queries     // nil for a plain path
	unordered bool         // the path visits all members of an object, which have no order
}

// A step of a plain path is the name of a member or the index of an element.
type step struct {
	name    string
	index   int
	isIndex bool
}

// An Error is a mistake in a JSONPath.
type Error struct {
	At  int // where the mistake is, in bytes from the start of the path
	Msg string
}

func (e *Error) Error() string { return e.Msg }

// maxLength is the longest path in bytes. The parser follows nested filters by
// recursion.
const maxLength = 1024

// Parse reads a JSONPath. The error is an *[Error].
func Parse(text string) (Path, error) {
	switch {
	case text == "" || text[0] != '$':
		return Path{}, &Error{Msg: "a JSONPath starts with $"}
	case len(text) > maxLength:
		return Path{}, &Error{Msg: fmt.Sprintf("a JSONPath of more than %d characters", maxLength)}
	}
	query, err := theory.NewParser(theory.WithRegistry(filterFunctions(nil))).Parse(text)
	if err != nil {
		return Path{}, locateError(text, err)
	}
	segments := query.Query().Segments()
	if steps, ok := plainSteps(segments); ok {
		return Path{text: text, steps: steps}, nil
	}
	return Path{text: text, query: query, segments: &queries{text: text}, unordered: visitsMembers(segments)}, nil
}

var atPosition = regexp.MustCompile(`^jsonpath: (.*) at position (\d+)$`)

// locateError moves the position from the library's message to the field At.
func locateError(text string, err error) *Error {
	msg := err.Error()
	e := &Error{Msg: msg}
	if m := atPosition.FindStringSubmatch(msg); m != nil {
		at, _ := strconv.Atoi(m[2])
		e.At, e.Msg = min(max(0, at-1), max(0, len(text)-1)), m[1]
	}
	e.Msg = "not a JSONPath: " + e.Msg
	return e
}

// plainSteps returns the steps of a path that consists of names and indices.
func plainSteps(segments []*spec.Segment) ([]step, bool) {
	plain := make([]step, 0, len(segments))
	for _, s := range segments {
		if s.IsDescendant() || len(s.Selectors()) != 1 {
			return nil, false
		}
		switch sel := s.Selectors()[0].(type) {
		case spec.Name:
			plain = append(plain, step{name: string(sel)})
		case spec.Index:
			plain = append(plain, step{index: int(sel), isIndex: true})
		default:
			return nil, false
		}
	}
	return plain, true
}

// visitsMembers reports whether a path visits all members of an object. A decoded
// document has lost their order.
func visitsMembers(segments []*spec.Segment) bool {
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

// String returns the path as it was written.
func (p Path) String() string { return p.text }

// Locate returns the places of the values that the path selects, as JSON Pointers
// (RFC 6901). The document is decoded JSON of one's own: map[string]any, []any,
// string, json.Number, bool and nil. The order is that of Visit.
func (p Path) Locate(document any) []string {
	switch {
	case p.text == "":
		return nil
	case p.query == nil:
		return p.locatePlain(document)
	}
	located := p.query.SelectLocated(document)
	if p.unordered {
		located.Sort()
	}
	list := make([]string, len(located))
	for i, l := range located {
		list[i] = l.Path.Pointer()
	}
	return list
}

// locatePlain is Locate for a plain path.
func (p Path) locatePlain(v any) []string {
	var pointer strings.Builder
	for i, t := range p.steps {
		next, ok := follow(p.steps[i:i+1], v)
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
			pointer.WriteString(escapeToken(t.name))
		}
		v = next
	}
	return []string{pointer.String()}
}

// escapeToken writes the name of a member as a token of a JSON Pointer.
func escapeToken(name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(name, "~", "~0"), "/", "~1")
}

// follow returns the value at the end of the steps.
func follow(steps []step, v any) (any, bool) {
	for _, t := range steps {
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
