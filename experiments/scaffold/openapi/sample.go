package openapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// Bounds of a value that is made of a schema, which may refer to itself.
const (
	maxNested  = 8
	maxMade    = 600
	maxMembers = 12 // of an object that requires none
	maxItems   = 5
	maxText    = 2000
)

// A maker makes values of schemas.
type maker struct {
	answer  bool // the value is one of an answer: it has all members
	made    int
	guessed []string // fields whose values neither an example nor an enum gives
}

// value makes a value of a schema. It is nil if there is none, or if that would be too
// large.
func (m *maker) value(ref *openapi3.SchemaRef, key string, depth int) *draft.Node {
	if m.made++; ref == nil || ref.Value == nil || depth > maxNested || m.made > maxMade {
		return nil
	}
	s := ref.Value
	if given, ok := givenBy(s); ok {
		if n := nodeOf(given, key); n != nil {
			if n.Slot != nil && s.Format == "password" {
				n.Slot.Of = s.Format
			}
			return n
		}
	}
	if s.Always != nil {
		return nil
	}
	switch kindOf(s) {
	case "object":
		return m.object(s, depth)
	case "array":
		return m.array(s, key, depth)
	case "integer", "number":
		m.guess(key)
		return newNumber(key, number(s))
	case "boolean":
		m.guess(key)
		return &draft.Node{Text: "true"}
	case "null":
		return &draft.Node{Text: "null"}
	case "one":
		for _, r := range slices.Concat(s.OneOf, s.AnyOf) {
			if r != nil && r.Value != nil && !r.Value.Type.Is("null") {
				return m.value(r, key, depth+1)
			}
		}
	}
	return m.text(s, key)
}

func (m *maker) guess(key string) {
	if key != "" && !m.answer && !slices.Contains(m.guessed, key) {
		m.guessed = append(m.guessed, key)
	}
}

// givenBy returns a value that the document itself gives.
func givenBy(s *openapi3.Schema) (any, bool) {
	switch {
	case s.Example != nil:
		return s.Example, true
	case len(s.Examples) > 0:
		return s.Examples[0], true
	case s.Const != nil:
		return s.Const, true
	case s.Default != nil:
		return s.Default, true
	case len(s.Enum) > 0:
		return s.Enum[0], true
	}
	return nil, false
}

// kindOf returns the type of a schema, or "one" where one of several schemas holds.
func kindOf(s *openapi3.Schema) string {
	if s.Type != nil {
		for _, t := range s.Type.Slice() {
			if t != "null" || len(s.Type.Slice()) == 1 {
				return t
			}
		}
	}
	switch {
	case len(s.Properties) > 0 || len(s.AllOf) > 0:
		return "object"
	case s.Items != nil:
		return "array"
	case len(s.OneOf)+len(s.AnyOf) > 0:
		return "one"
	}
	return "string"
}

// A member of an object.
type member struct {
	name     string
	schema   *openapi3.SchemaRef
	required bool
}

// members returns those of an object and of all that it is made of, in the order of the
// document.
func members(s *openapi3.Schema) (list []member) {
	required := map[string]bool{}
	collect(s, 0, &list, required)
	for i := range list {
		list[i].required = required[list[i].name]
	}
	return list
}

func collect(s *openapi3.Schema, depth int, list *[]member, required map[string]bool) {
	if depth > maxNested || len(*list) > maxMade {
		return
	}
	for _, name := range s.Required {
		required[name] = true
	}
	var own []member
	for name, ref := range s.Properties {
		known := func(k member) bool { return k.name == name }
		if ref != nil && ref.Value != nil && len(name) <= 200 && !slices.ContainsFunc(*list, known) {
			own = append(own, member{name: name, schema: ref})
		}
	}
	slices.SortFunc(own, func(a, b member) int {
		return cmp.Or(comparePlaces(a.schema.Origin, b.schema.Origin), strings.Compare(a.name, b.name))
	})
	*list = append(*list, own...)
	inner := slices.Clone(s.AllOf)
	if len(s.OneOf) > 0 {
		inner = append(inner, s.OneOf[0])
	} else if len(s.AnyOf) > 0 {
		inner = append(inner, s.AnyOf[0])
	}
	for _, part := range inner {
		if part != nil && part.Value != nil {
			collect(part.Value, depth+1, list, required)
		}
	}
}

// comparePlaces compares where two values stand in the document.
func comparePlaces(a, b *openapi3.Origin) int {
	if a == nil || b == nil || a.Key == nil || b.Key == nil {
		return 0
	}
	return cmp.Or(cmp.Compare(a.Key.Line, b.Key.Line), cmp.Compare(a.Key.Column, b.Key.Column))
}

// object makes an object of what it requires. If it requires nothing, it gets what is
// there.
func (m *maker) object(s *openapi3.Schema, depth int) *draft.Node {
	n := &draft.Node{Kind: draft.ObjectNode}
	list := members(s)
	if len(list) == 0 && len(s.AllOf) == 1 {
		return m.value(s.AllOf[0], "", depth+1)
	}
	some := slices.ContainsFunc(list, func(k member) bool { return k.required })
	for _, k := range list {
		switch {
		case m.answer && k.schema.Value.WriteOnly, !m.answer && k.schema.Value.ReadOnly:
			continue
		case !m.answer && some && !k.required, !m.answer && !some && len(n.Items) >= maxMembers:
			continue
		}
		if item := m.value(k.schema, k.name, depth+1); item != nil {
			n.Names, n.Items = append(n.Names, k.name), append(n.Items, item)
		}
	}
	return n
}

