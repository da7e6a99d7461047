package openapi

import (
	"cmp"
	"fmt"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/lazyregexp"
	"github.com/blastgauge/blastgauge/experiments/scaffold/draft"
)

// A content is the body that an operation gets.
type content struct {
	json    *draft.Node
	form    []*draft.Slot
	parts   []*draft.Slot // of a multipart form
	files   []string      // fields of it
	text    string
	mime    string // of text
	guessed []string
	problem string // why there is none
}

// body makes the body of an operation: its example, or the least that its schema takes.
func (c *converter) body(o *operation) *content {
	out := &content{}
	if o.RequestBody == nil || o.RequestBody.Value == nil || len(o.RequestBody.Value.Content) == 0 {
		return out
	}
	all := o.RequestBody.Value.Content
	m := &maker{}
	sample := func(media *openapi3.MediaType) *draft.Node {
		if given, ok := exampleOf(media.Example, media.Examples); ok {
			if n := nodeOf(given, ""); n != nil {
				return n
			}
		}
		return m.value(media.Schema, "", 0)
	}
	defer func() { out.guessed = m.guessed }()
	if media := jsonOf(all); media != nil {
		if out.json = sample(media); out.json == nil {
			out.json = &draft.Node{Kind: draft.ObjectNode}
		}
		return out
	}
	if media := all["application/x-www-form-urlencoded"]; media != nil {
		if n := sample(media); n != nil && n.Kind == draft.ObjectNode {
			out.form = formOf(n)
			return out
		}
	}
	if media := all["multipart/form-data"]; media != nil && media.Schema != nil && media.Schema.Value != nil {
		if n := sample(media); n != nil && n.Kind == draft.ObjectNode {
			out.takeParts(n, media.Schema.Value)
			m.guessed = slices.DeleteFunc(m.guessed, func(name string) bool { return slices.Contains(out.files, name) })
			return out
		}
	}
	for _, name := range mediaNames(all) {
		given, ok := exampleOf(all[name].Example, all[name].Examples)
		if text, isText := given.(string); ok && isText && !strings.ContainsAny(name, "*\r\n") {
			out.text, out.mime = text, name
			return out
		}
	}
	if o.RequestBody.Value.Required {
		out.problem = "its body is " + strings.Join(mediaNames(all), " or ") + ", of which there is no example"
	}
	return out
}

// takeParts makes parts of an object's members. Those that are files are told.
func (b *content) takeParts(n *draft.Node, s *openapi3.Schema) {
	for _, k := range members(s) {
		v := k.schema.Value
		if v.Items != nil && v.Items.Value != nil {
			v = v.Items.Value
		}
		if v.Format == "binary" || v.ContentMediaType != "" {
			b.files = append(b.files, k.name)
		}
	}
	b.parts = slices.DeleteFunc(formOf(n), func(s *draft.Slot) bool { return slices.Contains(b.files, s.Key) })
}

// formOf returns the members of an object as fields of a form.
func formOf(n *draft.Node) (list []*draft.Slot) {
	for i, item := range n.Items {
		switch {
		case item.Slot != nil:
			s := item.Slot
			s.In, s.Key, s.Number = draft.InForm, n.Names[i], false
			list = append(list, s)
		case item.Kind == draft.WordNode:
			list = append(list, draft.NewSlot(draft.InForm, n.Names[i], item.Text, item.Text))
		}
	}
	return list
}

// add makes a step of an operation.
func (c *converter) add(o *operation, body *content) {
	r := &draft.Request{Method: o.method}
	o.step = &draft.Step{Request: r, Name: draft.UniqueName(cmp.Or(draft.Slug(o.OperationID), draft.Slug(o.method+" "+parameterForm.ReplaceAllString(o.path, "")), "step"), "-", c.names)}
	o.takePath(c, r)
	o.takeParametersInto(c, r)
	c.takeBody(o, body)
	c.prove(o)
	r.TakeApart()
	for _, s := range r.Slots() {
		if s.Secrecy() != draft.Public && !s.IsResolved() && !s.HasVariable() {
			c.journey.Secrets.HideIn(s, fmt.Sprintf("%s %s of %s", s.In, s.Key, o))
		}
	}
	c.journey.Secrets.HideKnown(r)
	c.fillLogin(o)
	if len(body.guessed) > 0 {
		o.step.Notes = append(o.step.Notes, "Made up, as the document gives no example: "+strings.Join(body.guessed[:min(len(body.guessed), 12)], ", ")+". Write values that the system takes.")
	}
	o.expect()
	c.journey.Steps = append(c.journey.Steps, o.step)
}

// takePath writes the path with what earlier answers gave.
func (o *operation) takePath(c *converter, r *draft.Request) {
	path := c.base + o.path
	s := &draft.Slot{In: draft.InPath}
	literal := func(text string) {
		if text = draft.EncodeTarget(text, "?#"); text != "" {
			s.Parts = append(s.Parts, draft.Piece{Literal: text})
		}
	}
	path = strings.TrimLeft(path, "/")
	at := 0
	for _, m := range parameterForm.FindAllStringSubmatchIndex(path, -1) {
		literal(path[at:m[0]])
		at = m[1]
		name := path[m[2]:m[3]]
		if n := o.needOf(draft.InPath, name); n != nil && n.from != nil {
			s.Parts = append(s.Parts, draft.Variable(c.capture(n.from)))
			continue
		}
		if given := o.literal(name); given != "" {
			literal(url.PathEscape(given))
			o.step.Notes = append(o.step.Notes, "No answer gives "+name+": it is an example of the document.")
			continue
		}
		s.Parts = append(s.Parts, draft.Variable("env:"+c.journey.Secrets.VariableFor("\x00"+o.String()+name, name, fmt.Sprintf("path parameter %s of %s", name, o))))
	}
	literal(path[at:])
	r.Path = []*draft.Slot{s}
}

