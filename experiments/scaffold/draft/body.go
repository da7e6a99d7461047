package draft

import (
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/recording"
)

const formType = "application/x-www-form-urlencoded"

// takeBody takes apart what a request sent, by what it is rather than by what it is
// called: browsers send JSON as text/plain, and scripts send it as a form.
func (r *Request) takeBody(b *recording.Body) {
	kind := b.Kind()
	switch {
	case b.Lost:
		r.Missing = append(r.Missing, "The recording does not hold the body that was sent ("+orUnknown(kind)+"): add it as "+keyOf(kind)+".")
		return
	case strings.HasPrefix(kind, "multipart/") && b.Text == "":
		r.takeMultipart(b.Params)
		return
	case b.Text == "" && len(b.Params) == 0:
		return
	case !utf8.ValidString(b.Text) || strings.ContainsRune(b.Text, 0):
		r.Missing = append(r.Missing, "What was sent is no text ("+orUnknown(kind)+"), and is not here: put it beside this document and add body: {file: NAME}.")
		return
	}
	if n, ok := ParseJSON(b.Text); ok && (isJSON(kind) || n.Kind == ObjectNode || n.Kind == ListNode) {
		r.takeJSON(n, "")
		r.JSON = n
		if kind != "application/json" {
			r.contentType(b.MIME)
		}
		return
	}
	if kind == formType && r.takeForm(b) || b.Text == "" {
		return
	}
	r.Body = NewSlot(InBody, "", b.Text, b.Text)
	r.Body.takeApart()
	r.contentType(b.MIME)
}

// keyOf is the key of a step that sends a body of a kind.
func keyOf(kind string) string {
	switch {
	case isJSON(kind):
		return "json"
	case kind == formType:
		return "form"
	case strings.HasPrefix(kind, "multipart/"):
		return "multipart, a file of it as {file: NAME}"
	case kind != "":
		return "body, or as body: {file: NAME}"
	}
	return "json, form, multipart or body"
}

func orUnknown(kind string) string {
	if kind == "" {
		return "of an unknown type"
	}
	return kind
}

func isJSON(kind string) bool {
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}

func (r *Request) contentType(mime string) {
	if mime = strings.TrimSpace(mime); mime != "" && !strings.ContainsFunc(mime, isControl) {
		r.Headers = append(r.Headers, NewSlot(InHeader, "Content-Type", mime, mime))
	}
}

// takeForm reads form fields. It reports false for what is no form.
func (r *Request) takeForm(b *recording.Body) bool {
	var fields []*Slot
	add := func(name, value string) {
		s := NewSlot(InForm, name, value, value)
		s.takeNested()
		fields = append(fields, s)
	}
	for _, p := range b.Params {
		if b.Text == "" {
			add(p.Name, p.Value)
		}
	}
	for pair := range strings.SplitSeq(strings.TrimRight(b.Text, "\r\n"), "&") {
		if pair != "" {
			name, value, _ := strings.Cut(pair, "=")
			add(unescape(name), unescape(value))
		}
	}
	for _, f := range fields {
		if len(f.Key) > maxName || f.Key == "" {
			return false
		}
	}
	r.Form = fields
	return len(fields) > 0
}

