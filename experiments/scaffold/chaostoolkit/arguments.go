package chaostoolkit

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// takeArguments writes what is sent: in the query of a GET, and otherwise as JSON or as a
// form, by the header.
func (r *reader) takeArguments(s *draft.Step, a activity, t *target) (why string) {
	n, ok := a.provider.Lookup("arguments")
	if !ok || n.Kind() == shape.Null || n.Len() == 0 && !n.IsScalar() {
		return ""
	}
	kind := ""
	for _, h := range s.Request.Headers {
		if h.Key == "Content-Type" {
			kind, _, _ = strings.Cut(strings.ToLower(h.Value), ";")
		}
	}
	switch {
	case s.Request.Method == "GET" && n.Kind() == shape.Mapping:
		return r.takeQuery(n, t)
	case s.Request.Method == "GET" || s.Request.Method == "HEAD":
		return "its arguments are no query"
	case strings.TrimSpace(kind) == "application/json":
		s.Request.Headers = slices.DeleteFunc(s.Request.Headers, func(h *draft.Slot) bool { return h.Key == "Content-Type" })
		s.Request.JSON, ok = r.toJSON(n, "", 0)
	case n.IsScalar():
		s.Request.Body = r.slot(draft.InBody, "", n.Text())
	case n.Kind() == shape.Mapping:
		s.Request.Headers = slices.DeleteFunc(s.Request.Headers, func(h *draft.Slot) bool {
			return h.Key == "Content-Type" && strings.HasPrefix(h.Value, "application/x-www-form-urlencoded")
		})
		s.Request.Form, ok = r.toForm(n)
	default:
		ok = false
	}
	if !ok {
		return "its arguments are no form and no JSON that a document can hold"
	}
	return ""
}

// takeQuery adds arguments to the query.
func (r *reader) takeQuery(n shape.Node, t *target) (why string) {
	for _, key := range n.Keys() {
		v, _ := n.Lookup(key.Text())
		for _, v := range valuesOf(v) {
			if !v.IsScalar() {
				return "its arguments are no query"
			}
			if v.Kind() == shape.Null { // is not sent
				continue
			}
			list := []piece{{text: url.QueryEscape(key.Text()) + "="}}
			for _, p := range r.expand(v.Text()) {
				if p.env == "" && !p.secret {
					p.text = draft.EncodeTarget(p.text, "&#+=?%")
				}
				list = append(list, p)
			}
			t.query = append(t.query, list)
		}
	}
	return ""
}

// toForm makes form fields.
func (r *reader) toForm(n shape.Node) (fields []*draft.Slot, ok bool) {
	for _, key := range n.Keys() {
		v, _ := n.Lookup(key.Text())
		for _, v := range valuesOf(v) {
			if !v.IsScalar() || key.Text() == "" || len(key.Text()) > maxKey {
				return nil, false
			}
			if v.Kind() != shape.Null {
				fields = append(fields, r.slot(draft.InForm, key.Text(), v.Text()))
			}
		}
	}
	return fields, len(fields) > 0
}

// maxNesting is how deep values may be inside each other.
const maxNesting = 40

// toJSON makes a JSON value of a value of the document.
func (r *reader) toJSON(n shape.Node, key string, depth int) (*draft.Node, bool) {
	if depth > maxNesting || len(key) > maxKey {
		return nil, false
	}
	switch n.Kind() {
	case shape.Mapping, shape.Sequence:
		return r.toContainer(n, key, depth)
	case shape.Null:
		return &draft.Node{Text: "null"}, true
	case shape.Bool:
		return &draft.Node{Text: strings.ToLower(n.Text())}, true
	case shape.Int, shape.Float:
		if json.Valid([]byte(n.Text())) {
			return number(key, n.Text()), true
		}
	}
	list := r.expand(n.Text())
	if len(list) == 1 && list[0].name != "" && list[0].env == "" && !list[0].secret { // all of it is a variable, which keeps its type
		switch b := r.known[list[0].name]; {
		case b.kind == shape.Bool:
			return &draft.Node{Text: strings.ToLower(b.text)}, true
		case (b.kind == shape.Int || b.kind == shape.Float) && json.Valid([]byte(b.text)):
			return number(key, b.text), true
		}
	}
	s := r.slot(draft.InJSON, key, n.Text())
	return &draft.Node{Kind: draft.TextNode, Text: s.Value, Slot: s}, true
}

func number(key, text string) *draft.Node {
	return &draft.Node{Kind: draft.NumberNode, Text: text, Slot: &draft.Slot{In: draft.InJSON, Key: key, Value: text, Number: true, Parts: []draft.Piece{{Literal: text}}}}
}

func (r *reader) toContainer(n shape.Node, key string, depth int) (*draft.Node, bool) {
	out := &draft.Node{Kind: draft.ListNode}
	items := n.Items()
	if n.Kind() == shape.Mapping {
		out.Kind = draft.ObjectNode
		for _, k := range n.Keys() {
			if slices.Contains(out.Names, k.Text()) || !k.IsScalar() {
				return nil, false
			}
			v, _ := n.Lookup(k.Text())
			out.Names, items = append(out.Names, k.Text()), append(items, v)
		}
	}
	for i, item := range items {
		inner := key
		if out.Kind == draft.ObjectNode {
			inner = out.Names[i]
		}
		one, ok := r.toJSON(item, inner, depth+1)
		if !ok {
			return nil, false
		}
		out.Items = append(out.Items, one)
	}
	return out, true
}
