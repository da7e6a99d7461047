package gates

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/gate"
)

// How many characters of a value and of a pointer are shown.
const (
	mostValue   = 60
	mostPointer = 120
)

// short is text on one line, cut to so many characters.
func short(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= most {
		return text
	}
	if list := []rune(text); len(list) > most {
		return string(list[:most-1]) + "…"
	}
	return text
}

// value writes a value of a document on one line.
func value(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return short(string(raw), mostValue)
	}
	return short(b.String(), mostValue)
}

// number is the number that a value is.
func number(raw json.RawMessage) (float64, bool) {
	text := string(bytes.TrimSpace(raw))
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}

// place names the place of a value in its document.
func place(pointer string) string {
	if pointer == "" {
		return "the whole document"
	}
	return short(pointer, mostPointer)
}

// A move is a value that differs between two documents.
type move struct {
	pointer  string
	from, to json.RawMessage
}

func moveOf(c *gate.Changed) move { return move{c.Pointer, c.From, c.To} }

// Place names the place of the value.
func (m move) Place() string { return place(m.pointer) }

// From is the value before, or a dash.
func (m move) From() string { return orDash(m.from) }

// To is the value after, or a dash.
func (m move) To() string { return orDash(m.to) }

func orDash(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "–"
	}
	return value(raw)
}

// What says what happened to the value: "1 → 100", "added: 5" or "removed, it was 5".
func (m move) What() string {
	switch {
	case len(m.from) == 0 && len(m.to) == 0:
		return "differs"
	case len(m.from) == 0:
		return "added: " + value(m.to)
	case len(m.to) == 0:
		return "removed, it was " + value(m.from)
	case m.pointer == "":
		return "differs"
	}
	return value(m.from) + " → " + value(m.to)
}

// text is the place and what happened there.
func (m move) text() string { return m.Place() + " " + m.What() }

// undo says how to take the change back.
func (m move) undo() string {
	switch {
	case m.pointer == "":
		return "take the whole document back"
	case len(m.from) == 0 && len(m.to) == 0:
		return "take " + m.Place() + " back"
	case len(m.from) == 0:
		return "leave " + m.Place() + " out again, or give it another value than " + value(m.to)
	case len(m.to) == 0:
		return "put " + m.Place() + " back, which was " + value(m.from)
	}
	return "take " + m.Place() + " back from " + value(m.to) + " to " + value(m.from) + ", or choose another value"
}

// changed are the values that the candidate changes.
func (s *summary) changed() (list []move) {
	for i := range first(s.r.Changed, mostChanged) {
		list = append(list, moveOf(&s.r.Changed[i]))
	}
	return list
}

// moveAt is what the candidate changes at a pointer.
func (s *summary) moveAt(pointer string) move {
	for i := range s.r.Changed {
		if s.r.Changed[i].Pointer == pointer {
			return moveOf(&s.r.Changed[i])
		}
	}
	return move{pointer: pointer}
}

// smallest are the values of the smallest part that fails.
func (s *summary) smallest() (list []move) {
	if s.r.Smallest == nil {
		return nil
	}
	for _, p := range first(s.r.Smallest.Pointers, mostChanged) {
		list = append(list, s.moveAt(p))
	}
	return list
}

// served says what is served now, and where that was read.
func (s *summary) served() string {
	d := s.r.Served
	if d == nil {
		return "not known"
	}
	switch {
	case d.File != "":
		return d.File
	case d.Source != "":
		return "as read from " + d.Source
	}
	return "known"
}

// blamed reports whether a value is in the smallest part that fails.
func (s *summary) blamed(pointer string) bool {
	return s.r.Smallest != nil && slices.Contains(s.r.Smallest.Pointers, pointer)
}

// blame says of a value in the smallest part what it does.
func (s *summary) blame() string {
	if s.r.Smallest != nil && len(s.r.Smallest.Pointers) == 1 {
		return "fails by itself"
	}
	return "in the smallest part that fails"
}