// unescape decodes a part of a form. As servers do, it takes an escape that is none for
// the text that it is.
func unescape(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch {
		case raw[i] == '+':
			b.WriteByte(' ')
		case raw[i] == '%' && i+2 < len(raw):
			if one, err := url.PathUnescape(raw[i : i+3]); err == nil {
				b.WriteString(one)
				i += 2
				continue
			}
			b.WriteByte('%')
		default:
			b.WriteByte(raw[i])
		}
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

// takeMultipart reads the fields of a multipart form. A file is named where it was, for
// a recording mostly lacks what was in it.
func (r *Request) takeMultipart(fields []recording.Param) {
	for _, f := range fields {
		switch {
		case f.File != "":
			r.Missing = append(r.Missing, fmt.Sprintf("Field %s was the file %s (%s), which is not here: put one beside this document and add %s: {file: %s} to multipart.", f.Name, f.File, orUnknown(f.MIME), f.Name, f.File))
		case f.Name == "" || len(f.Name) > maxName || !utf8.ValidString(f.Value):
			r.Missing = append(r.Missing, fmt.Sprintf("Field %.60s was no text, and is not here.", strings.ToValidUTF8(f.Name, "?")))
		default:
			s := NewSlot(InMultipart, f.Name, f.Value, f.Value)
			s.takeNested()
			r.Multipart = append(r.Multipart, s)
		}
	}
}

// takeJSON gives each text and number of a body a slot.
func (r *Request) takeJSON(n *Node, key string) {
	switch n.Kind {
	case TextNode, NumberNode:
		n.Slot = NewSlot(InJSON, key, n.Text, n.Text)
		n.Slot.Number = n.Kind == NumberNode
		n.Slot.takeNested()
	}
	for i, item := range n.Items {
		inner := key
		if n.Kind == ObjectNode {
			inner = n.Names[i]
		}
		r.takeJSON(item, inner)
	}
}

// takeNested takes a value apart that is a document itself.
func (s *Slot) takeNested() {
	if text := strings.TrimSpace(s.Value); len(text) > 2 && strings.ContainsRune("{[<", rune(text[0])) {
		s.takeApart()
	}
}

// fieldForm matches a value with its name in a text, whatever the text is: the content
// of an element of XML, a member of JSON, an attribute, a pair with = and a line with a
// colon, an argument of GraphQL.
var fieldForm = lazyregexp.New(`>\s*([^<>\s][^<>]*?)\s*</([A-Za-z_][\w.:-]*)|<!\[CDATA\[\s*(.*?)\s*\]\]>\s*</([A-Za-z_][\w.:-]*)` +
	`|"([^"\\]{1,200})"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.]*))` +
	`|([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')` +
	`|(?m:^|[&?;,\s])([A-Za-z_][\w.%\[\]-]*)=([^&\s;,"'<>]+)` +
	`|(?m:^)([A-Za-z][\w -]{0,40}):[ \t]+([^\s<>"{]+)[ \t\r]*(?m:$)` +
	`|([A-Za-z_]\w*)\s*:\s*"((?:[^"\\]|\\.)*)"`)

// The groups of fieldForm: of the name, and of what may be the value.
var fieldGroups = [...]fieldGroup{
	{2, []int{1}, html.UnescapeString, html.EscapeString}, {4, []int{3}, asIs, asIs}, {5, []int{6, 7}, unquote, quote}, {8, []int{9, 10}, html.UnescapeString, html.EscapeString},
	{11, []int{12}, unescape, queryEscape}, {13, []int{14}, asIs, asIs}, {15, []int{16}, unquote, quote},
}

type fieldGroup struct {
	name           int
	values         []int
	decode, encode func(string) string
}

func asIs(text string) string { return text }

func unquote(raw string) string {
	var text string
	if json.Unmarshal([]byte(`"`+raw+`"`), &text) != nil {
		return raw
	}
	return text
}

// quote escapes what stands inside the quotes of JSON.
func quote(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return text
	}
	return b.String()[1 : b.Len()-2] // without the quotes, and the newline behind them
}

func queryEscape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

const (
	maxFields = 500 // values of one text that are looked at
	maxWithin = 3   // documents, each of them a text inside of the other
)

// takeApart makes a slot of each value with a name in a text, and of what stands between
// them.
func (s *Slot) takeApart() {
	if inner := fieldsOf(s.In, s.Value, asIs, 0); len(inner) > 1 || len(inner) == 1 && inner[0].Key != "" {
		s.Inner = inner
	}
}

// fieldsOf returns a slot for each value with a name in a text, and for what stands
// between them. A value that is a document itself is taken apart as well if a secret is in
// it. encode escapes the text for the place that it is in.
func fieldsOf(in Place, text string, encode func(string) string, depth int) (list []*Slot) {
	done := 0
	between := func(to int) {
		if done < to {
			list = append(list, NewSlot(in, "", text[done:to], encode(text[done:to])))
		}
	}
	named := "" // what an attribute or a member says is the name of the next value
	for _, m := range fieldForm.FindAllStringSubmatchIndex(text, maxFields) {
		key, from, to, g := fieldAt(text, m)
		if from == to || strings.HasSuffix(text[:from], "$") { // $ and a variable would be the text ${
			continue
		}
		between(from)
		done = to
		s := NewSlot(in, key, g.decode(text[from:to]), encode(text[from:to]))
		if named != "" && (isValueName(key) || text[from-1] == '>') {
			s.Of, named = named, ""
		}
		if isNameName(key) {
			named = s.Value
		}
		if depth < maxWithin && s.Secrecy() == Public {
			within := fieldsOf(in, s.Value, func(t string) string { return encode(g.encode(t)) }, depth+1)
			if slices.ContainsFunc(within, isSecret) {
				list = append(list, within...)
				continue
			}
		}
		list = append(list, s)
	}
	between(len(text))
	return list
}

func isSecret(s *Slot) bool { return s.Secrecy() != Public }

// fieldAt returns the name in a match of fieldForm, without the prefix of a namespace,
// and where its value is.
func fieldAt(text string, m []int) (key string, from, to int, group fieldGroup) {
	for _, g := range fieldGroups {
		if m[2*g.name] < 0 {
			continue
		}
		key = text[m[2*g.name]:m[2*g.name+1]]
		if _, local, ok := strings.Cut(key, ":"); ok && local != "" {
			key = local
		}
		for _, v := range g.values {
			if m[2*v] >= 0 {
				return key, m[2*v], m[2*v+1], g
			}
		}
	}
	return "", 0, 0, fieldGroup{}
}