func (o *operation) needOf(in draft.Place, name string) *need {
	for _, n := range o.needs {
		if n.in == in && n.name == name && !n.token {
			return n
		}
	}
	return nil
}

var idempotencyForm = lazyregexp.New(`^(x_)?(idempotency_?key|request_id|correlation_id)$`)

// takeParametersInto writes the parameters that an operation requires.
func (o *operation) takeParametersInto(c *converter, r *draft.Request) {
	for _, p := range o.parameters {
		if !p.Required || p.In == "path" || len(p.Name) > 200 || p.Name == "" {
			continue
		}
		m := &maker{}
		value, guessed := o.valueOf(p, m)
		switch p.In {
		case "query":
			s := &draft.Slot{In: draft.InQuery, Key: p.Name, Value: value, Lead: url.QueryEscape(p.Name) + "="}
			if escaped := strings.ReplaceAll(url.QueryEscape(value), "+", "%20"); escaped != "" {
				s.Parts = []draft.Piece{{Literal: escaped}}
			}
			if n := o.needOf(draft.InQuery, p.Name); n != nil && n.from != nil {
				s.SetVariable(c.capture(n.from))
				guessed = false
			}
			r.Query = append(r.Query, s)
		case "header":
			name := textproto.CanonicalMIMEHeaderKey(p.Name)
			switch strings.ToLower(p.Name) {
			case "accept", "content-type", "authorization", "host", "content-length", "connection", "transfer-encoding", "blastgauge-run":
				continue // the document says these elsewhere
			}
			if !experiments.IsHeaderName(p.Name) || slices.ContainsFunc(r.Headers, func(s *draft.Slot) bool { return s.Key == name }) {
				continue
			}
			s := draft.NewSlot(draft.InHeader, name, value, strings.Map(visible, value))
			if idempotencyForm.MatchString(draft.Snake(p.Name)) {
				s.SetVariable("uuid")
				guessed = false
			}
			r.Headers = append(r.Headers, s)
		case "cookie":
			o.step.Notes = append(o.step.Notes, "It requires the cookie "+p.Name+", which an earlier answer must set.")
			continue
		}
		if guessed {
			o.step.Notes = append(o.step.Notes, "Made up, as the document gives no example: the "+p.In+" parameter "+p.Name+".")
		}
	}
}

// visible leaves out what a header cannot hold.
func visible(ch rune) rune {
	if ch < ' ' || ch == 0x7f {
		return -1
	}
	return ch
}

// valueOf returns a value for a parameter, and whether it was made up.
func (o *operation) valueOf(p *openapi3.Parameter, m *maker) (string, bool) {
	if given, ok := exampleOf(p.Example, p.Examples); ok {
		if text, ok := scalarOf(given); ok {
			return text, false
		}
	}
	n := m.value(p.Schema, p.Name, 0)
	for n != nil && n.Kind == draft.ListNode && len(n.Items) > 0 {
		n = n.Items[0]
	}
	switch {
	case n == nil || n.Kind == draft.ObjectNode || n.Kind == draft.ListNode:
		return "example", true
	case n.Slot != nil && n.Slot.HasVariable():
		return "3f0d4a52-6c1e-4c7b-9a53-0d2f5f6f8e11", true
	}
	return n.Text, len(m.guessed) > 0
}

// takeBody writes the body with what earlier answers gave.
func (c *converter) takeBody(o *operation, body *content) {
	r := o.step.Request
	for _, n := range o.needs {
		if n.in != draft.InJSON || n.from == nil || n.token {
			continue
		}
		fill(body.json, n.name, func(s *draft.Slot) { s.SetVariable(c.capture(n.from)) })
		body.guessed = slices.DeleteFunc(body.guessed, func(name string) bool { return name == n.name })
	}
	r.JSON, r.Form, r.Multipart = body.json, body.form, body.parts
	for _, name := range body.files {
		o.step.Notes = append(o.step.Notes, "Its field "+name+" is a file: put one beside this document, and add "+name+": {file: NAME} to multipart.")
	}
	if body.mime != "" {
		r.Body = draft.NewSlot(draft.InBody, "", body.text, body.text)
		r.Headers = append(r.Headers, draft.NewSlot(draft.InHeader, "Content-Type", body.mime, body.mime))
	}
}

// fill visits the members of a name.
func fill(n *draft.Node, name string, visit func(*draft.Slot)) {
	if n == nil {
		return
	}
	for i, item := range n.Items {
		if n.Kind == draft.ObjectNode && n.Names[i] == name && item.Slot != nil {
			visit(item.Slot)
		}
		fill(item, name, visit)
	}
}

// fillLogin makes variables of what a login needs, unless the document gives an example.
func (c *converter) fillLogin(o *operation) {
	if !o.isLogin() || o.token() == nil {
		return
	}
	for _, s := range o.step.Request.Slots() {
		switch draft.PlainName(s.Key) {
		case "username", "user", "email", "login", "clientid":
			if s.Value == "example" || s.Value == "Ada Lovelace" || s.Value == "ada@example.com" || s.Value == "" {
				s.SetVariable("env:" + c.journey.Secrets.VariableFor("\x00"+s.Key, s.Key, fmt.Sprintf("%s %s of %s", s.In, s.Key, o)))
			}
		}
	}
}
