package faultset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/figures"
)

// maxMillis bounds durations: a day.
const maxMillis = 24 * 60 * 60 * 1000

// Whether a field must be there.
const (
	Required = true
	Optional = false
)

// Fields is a JSON object that is read field by field, as a toxic's attributes
// are. The first mistake counts; its sentence is for the person who wrote the
// request. No attributes are an empty object.
type Fields struct {
	of    string // the kind, or the attribute that the object is
	raw   map[string]json.RawMessage
	known []string // the fields that were asked for
	err   error
}

// ReadKind begins to read the attributes of a kind of fault, which with this
// share of messages is what comes of it.
func ReadKind(kind string, share float64, attributes json.RawMessage) (*Fault, *Fields, error) {
	if !(share >= 0 && share <= 1) {
		return nil, nil, fmt.Errorf("toxicity must be between 0 and 1: it is the share of requests that %s affects", kind)
	}
	in, err := newFields(kind, attributes)
	if err != nil {
		return nil, nil, fmt.Errorf("the attributes of %w", err)
	}
	return New(kind, share), in, nil
}

func newFields(of string, object json.RawMessage) (*Fields, error) {
	in := &Fields{of: of}
	if len(object) == 0 {
		return in, nil
	}
	if json.Unmarshal(object, &in.raw) != nil {
		return nil, fmt.Errorf("%s must be an object", of)
	}
	return in, nil
}

// Group reads a field that is an object of its own. It is false when the field is
// not there, or none.
func (in *Fields) Group(name string, read func(*Fields)) bool {
	raw, ok := in.take(name)
	if !ok {
		return false
	}
	inner, err := newFields(name, raw)
	if err != nil {
		in.Refuse("%v", err)
		return false
	}
	read(inner)
	if err := inner.Done(); err != nil {
		in.Refuse("%v", err)
	}
	return true
}

// Refuse notes a mistake.
func (in *Fields) Refuse(format string, args ...any) {
	if in.err == nil {
		in.err = fmt.Errorf(format, args...)
	}
}

// Done is called when all fields have been read: any other is a mistake, and the
// first to be told, because the field that is missing may be the one misspelt.
func (in *Fields) Done() error {
	for _, name := range slices.Sorted(maps.Keys(in.raw)) {
		if !slices.Contains(in.known, name) {
			return fmt.Errorf("%s has no attribute %q; it has %s", in.of, name, figures.List(in.known, "and"))
		}
	}
	return in.err
}

// take gives a field that is there and not null.
func (in *Fields) take(name string) (json.RawMessage, bool) {
	in.known = append(in.known, name)
	raw, ok := in.raw[name]
	return raw, ok && !bytes.Equal(raw, []byte("null"))
}

// Raw gives a field that is there as it stands; what says what it should be where
// it must be and is not there.
func (in *Fields) Raw(name, what string) (json.RawMessage, bool) {
	raw, ok := in.take(name)
	if !ok {
		in.Refuse("%s needs %s, %s", in.of, name, what)
	}
	return raw, ok
}

// Whole reads a whole number.
func (in *Fields) Whole(name string, least, most int64, needed bool) int64 {
	raw, ok := in.take(name)
	if !ok {
		if needed {
			in.Refuse("%s needs %s, a whole number from %d to %d", in.of, name, least, most)
		}
		return 0
	}
	var v int64
	if json.Unmarshal(raw, &v) != nil || v < least || v > most {
		in.Refuse("%s must be a whole number from %d to %d, not %s", name, least, most, raw)
		return 0
	}
	return v
}

// Millis reads a duration that may be left out.
func (in *Fields) Millis(name string) int64 { return in.Whole(name, 0, maxMillis, Optional) }

// Value reads any JSON; numbers stay as they are written.
func (in *Fields) Value(name string) (any, bool) {
	raw, ok := in.take(name)
	if !ok {
		return nil, false
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		in.Refuse("%s: %v", name, err)
	}
	return v, true
}

// Text reads a text.
func (in *Fields) Text(name string) string {
	raw, ok := in.take(name)
	var v string
	if ok && json.Unmarshal(raw, &v) != nil {
		in.Refuse("%s must be a text, not %s", name, raw)
	}
	return v
}

// Word reads one of some words, of which the first is meant when none is given.
func Word[T ~string](in *Fields, name string, words ...T) T {
	if word := WordOrNone(in, name, words...); word != "" {
		return word
	}
	return words[0]
}

// WordOrNone reads one of some words, or nothing.
func WordOrNone[T ~string](in *Fields, name string, words ...T) T {
	word := T(in.Text(name))
	if word != "" && !slices.Contains(words, word) {
		in.Refuse("%s must be %s, not %q", name, figures.List(words, "or"), string(word))
	}
	return word
}

// Table reads an object of texts.
func (in *Fields) Table(name string) map[string]string {
	raw, ok := in.take(name)
	var v map[string]string
	if ok && json.Unmarshal(raw, &v) != nil {
		in.Refuse("%s must be an object of texts, such as {\"X-Name\": \"value\"}, not %s", name, raw)
	}
	return v
}

// First reads how many messages the fault may affect.
func (in *Fields) First(f *Fault) int64 {
	f.First = in.Whole("first", 0, 1<<53, Optional)
	return f.First
}

// Delay reads a latency and its jitter, in whole milliseconds, as Toxiproxy's are.
func (in *Fields) Delay(f *Fault) (latency, jitter int64) {
	latency, jitter = in.Whole("latency", 0, maxMillis, Required), in.Whole("jitter", 0, maxMillis, Optional)
	if jitter > latency {
		in.Refuse("jitter must not exceed latency")
	}
	f.Latency, f.Jitter = time.Duration(latency)*time.Millisecond, time.Duration(jitter)*time.Millisecond
	return latency, jitter
}
