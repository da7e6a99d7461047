package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"reflect"
	"strings"
)

// A ListError says what is wrong with a list of proxies in JSON, and where. Lines
// and columns, in bytes, count from 1.
type ListError struct {
	Line, Col int
	Err       error
}

func (e *ListError) Error() string {
	return fmt.Sprintf("line %d, column %d: %v", e.Line, e.Col, e.Err)
}

func (e *ListError) Unwrap() error { return e.Err }

// decodeList reads a list of proxies. Its error is a ListError.
func decodeList(body []byte) ([]proxyInput, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff")) // some editors begin every file with it
	var list []proxyInput
	err := json.Unmarshal(body, &list)
	if err == nil {
		return list, nil
	}
	e := &ListError{Err: errors.New(describeJSON(err))}
	e.Line, e.Col = placeOf(body, err)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Type == reflect.TypeFor[[]proxyInput]() {
		e.Err = fmt.Errorf(`a list of proxies is expected, such as [{"name": "db", "listen": "127.0.0.1:15432", "upstream": "127.0.0.1:5432"}], got %s`, article(wrong.Value))
	}
	return nil, e
}

// mistake is a ListError where err is about what a list says, of its proxy i, and none where
// the machine is to blame, such as for a port that is in use.
func mistake(body []byte, i int, err error) error {
	_, noAddress := errors.AsType[*net.AddrError](err)
	if asAPIError(err).Status >= http.StatusInternalServerError && !noAddress {
		return err
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	list := elements(body)
	if i < 0 || i >= len(list) {
		return err
	}
	offset, toxic := list[i].offset, -1
	if t, ok := errors.AsType[toxicError](err); ok {
		toxic = t.index
	}
	if inside := list[i].toxics(); toxic >= 0 && toxic < len(inside) {
		offset += inside[toxic].offset
	}
	e := &ListError{Err: err}
	e.Line, e.Col = lineAndColumn(body, offset)
	return e
}

// A toxicError is about one toxic of a proxy's list of them.
type toxicError struct {
	index int
	error
}

func (e toxicError) Unwrap() error { return e.error }

// An element is a value in a JSON text that was decoded before, and where it is.
type element struct {
	offset int
	text   json.RawMessage
}

// elements are those of a list; none where the text is no list.
func elements(text []byte) []element {
	d := json.NewDecoder(bytes.NewReader(text))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return nil
	}
	var list []element
	for d.More() {
		e, err := next(d)
		if err != nil {
			return nil
		}
		list = append(list, e)
	}
	return list
}

// next reads the next value.
func next(d *json.Decoder) (e element, err error) {
	err = d.Decode(&e.text)
	e.offset = int(d.InputOffset()) - len(e.text)
	return e, err
}

// toxics are those in an element that is a proxy, with their offsets in it.
func (e element) toxics() []element {
	d := json.NewDecoder(bytes.NewReader(e.text))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return nil
	}
	for d.More() {
		key, errKey := d.Token()
		value, err := next(d)
		if errors.Join(errKey, err) != nil {
			return nil
		}
		if name, ok := key.(string); ok && strings.EqualFold(name, "toxics") {
			list := elements(value.text)
			for i := range list {
				list[i].offset += value.offset
			}
			return list
		}
	}
	return nil
}

// placeOf returns where in a body its decoder has found an error.
func placeOf(body []byte, err error) (line, col int) {
	offset := int64(1)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = e.Offset
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = e.Offset
	}
	return lineAndColumn(body, int(offset-1))
}

// lineAndColumn is the place of an offset.
func lineAndColumn(body []byte, offset int) (line, col int) {
	before := body[:min(max(offset, 0), len(body))]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// errBody is the error of a body that is not what it should be.
func errBody(err error) error {
	return &apiError{"bad request body: " + describeJSON(err), http.StatusBadRequest}
}

// describeJSON says what is wrong with a JSON text in the words of JSON: the types of
// this program mean nothing to those who wrote it.
func describeJSON(err error) string {
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return err.Error()
	}
	what := "this"
	if e.Field != "" {
		what = e.Field
	}
	if number, ok := strings.CutPrefix(e.Value, "number "); ok {
		return fmt.Sprintf("%s cannot be %s", what, number)
	}
	return fmt.Sprintf("%s must be %s, got %s", what, kindInJSON(e.Type), article(e.Value))
}

func kindInJSON(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Pointer:
		return kindInJSON(t.Elem())
	}
	return "a number"
}

// article puts an article before what encoding/json calls a value.
func article(value string) string {
	switch value {
	case "object":
		return "an object"
	case "array":
		return "a list"
	case "bool":
		return "a truth value"
	}
	return "a " + value
}
