package proxy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
)

// A ListError says what is wrong with the JSON of a list of proxies, and where. Lines
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

// placeOf returns where in a body its decoder has found an error.
func placeOf(body []byte, err error) (line, col int) {
	offset := int64(1)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = e.Offset
	} else if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = e.Offset
	}
	before := body[:min(max(offset-1, 0), int64(len(body)))]
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
