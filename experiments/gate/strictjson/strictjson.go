// Package strictjson reads JSON that somebody else wrote, and refuses what two readers could
// take for two things.
//
// Names that stand twice, names in other letters than the field's, values deeper than a
// bound and what follows the value are errors: a signature says something of bytes, and
// every reader of the bytes must see the same in them.
package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// What is wrong with a text. Every error of [Decode] and [Check] is of one of these classes.
var (
	ErrMalformed     = errors.New("it is not what it should be")
	ErrDuplicateName = errors.New("a name stands twice")
	ErrUnknownField  = errors.New("a field is unknown")
)

// MostDepth is how many lists and objects may be in one another.
const MostDepth = 32

// Decode reads one value into what a pointer leads to. Names must be exactly those of the
// fields.
func Decode(text []byte, into any) error {
	if err := Check(text); err != nil {
		return err
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := checkNames("", plain, reflect.TypeOf(into)); err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

// Check returns what is wrong with a text, whatever it is about.
func Check(text []byte) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("%w: it is not UTF-8", ErrMalformed)
	}
	r := reader{tokens: json.NewDecoder(bytes.NewReader(text))}
	r.tokens.UseNumber()
	if err := r.value(0); err != nil {
		return err
	}
	if _, err := r.tokens.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows the value, at byte %d", ErrMalformed, r.tokens.InputOffset())
	}
	return nil
}

type reader struct{ tokens *json.Decoder }

func (r *reader) token() (json.Token, error) {
	t, err := r.tokens.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%w: byte %d: %w", ErrMalformed, r.tokens.InputOffset(), err)
	}
	return t, nil
}

// value reads a value that is in so many others.
func (r *reader) value(depth int) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= MostDepth {
		return fmt.Errorf("%w: byte %d: more than %d lists and objects are in one another", ErrMalformed, r.tokens.InputOffset(), MostDepth)
	}
	names := map[string]bool{}
	for r.tokens.More() {
		if open == '{' {
			if err := r.name(names); err != nil {
				return err
			}
		}
		if err := r.value(depth + 1); err != nil {
			return err
		}
	}
	_, err = r.token() // its end
	return err
}

// name reads a name, which must not be among those of its object.
func (r *reader) name(names map[string]bool) error {
	t, err := r.token()
	if err != nil {
		return err
	}
	name, ok := t.(string)
	switch {
	case !ok:
		return fmt.Errorf("%w: byte %d: a name is needed", ErrMalformed, r.tokens.InputOffset())
	case names[name]:
		return fmt.Errorf("%w: byte %d: %.80q", ErrDuplicateName, r.tokens.InputOffset(), name)
	}
	names[name] = true
	return nil
}

// checkNames returns the first name in a value that is not one of its type. The decoder of
// the standard library takes names in any case.
func checkNames(at string, value any, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		if t.Implements(reflect.TypeFor[json.Unmarshaler]()) {
			return nil // it reads itself
		}
		t = t.Elem()
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch v := value.(type) {
	case []any:
		if t.Kind() != reflect.Slice {
			return nil // the decoder says what is needed
		}
		for i, item := range v {
			if err := checkNames(fmt.Sprintf("%s/%d", at, i), item, t.Elem()); err != nil {
				return err
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields := fieldsOf(t)
		for name, item := range v {
			of, ok := fields[name]
			if !ok {
				return fmt.Errorf("%w: %.200s/%.80s", ErrUnknownField, at, name)
			}
			if err := checkNames(at+"/"+name, item, of); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldsOf are the types of a struct's fields, by name. Fields need tags.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = f.Type
		}
	}
	return fields
}
