package edit

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ParseJSON reads a JSON text. encoding/json decides whether it is valid. The reader here
// then finds where everything stands.
func ParseJSON(body []byte) (*Tree, error) {
	var raw json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("it is not JSON: %w at byte %d", err, e.Offset)
		}
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	r := jsonReader{text: body}
	r.space()
	t := &Tree{text: body, Roots: []*Node{r.value()}}
	return t, t.checkDepth()
}

// A jsonReader reads a text that is valid.
type jsonReader struct {
	text []byte
	at   int
}

func (r *jsonReader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) value() *Node {
	n := &Node{from: r.at}
	switch c := r.text[r.at]; c {
	case '{', '[':
		n.Kind = List
		if c == '{' {
			n.Kind = Object
		}
		r.entries(n)
	case '"':
		n.Kind, n.Quote = String, '"'
		n.Value = r.quoted()
	case 'n':
		r.at += len("null")
	case 't', 'f':
		n.Kind, n.Value = Boolean, "true"
		if c == 'f' {
			n.Value = "false"
		}
		r.at += len(n.Value)
	default:
		n.Kind = Number
		for r.at < len(r.text) && strings.IndexByte("+-.0123456789eE", r.text[r.at]) >= 0 {
			r.at++
		}
		n.Value = string(r.text[n.from:r.at])
	}
	n.to = r.at
	return n
}

func (r *jsonReader) entries(n *Node) {
	r.at++ // the bracket
	for r.space(); r.text[r.at] != '}' && r.text[r.at] != ']'; r.space() {
		if r.text[r.at] == ',' {
			r.at++
			r.space()
		}
		var key string
		from, to := r.at, r.at
		if n.Kind == Object {
			key = r.quoted()
			to = r.at
			r.space()
			r.at++ // the colon
			r.space()
		}
		c := r.value()
		c.IsMember, c.Key, c.keyFrom, c.keyTo = n.Kind == Object, key, from, to
		n.addChild(c)
	}
	r.at++
}

func (r *jsonReader) quoted() string {
	from := r.at
	plain := true
	for r.at++; r.text[r.at] != '"'; r.at++ {
		if r.text[r.at] == '\\' {
			plain = false
			r.at++
		}
	}
	r.at++
	if raw := r.text[from+1 : r.at-1]; plain && utf8.Valid(raw) {
		return string(raw)
	}
	var s string
	if json.Unmarshal(r.text[from:r.at], &s) != nil {
		return ""
	}
	return s
}
