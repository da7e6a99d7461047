package badconfig

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// parseJSON reads a JSON text. encoding/json decides what is JSON; the reader
// here follows what is known to be valid, to know where everything stands.
func parseJSON(body []byte) (*tree, error) {
	var raw json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("it is not JSON: %w at byte %d", err, e.Offset)
		}
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	r := jsonReader{text: body}
	r.space()
	t := &tree{text: body, roots: []*node{r.value()}}
	return t, t.checkDepth()
}

// A jsonReader walks a text that is valid.
type jsonReader struct {
	text []byte
	at   int
}

func (r *jsonReader) space() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) value() *node {
	n := &node{from: r.at}
	switch c := r.text[r.at]; c {
	case '{', '[':
		n.kind = list
		if c == '{' {
			n.kind = object
		}
		r.entries(n)
	case '"':
		n.kind, n.quote = text, '"'
		n.value = r.quoted()
	case 'n':
		r.at += len("null")
	case 't', 'f':
		n.kind, n.value = boolean, "true"
		if c == 'f' {
			n.value = "false"
		}
		r.at += len(n.value)
	default:
		n.kind = number
		for r.at < len(r.text) && strings.IndexByte("+-.0123456789eE", r.text[r.at]) >= 0 {
			r.at++
		}
		n.value = string(r.text[n.from:r.at])
	}
	n.to = r.at
	return n
}

func (r *jsonReader) entries(n *node) {
	r.at++ // the bracket
	for r.space(); r.text[r.at] != '}' && r.text[r.at] != ']'; r.space() {
		if r.text[r.at] == ',' {
			r.at++
			r.space()
		}
		var key string
		from, to := r.at, r.at
		if n.kind == object {
			key = r.quoted()
			to = r.at
			r.space()
			r.at++ // the colon
			r.space()
		}
		c := r.value()
		c.member, c.key, c.keyFrom, c.keyTo = n.kind == object, key, from, to
		n.child(c)
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
