package draft

import (
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// TakeApart looks at each value of the request for what its own name does not say:
// secrets inside of a text, and values whose name stands around or beside them. Every
// source calls it before secrets are hidden.
func (r *Request) TakeApart() {
	if r.JSON != nil {
		r.JSON.nameValues("")
		r.nameArguments()
	}
	for _, s := range r.whole() {
		if s.Inner == nil && s.In != InPath && !s.Number && (s.Key == "" || !isSecret(s)) {
			s.takeSecretsApart()
		}
	}
}

// takeSecretsApart takes a value apart that holds a secret, and no other.
func (s *Slot) takeSecretsApart() {
	decode, encode := asIs, asIs
	if s.In == InQuery {
		decode, encode = unescape, queryEscape
	}
	var inner []*Slot
	for _, p := range s.Parts {
		if p.Variable != "" {
			inner = append(inner, &Slot{In: s.In, Parts: []Piece{p}})
		} else {
			inner = append(inner, fieldsOf(s.In, decode(p.Literal), encode, 0)...)
		}
	}
	if slices.ContainsFunc(inner, func(i *Slot) bool { return i.Key != "" && isSecret(i) }) {
		s.Inner = inner
	}
}

// isNameName reports whether a member or an attribute holds the name of a value that
// stands beside it, as in {"name": "password", "value": "..."}.
func isNameName(key string) bool {
	switch PlainName(key) {
	case "name", "key", "field", "fieldname", "n":
		return true
	}
	return false
}

// isValueName reports whether a name says no more than that there is a value.
func isValueName(key string) bool {
	switch PlainName(key) {
	case "value", "val", "v", "content", "text", "string", "raw", "plain", "plaintext":
		return true
	}
	return false
}

// nameValues gives the values in an object the name that the object has, or that one of
// its members tells.
func (n *Node) nameValues(owner string) {
	told := ""
	for i, item := range n.Items {
		if n.Kind == ObjectNode && item.Kind == TextNode && isNameName(n.Names[i]) {
			told = item.Text
		}
	}
	for i, item := range n.Items {
		name := owner
		if n.Kind == ObjectNode {
			name = n.Names[i]
		}
		switch s := item.Slot; {
		case s == nil:
			item.nameValues(name)
		case n.Kind == ObjectNode && told != "" && isValueName(name):
			s.Of = told
		case n.Kind == ObjectNode && redact.SecretName(owner) && (isValueName(name) || IsDistinct(s.Value) && !strings.Contains(s.Value, "@")):
			s.Of = owner
		}
	}
}

// argumentForm matches an argument of GraphQL that a variable fills.
var argumentForm = lazyregexp.New(`([A-Za-z_]\w*)\s*:\s*\$([A-Za-z_]\w*)`)

// nameArguments gives the variables of GraphQL the names of the arguments that they fill.
func (r *Request) nameArguments() {
	requests := []*Node{r.JSON}
	if r.JSON.Kind == ListNode {
		requests = r.JSON.Items
	}
	for _, one := range requests {
		query := one.Member("query")
		if query == nil || query.Kind != TextNode {
			continue
		}
		for _, m := range argumentForm.FindAllStringSubmatch(query.Text, maxFields) {
			if v := one.Member("variables").Member(m[2]); v != nil && v.Slot != nil && v.Slot.Of == "" {
				v.Slot.Of = m[1]
			}
		}
	}
}
