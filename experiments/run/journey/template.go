package journey

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/rows"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
)

// A template is a text with variables, parsed once so that filling it in is
// cheap.
type template []segment

// A segment is a literal, or a variable and how it is written.
type segment struct {
	literal  string // written unchanged: it is encoded already
	variable variable
	slot     int // of a captured value, or the column of the data
	choice   experiments.Choice
	file     *experiments.File // whose content stands here
	encoding encoding
}

// A variable is what a segment stands for.
type variable uint8

const (
	none         variable = iota // the segment is a literal
	captured                     // a value that an earlier step captured
	sequence                     // ${seq}
	unique                       // ${uuid}
	random                       // ${random …}
	fromData                     // ${data.COLUMN}
	formBoundary                 // between the parts of a multipart form
	fileContent                  // of a file
)

// constant returns the text of a template that holds no variable. It reports
// false for any other template.
func (t template) constant() (string, bool) {
	switch {
	case len(t) == 0:
		return "", true
	case len(t) == 1 && t[0].variable == none:
		return t[0].literal, true
	}
	return "", false
}

// fill appends the text with its variables filled in.
func (t template) fill(dst []byte, v *values) []byte {
	for i := range t {
		s := &t[i]
		switch s.variable {
		case none:
			dst = append(dst, s.literal...)
			continue
		case fileContent:
			v.addFile(len(dst), s.file)
			continue
		}
		dst = encode(dst, v.value(s), s.encoding)
	}
	return dst
}

// string returns the text with its variables filled in.
func (t template) string(v *values) string {
	if s, ok := t.constant(); ok {
		return s
	}
	return string(t.fill(nil, v))
}

// append appends segments. A literal is joined to a literal before it.
func (t template) append(segments ...segment) template {
	for _, s := range segments {
		if n := len(t); n > 0 && s.variable == none && t[n-1].variable == none {
			t[n-1].literal += s.literal
			continue
		}
		t = append(t, s)
	}
	return t
}

// textOf returns a value as people write it: a string unchanged, any other value
// as compact JSON.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return string(appendJSON(nil, value))
}

// A rawJSON is a JSON value as it was sent.
type rawJSON []byte

// appendJSON appends a decoded JSON value.
func appendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		dst = append(dst, '"')
		dst = appendJSONInner(dst, v)
		return append(dst, '"')
	case json.Number:
		return append(dst, v...)
	case rawJSON:
		return append(dst, v...)
	}
	out, err := json.Marshal(value)
	if err != nil { // impossible: every value comes from a JSON document
		return append(dst, "null"...)
	}
	return append(dst, out...)
}

// appendJSONInner appends what stands between the quotes of a JSON string.
func appendJSONInner(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			out, _ := json.Marshal(s) // a string always has a JSON form
			return append(dst, out[1:len(out)-1]...)
		}
	}
	return append(dst, s...)
}

// values are the values of the variables of one journey.
type values struct {
	slots   []any      // captured so far
	from    []string   // the targets whose answers they were captured from
	choices *rand.Rand // equal in both arms, so that their journeys are alike
	uuids   byteSource // different in every journey
	seq     uint64
	data    *rows.Table // nil: the journey has none
	row     int         // of it

	boundary string            // of the multipart form that is sent
	files    []httpclient.File // that stand in the body that is sent
}

// addFile notes a file whose content stands in the body.
func (v *values) addFile(at int, f *experiments.File) {
	content, _ := f.Content()
	v.files = append(v.files, httpclient.File{At: at, Shown: f.Shown(), Content: content})
}

// value returns the value of a segment.
func (v *values) value(s *segment) any {
	switch s.variable {
	case captured:
		return v.slots[s.slot]
	case sequence:
		return json.Number(strconv.FormatUint(v.seq, 10))
	case fromData:
		return v.data.Value(v.row, s.slot)
	case unique:
		return v.uuid()
	case formBoundary:
		return v.boundary
	case random:
		if n := len(s.choice.Words); n > 0 {
			return s.choice.Words[v.choices.IntN(n)]
		}
		// The width may be all of int64 but one: it fits into uint64.
		width := uint64(s.choice.High-s.choice.Low) + 1
		return json.Number(strconv.FormatInt(s.choice.Low+int64(v.choices.Uint64N(width)), 10))
	}
	return s.literal
}

// uuid returns a random UUID (version 4).
func (v *values) uuid() string {
	id, err := uuid.NewRandomFromReader(&v.uuids)
	if err != nil { // impossible: the generator never ends
		return uuid.Nil.String()
	}
	return id.String()
}

// A byteSource reads the bytes of a generator's numbers, the highest byte of each
// first. Equal seeds give equal bytes.
type byteSource struct{ rand.PCG }

// Read fills p, whose length is a multiple of 8 here.
func (s *byteSource) Read(p []byte) (int, error) {
	n := 0
	for ; n+8 <= len(p); n += 8 {
		binary.BigEndian.PutUint64(p[n:], s.Uint64())
	}
	return n, nil
}

