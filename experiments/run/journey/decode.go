package journey

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// deepest is how many lists and objects may be inside each other, as in
// encoding/json.
const deepest = 10_000

// decodeJSON decodes exactly one JSON value, with json.Number for numbers.
//
// Note: this was a fifth of a journey's cost with encoding/json, which reads
// everything twice and allocates every text. Here texts are parts of one copy
// of the body. What is refused is decoded again by encoding/json, for its words.
func decodeJSON(body []byte) (any, error) {
	d := decoder{text: string(body)}
	document, ok := d.value(0)
	if d.space(); ok && d.at == len(d.text) {
		return document, nil
	}
	return decodeStandard(body)
}

func decodeStandard(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var document any
	if err := d.Decode(&document); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty")
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return document, nil
}

// A decoder reads JSON values from a text. Its methods give false where the
// text is not JSON.
type decoder struct {
	text string
	at   int
}

func (d *decoder) space() {
	for d.at < len(d.text) {
		switch d.text[d.at] {
		case ' ', '\t', '\r', '\n':
			d.at++
		default:
			return
		}
	}
}

// peek is the next byte; 0 at the end.
func (d *decoder) peek() byte {
	if d.at < len(d.text) {
		return d.text[d.at]
	}
	return 0
}

// next steps over c.
func (d *decoder) next(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.at++
	return true
}

func (d *decoder) value(depth int) (any, bool) {
	d.space()
	switch c := d.peek(); {
	case c != '{' && c != '[':
		return d.scalar(c)
	case depth == deepest:
		return nil, false
	case c == '{':
		return d.object(depth + 1)
	}
	return d.list(depth + 1)
}

func (d *decoder) scalar(first byte) (any, bool) {
	switch first {
	case '"':
		s, ok := d.str()
		return s, ok
	case 't':
		return true, d.word("true")
	case 'f':
		return false, d.word("false")
	case 'n':
		return nil, d.word("null")
	}
	return d.number()
}

func (d *decoder) word(w string) bool {
	if !strings.HasPrefix(d.text[d.at:], w) {
		return false
	}
	d.at += len(w)
	return true
}

func (d *decoder) object(depth int) (any, bool) {
	d.at++
	m := map[string]any{}
	if d.space(); d.next('}') {
		return m, true
	}
	for {
		d.space()
		key, ok := d.str()
		if d.space(); !ok || !d.next(':') {
			return nil, false
		}
		if m[key], ok = d.value(depth); !ok {
			return nil, false
		}
		if d.space(); d.next('}') {
			return m, true
		}
		if !d.next(',') {
			return nil, false
		}
	}
}

func (d *decoder) list(depth int) (any, bool) {
	d.at++
	l := []any{}
	if d.space(); d.next(']') {
		return l, true
	}
	for {
		v, ok := d.value(depth)
		if !ok {
			return nil, false
		}
		l = append(l, v)
		if d.space(); d.next(']') {
			return l, true
		}
		if !d.next(',') {
			return nil, false
		}
	}
}

// str reads a string. What needs more than a look at each byte is left to
// encoding/json: escapes, and bytes that are not UTF-8.
func (d *decoder) str() (string, bool) {
	if !d.next('"') {
		return "", false
	}
	from, escaped, wide := d.at, false, false
	for ; d.at < len(d.text); d.at++ {
		switch c := d.text[d.at]; {
		case c == '"':
			s := d.text[from:d.at]
			d.at++
			if escaped || wide && !utf8.ValidString(s) {
				return unquote(d.text[from-1 : d.at])
			}
			return s, true
		case c == '\\':
			escaped = true
			d.at++ // whatever follows does not end the string
		case c < ' ':
			return "", false
		case c >= utf8.RuneSelf:
			wide = true
		}
	}
	return "", false
}

// unquote is apart, so that only its own text has to be on the heap.
func unquote(literal string) (s string, ok bool) {
	err := json.Unmarshal([]byte(literal), &s)
	return s, err == nil
}

func (d *decoder) number() (any, bool) {
	from := d.at
	d.next('-')
	if !d.next('0') && !d.digits() {
		return nil, false
	}
	if d.next('.') && !d.digits() {
		return nil, false
	}
	if d.next('e') || d.next('E') {
		if !d.next('+') {
			d.next('-')
		}
		if !d.digits() {
			return nil, false
		}
	}
	return json.Number(d.text[from:d.at]), true
}

// digits steps over one or more digits.
func (d *decoder) digits() bool {
	from := d.at
	for digit(d.peek()) {
		d.at++
	}
	return d.at > from
}