func (m *maker) array(s *openapi3.Schema, key string, depth int) *draft.Node {
	n := &draft.Node{Kind: draft.ListNode}
	for range min(max(s.MinItems, 1), maxItems) {
		if item := m.value(s.Items, key, depth+1); item != nil {
			n.Items = append(n.Items, item)
		}
	}
	return n
}

// number returns a number within the bounds of a schema.
func number(s *openapi3.Schema) string {
	v := 1.0
	if s.Min != nil {
		if v = *s.Min; s.ExclusiveMin.Bool != nil && *s.ExclusiveMin.Bool {
			v++
		}
	}
	if s.ExclusiveMin.Value != nil {
		v = *s.ExclusiveMin.Value + 1
	}
	if s.Max != nil && v > *s.Max {
		v = *s.Max
	}
	if s.MultipleOf != nil && *s.MultipleOf > 0 {
		v = math.Ceil(v / *s.MultipleOf) * *s.MultipleOf
	}
	if s.Type.Is("integer") {
		v = math.Ceil(v)
	}
	if math.Abs(v) > 1e15 || math.IsNaN(v) {
		v = 1
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// text makes a text of the form that a schema asks for.
func (m *maker) text(s *openapi3.Schema, key string) *draft.Node {
	switch s.Format {
	case "uuid":
		n := newText(key, "")
		n.Slot.SetVariable("uuid")
		return n
	case "email":
		n := newText(key, "")
		n.Slot.Parts = []draft.Piece{{Literal: "user-"}, draft.Variable("seq"), {Literal: "@example.com"}}
		return n
	case "password":
		n := newText(key, "password")
		n.Slot.Key = "password"
		return n
	}
	if !redact.SecretName(key) {
		m.guess(key)
	}
	return newText(key, textOf(s, key))
}

func textOf(s *openapi3.Schema, key string) string {
	forms := map[string]string{"date": "2030-01-15", "date-time": "2030-01-15T12:00:00Z", "time": "12:00:00Z", "uri": "https://example.com/", "url": "https://example.com/",
		"hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "byte": "ZXhhbXBsZQ==", "duration": "PT1H"}
	text := forms[s.Format]
	if text == "" {
		text = "example"
		if strings.Contains(strings.ToLower(key), "name") {
			text = "Ada Lovelace"
		}
		if strings.Contains(strings.ToLower(key), "mail") {
			text = "ada@example.com"
		}
	}
	if s.Pattern != "" {
		if made, ok := ofPattern(s.Pattern); ok {
			text = made
		}
	}
	for uint64(len(text)) < s.MinLength && len(text) < maxText {
		text += "x"
	}
	if s.MaxLength != nil && uint64(len(text)) > *s.MaxLength && s.Format == "" {
		text = text[:*s.MaxLength]
	}
	return text
}

// ofPattern returns a short text that a regular expression matches.
func ofPattern(pattern string) (string, bool) {
	if len(pattern) > 1000 {
		return "", false
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	shortest(tree, &b, 0)
	re, err := regexp.Compile(pattern)
	return b.String(), err == nil && b.Len() <= maxText && re.MatchString(b.String())
}

func shortest(re *syntax.Regexp, b *strings.Builder, depth int) {
	if b.Len() > maxText || depth > 50 {
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		b.WriteRune(plainest(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpPlus, syntax.OpCapture:
		shortest(re.Sub[0], b, depth+1)
	case syntax.OpRepeat:
		for range re.Min {
			if b.Len() > maxText {
				return
			}
			shortest(re.Sub[0], b, depth+1)
		}
	case syntax.OpConcat:
		for _, part := range re.Sub {
			shortest(part, b, depth+1)
		}
	case syntax.OpAlternate:
		shortest(re.Sub[0], b, depth+1)
	}
}

// plainest returns a letter or digit of a class, or its first character.
func plainest(ranges []rune) rune {
	for _, want := range "a1A" {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= want && want <= ranges[i+1] {
				return want
			}
		}
	}
	if len(ranges) == 0 {
		return 'a'
	}
	return ranges[0]
}

func newText(key, text string) *draft.Node {
	return &draft.Node{Kind: draft.TextNode, Text: text, Slot: draft.NewSlot(draft.InJSON, key, text, text)}
}

func newNumber(key, text string) *draft.Node {
	n := newText(key, text)
	n.Kind, n.Slot.Number = draft.NumberNode, true
	return n
}

// nodeOf returns a value of the document as JSON. It is nil if that is none.
func nodeOf(v any, key string) *draft.Node {
	text, err := json.Marshal(v)
	if err != nil || len(text) > 64<<10 {
		return nil
	}
	n, ok := draft.ParseJSON(string(text))
	if !ok {
		return nil
	}
	slots(n, key)
	return n
}

// slots gives each text and number of a value a slot.
func slots(n *draft.Node, key string) {
	switch n.Kind {
	case draft.TextNode, draft.NumberNode:
		n.Slot = draft.NewSlot(draft.InJSON, key, n.Text, n.Text)
		n.Slot.Number = n.Kind == draft.NumberNode
	}
	for i, item := range n.Items {
		inner := key
		if n.Kind == draft.ObjectNode {
			inner = n.Names[i]
		}
		slots(item, inner)
	}
}

// exampleOf returns the example of a body or of a parameter.
func exampleOf(one any, many openapi3.Examples) (any, bool) {
	if one != nil {
		return one, true
	}
	names := make([]string, 0, len(many))
	for name := range many {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if e := many[name]; e != nil && e.Value != nil && e.Value.Value != nil {
			return e.Value.Value, true
		}
	}
	return nil, false
}

// scalarOf returns a value as a text, for paths and queries.
func scalarOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, v != ""
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case int, int64, uint64:
		return fmt.Sprint(v), true
	}
	return "", false
}