// compileText parses a text. What is known beforehand becomes literals.
func (c *compiler) compileText(source string, e encoding) (template, error) {
	t, err := parseTemplate(source)
	if err != nil {
		return nil, err
	}
	if e == asJSON {
		return c.compileJSONText(t)
	}
	for i := range t.Parts {
		t.Parts[i].Literal = string(encode(nil, t.Parts[i].Literal, e))
	}
	return c.compileParts(t.Parts, func(string, experiments.Part) encoding { return e })
}

// compileParts compiles the parts of a text. place says what a variable is encoded for,
// by the text before it. Literals are written as they are.
func (c *compiler) compileParts(parts []experiments.Part, place func(before string, p experiments.Part) encoding) (template, error) {
	var out template
	var before strings.Builder
	for _, part := range parts {
		if part.Name == "" {
			out = out.append(segment{literal: part.Literal})
			before.WriteString(part.Literal)
			continue
		}
		s, err := c.compileSegment(part, place(before.String(), part))
		if err != nil {
			return nil, err
		}
		out = out.append(s)
	}
	return out, nil
}

// compileJSONText compiles a text that is a JSON value.
func (c *compiler) compileJSONText(t experiments.Template) (template, error) {
	if single, ok := t.Single(); ok { // alone, a variable keeps its type
		s, err := c.compileSegment(single, asJSON)
		return template{s}, err
	}
	out := template{{literal: `"`}}
	for _, part := range t.Parts {
		s := segment{literal: string(encode(nil, part.Literal, inJSON))}
		if part.Name != "" {
			var err error
			if s, err = c.compileSegment(part, inJSON); err != nil {
				return nil, err
			}
		}
		out = out.append(s)
	}
	return out.append(segment{literal: `"`}), nil
}

func parseTemplate(source string) (experiments.Template, error) {
	t, err := experiments.ParseTemplate(source)
	if err != nil {
		return t, fmt.Errorf("%.60q: %w", source, err)
	}
	return t, nil
}

// compileSegment compiles a variable.
func (c *compiler) compileSegment(part experiments.Part, e encoding) (segment, error) {
	if part.Raw {
		e = e.raw()
	}
	if value, known, err := c.Value(part); known {
		if part.Name == "env" && err == nil && value != part.Default {
			c.hidden.HideEnv(part.Arg, value)
		}
		return segment{literal: string(encode(nil, value, e))}, err
	}
	if part.Column != "" {
		return c.compileColumn(part, e)
	}
	switch part.Name {
	case "seq":
		return segment{variable: sequence, encoding: e}, nil
	case "uuid":
		return segment{variable: unique, encoding: e}, nil
	case "random":
		choice, err := experiments.ParseRandom(part.Arg)
		return segment{variable: random, choice: choice, encoding: e}, err
	}
	slot, ok := c.slots[part.Name]
	if !ok {
		return segment{}, fmt.Errorf("${%s} is not captured by an earlier step", part.Name)
	}
	return segment{variable: captured, slot: slot, encoding: e}, nil
}

// compileColumn compiles a column of the journey's data.
func (c *compiler) compileColumn(part experiments.Part, e encoding) (segment, error) {
	index := -1
	if c.Data != nil {
		index = c.Data.Column(part.Column)
	}
	if index < 0 {
		return segment{}, fmt.Errorf("${%s}: the journey's data has no such column", part.Name)
	}
	return segment{variable: fromData, slot: index, encoding: e}, nil
}

// appendJSONTemplate appends a JSON value whose strings may hold variables.
func (c *compiler) appendJSONTemplate(out template, value any) (template, error) {
	var err error
	switch v := value.(type) {
	case string:
		inner, err := c.compileText(v, asJSON)
		return out.append(inner...), err
	case []any:
		for i, item := range v {
			out = out.append(segment{literal: separator(i, "[")})
			if out, err = c.appendJSONTemplate(out, item); err != nil {
				return nil, err
			}
		}
		return out.append(segment{literal: closing(len(v), "[", "]")}), nil
	case map[string]any:
		for i, key := range sortedKeys(v) {
			out = out.append(segment{literal: separator(i, "{") + string(appendJSON(nil, key)) + ":"})
			if out, err = c.appendJSONTemplate(out, v[key]); err != nil {
				return nil, err
			}
		}
		return out.append(segment{literal: closing(len(v), "{", "}")}), nil
	}
	return out.append(segment{literal: string(appendJSON(nil, value))}), nil
}

// separator returns what stands before the i-th item of a list or an object.
func separator(i int, open string) string {
	if i == 0 {
		return open
	}
	return ","
}

// closing returns what stands behind the last of n items.
func closing(n int, open, end string) string {
	if n == 0 {
		return open + end
	}
	return end
}
