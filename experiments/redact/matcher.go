package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"math"
	"slices"
	"strings"
)

// A matcher finds secrets in texts.
type matcher struct {
	needles []needle
	longest int // length in bytes
}

// A needle is one form of a secret, folded.
type needle struct {
	form    []byte
	instead string
	anyCase bool
	// least is the length in bytes from which on its beginning is not shown at the end of
	// a text that was cut.
	least int
}

// minDerived is the length in bytes from which on a text that is derived from a secret
// is hidden: its base64, or one of its lines.
const minDerived = 8

// minRest is the length in bytes from which on the rest of a secret is not shown where
// a text has lost its start. Shorter ones are in most texts by chance.
const minRest = 4

func newMatcher(list []secret) *matcher {
	m := &matcher{}
	for _, one := range list {
		for _, value := range []string{one.value, strings.TrimSpace(one.value)} {
			m.add(value, one.instead, false)
			m.add(strings.ToLower(value), one.instead, true)
			m.add(strings.ToUpper(value), one.instead, true)
			// Others write invalid bytes as U+FFFD, one for each or for all in a row.
			m.add(strings.ToValidUTF8(value, "\ufffd"), one.instead, false)
			m.add(string([]rune(value)), one.instead, false)
			for line := range strings.Lines(value) {
				m.add(strings.TrimSpace(line), one.instead, true)
			}
			m.add(hex.EncodeToString([]byte(value)), one.instead, true)
			for shift := range 3 {
				m.add(base64Within(base64.RawStdEncoding, value, shift), one.instead, true)
				m.add(base64Within(base64.RawURLEncoding, value, shift), one.instead, true)
			}
		}
	}
	return m
}

// add adds a form of a secret, also without its line breaks and without its blanks.
func (m *matcher) add(form, instead string, derived bool) {
	least := minSecret
	if derived {
		least = minDerived
	}
	for i, text := range [][]byte{[]byte(form), without(form, lineBreak), []byte(joinWords(form))} {
		if i == 2 { // a text without its blanks is further from the secret
			least = max(least, minDerived)
		}
		anyCase := len(text) >= minDerived // a short one may be a word, and is one in its own case alone
		begins := 1
		if derived {
			begins = minRest // it has nothing of the secret's own characters
		}
		text = fold(text, anyCase)
		if len(text) < least || slices.ContainsFunc(m.needles, func(n needle) bool { return bytes.Equal(n.form, text) }) {
			continue
		}
		m.needles = append(m.needles, needle{text, instead, anyCase, begins})
		m.longest = max(m.longest, len(text))
	}
}

func without(form string, e escape) []byte {
	l, _ := layer{text: []byte(form)}.decode(e, false)
	return l.text
}

func joinWords(form string) string { return strings.Join(strings.Fields(form), "") }

// base64Within returns what is the same in the base64 of every text that has a value
// behind shift bytes, modulo 3.
func base64Within(e *base64.Encoding, value string, shift int) string {
	text := e.EncodeToString(append(make([]byte, shift), value...))
	from := (shift*8 + 5) / 6
	to := (shift + len(value)) * 8 / 6
	return text[min(from, to):to]
}

// fold makes texts equal that differ in nothing that matters: in the kind of blank,
// which forms write as a plus sign, and in any case in the case of ASCII letters.
func fold(text []byte, anyCase bool) []byte {
	out := make([]byte, len(text))
	for i, c := range text {
		switch {
		case anyCase && c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= '\t' && c <= '\r' || c == '+':
			c = ' '
		}
		out[i] = c
	}
	return out
}

// edges say where a text was cut before it came here.
type edges struct{ start, end bool }

// A span is a part of a text that is not shown.
type span struct {
	from, to int // bytes
	size     int // of what it covered before others were joined to it
	instead  string
}

// hide returns a text without the secrets in it, as valid UTF-8. Where the text was
// cut, a part of a secret at its edge is left out.
func (m *matcher) hide(text []byte, e edges) string {
	return strings.ToValidUTF8(conceal(text, m.find(text, e)), "\ufffd")
}

// conceal replaces parts of a text, which are in order.
func conceal(text []byte, spans []span) string {
	if len(spans) == 0 {
		return string(text)
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.Write(text[at:s.from])
		b.WriteString(s.instead)
		at = s.to
	}
	b.Write(text[at:])
	return b.String()
}

// find returns the parts of a text that are secrets, in order. Parts that overlap are
// one.
func (m *matcher) find(text []byte, e edges) []span {
	if len(m.needles) == 0 || len(text) == 0 {
		return nil
	}
	var found []span
	for _, l := range layers(text, e.end) {
		if l.unfinished { // what is left of an escape may be of a secret
			found = append(found, span{from: l.whole, to: len(text)})
		}
		ownCase, anyCase := fold(l.text, false), fold(l.text, true)
		for _, n := range m.needles {
			folded := ownCase
			if n.anyCase {
				folded = anyCase
			} else if l.squeezed {
				continue
			}
			found = n.appendAll(found, l, folded)
			if e.end {
				found = n.appendEnd(found, l, folded, len(text))
			}
			if e.start {
				found = n.appendStart(found, l, folded)
			}
		}
	}
	return join(found)
}

// appendAll appends every place of a needle, also those that overlap.
func (n needle) appendAll(found []span, l layer, folded []byte) []span {
	for at := 0; ; at++ {
		i := bytes.Index(folded[at:], n.form)
		if i < 0 {
			return found
		}
		at += i
		found = append(found, span{l.start(at), l.end(at + len(n.form) - 1), len(n.form), n.instead})
	}
}

// appendEnd appends an end of a text that begins a needle.
func (n needle) appendEnd(found []span, l layer, folded []byte, size int) []span {
	for k := min(len(n.form)-1, len(folded)); k >= n.least; k-- {
		if bytes.HasSuffix(folded, n.form[:k]) {
			return append(found, span{from: l.start(len(folded) - k), to: size})
		}
	}
	return found
}

// halfEscape is how many bytes may be left of an escape of which the beginning is
// missing.
const halfEscape = 6

// appendStart appends a start of a text that ends a needle.
func (n needle) appendStart(found []span, l layer, folded []byte) []span {
	for skip := 0; skip <= halfEscape && skip < len(folded); skip++ {
		for k := min(len(n.form)-1, len(folded)-skip); k >= minRest; k-- {
			if bytes.HasPrefix(folded[skip:], n.form[len(n.form)-k:]) {
				found = append(found, span{to: l.end(skip + k - 1)})
				break
			}
		}
	}
	return found
}

// join returns the spans in order. Those that overlap are one, which is shown as the
// longest of them.
func join(found []span) []span {
	slices.SortFunc(found, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(b.size, a.size), cmp.Compare(a.instead, b.instead))
	})
	joined := found[:0]
	last := math.MinInt
	for _, s := range found {
		if s.from >= last {
			joined, last = append(joined, s), s.to
			continue
		}
		into := &joined[len(joined)-1]
		if s.size > into.size {
			into.size, into.instead = s.size, s.instead
		}
		last = max(last, s.to)
		into.to = last
	}
	return joined
}
