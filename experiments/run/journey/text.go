package journey

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"

	"github.com/blastgauge/blastgauge/experiments"
)

// A form says how a value is written into a text.
type form uint8

const (
	asText  form = iota // as it is
	asJSON              // as a JSON value
	inJSON              // inside the quotes of a JSON string
	asQuery             // as a part of form-urlencoded data
)

// A text is a text with variables, taken apart once so that filling it in is
// cheap.
type text []piece

// A piece is a literal, or a variable and how it is written.
type piece struct {
	literal string // written as it is
	kind    variable
	slot    int // of a captured value
	choice  experiments.Choice
	form    form
}

type variable uint8

const (
	literal variable = iota
	captured
	sequence
	unique
	random
)

// fixed is the text where it holds no variable.
func (t text) fixed() (string, bool) {
	switch {
	case len(t) == 0:
		return "", true
	case len(t) == 1 && t[0].kind == literal:
		return t[0].literal, true
	}
	return "", false
}

// fill appends the text with its variables filled in.
func (t text) fill(dst []byte, v *values) []byte {
	for i := range t {
		p := &t[i]
		if p.kind == literal {
			dst = append(dst, p.literal...)
			continue
		}
		dst = write(dst, v.of(p), p.form)
	}
	return dst
}

// string is the text with its variables filled in.
func (t text) string(v *values) string {
	if s, ok := t.fixed(); ok {
		return s
	}
	return string(t.fill(nil, v))
}

// write appends a value in a form.
func write(dst []byte, value any, f form) []byte {
	switch f {
	case asJSON:
		return appendJSON(dst, value)
	case inJSON:
		return appendInside(dst, textOf(value))
	case asQuery:
		return append(dst, url.QueryEscape(textOf(value))...)
	}
	return append(dst, textOf(value)...)
}

// textOf is a value as people write it: texts as they are, everything else as
// compact JSON.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return string(appendJSON(nil, value))
}

// appendJSON appends a decoded JSON value.
func appendJSON(dst []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		dst = append(dst, '"')
		dst = appendInside(dst, v)
		return append(dst, '"')
	case json.Number:
		return append(dst, v...)
	}
	out, err := json.Marshal(value)
	if err != nil { // no decoded value leads here
		return append(dst, "null"...)
	}
	return append(dst, out...)
}

// appendInside appends what stands between the quotes of a JSON string.
func appendInside(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			out, _ := json.Marshal(s) // a string always has a JSON form
			return append(dst, out[1:len(out)-1]...)
		}
	}
	return append(dst, s...)
}

// values are what the variables of one journey stand for.
type values struct {
	slots []any      // captured so far
	picks *rand.Rand // the same in both arms, so that their journeys are alike
	ids   *rand.PCG  // never the same twice
	seq   uint64
}

func (v *values) of(p *piece) any {
	switch p.kind {
	case captured:
		return v.slots[p.slot]
	case sequence:
		return json.Number(strconv.FormatUint(v.seq, 10))
	case unique:
		return v.uuid()
	case random:
		if n := len(p.choice.Words); n > 0 {
			return p.choice.Words[v.picks.IntN(n)]
		}
		// The width may be all of int64 but one: it fits into uint64.
		width := uint64(p.choice.High-p.choice.Low) + 1
		return json.Number(strconv.FormatInt(p.choice.Low+int64(v.picks.Uint64N(width)), 10))
	}
	return p.literal
}

// uuid is a random UUID (version 4).
func (v *values) uuid() string {
	hi, lo := v.ids.Uint64(), v.ids.Uint64()
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 1<<63
	const hex = "0123456789abcdef"
	var b [36]byte
	at := 0
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b[at] = '-'
			at++
		}
		word := hi
		if i >= 16 {
			word = lo
		}
		b[at] = hex[word>>(60-4*(i%16))&15]
		at++
	}
	return string(b[:])
}

// compileText takes a text apart. Facts known beforehand become literals.
func (s *scope) text(source string, f form) (text, error) {
	t, err := experiments.ParseTemplate(source)
	if err != nil {
		return nil, fmt.Errorf("%.60q: %w", source, err)
	}
	if f == asJSON { // a JSON string: all of it a value, or quotes around the parts
		if part, ok := t.Single(); ok {
			p, err := s.piece(part, asJSON)
			return join(nil, p), err
		}
		out := text{{literal: `"`}}
		for _, part := range t.Parts {
			p, err := s.piece(part, inJSON)
			if err != nil {
				return nil, err
			}
			out = join(out, p)
		}
		return join(out, piece{literal: `"`}), nil
	}
	var out text
	for _, part := range t.Parts {
		p, err := s.piece(part, f)
		if err != nil {
			return nil, err
		}
		out = join(out, p)
	}
	return out, nil
}

// join appends a piece, to the literal before it where it is one itself.
func join(t text, p piece) text {
	if n := len(t); n > 0 && p.kind == literal && t[n-1].kind == literal {
		t[n-1].literal += p.literal
		return t
	}
	return append(t, p)
}

// piece is a part of a text as it will be written.
func (s *scope) piece(part experiments.Part, f form) (piece, error) {
	now := func(value string) (piece, error) {
		return piece{literal: string(write(nil, value, f))}, nil
	}
	switch part.Name {
	case "":
		return now(part.Literal)
	case "run":
		return now(s.Run)
	case "arm":
		return now(s.Arm.String())
	case "started":
		return now(s.started())
	case "env":
		value, err := s.env(part.Arg)
		if err != nil {
			return piece{}, err
		}
		return now(value)
	case "seq":
		return piece{kind: sequence, form: f}, nil
	case "uuid":
		return piece{kind: unique, form: f}, nil
	case "random":
		choice, err := experiments.ParseRandom(part.Arg)
		return piece{kind: random, choice: choice, form: f}, err
	}
	slot, ok := s.slots[part.Name]
	if !ok {
		return piece{}, fmt.Errorf("${%s} is not captured by an earlier step", part.Name)
	}
	return piece{kind: captured, slot: slot, form: f}, nil
}

// json appends a JSON value whose texts may hold variables.
func (s *scope) json(out text, value any) (text, error) {
	var err error
	switch v := value.(type) {
	case string:
		var inner text
		if inner, err = s.text(v, asJSON); err != nil {
			return nil, err
		}
		for _, p := range inner {
			out = join(out, p)
		}
	case []any:
		for i, item := range v {
			out = join(out, piece{literal: opening(i, "[")})
			if out, err = s.json(out, item); err != nil {
				return nil, err
			}
		}
		out = join(out, piece{literal: closing(len(v), "[", "]")})
	case map[string]any:
		for i, key := range sortedKeys(v) {
			out = join(out, piece{literal: opening(i, "{") + string(appendJSON(nil, key)) + ":"})
			if out, err = s.json(out, v[key]); err != nil {
				return nil, err
			}
		}
		out = join(out, piece{literal: closing(len(v), "{", "}")})
	default:
		out = join(out, piece{literal: string(appendJSON(nil, v))})
	}
	return out, nil
}

func opening(i int, bracket string) string {
	if i == 0 {
		return bracket
	}
	return ","
}

func closing(n int, open, end string) string {
	if n == 0 {
		return open + end
	}
	return end
}
