package rows

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// parseCSV reads comma-separated values (RFC 4180) whose first line names the columns.
func (t *Table) parseCSV(text []byte) *Error {
	r := csv.NewReader(bytes.NewReader(text))
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil // Parse says that it is empty
	}
	if err != nil {
		return csvError(err)
	}
	line, _ := r.FieldPos(0)
	if len(header) == 1 {
		for _, other := range []struct{ mark, name string }{{";", "semicolons"}, {"\t", "tabs"}, {"|", "bars"}} {
			if strings.Contains(header[0], other.mark) {
				return &Error{Line: line, Msg: "the columns are separated by " + other.name, Hint: "write commas: " + strings.ReplaceAll(header[0], other.mark, ",")}
			}
		}
	}
	if wrong := checkColumns(header); wrong != nil {
		wrong.Line = line
		return wrong
	}
	t.columns = header
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ = r.FieldPos(0)
			return &Error{Line: line, Msg: fmt.Sprintf("%s, and the header names %s", count(len(row), "value"), count(len(header), "column")),
				Hint: "put a value that holds a comma into quotes"}
		}
		if err != nil {
			return csvError(err)
		}
		if t.Len() == MaxRows {
			return tooMany()
		}
		t.cells = append(t.cells, row...)
	}
}

func tooMany() *Error { return &Error{Msg: fmt.Sprintf("a data file has at most %d rows", MaxRows)} }

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// csvError is a mistake of quotes, the only one there is.
func csvError(err error) *Error {
	e, ok := errors.AsType[*csv.ParseError](err)
	switch {
	case !ok:
		return &Error{Msg: err.Error()}
	case errors.Is(e.Err, csv.ErrBareQuote):
		return &Error{Line: e.Line, Msg: `a quote inside a value without quotes around it`, Hint: `write "a ""quoted"" value"`}
	case errors.Is(e.Err, csv.ErrQuote):
		return &Error{Line: e.StartLine, Msg: "a value in quotes does not end before the next comma or line", Hint: `write a quote inside it twice: "a ""quoted"" value"`}
	}
	return &Error{Line: e.Line, Msg: e.Err.Error()}
}

// parseLines reads one JSON object a line. All have the names of the first.
func (t *Table) parseLines(text []byte) *Error {
	line := 0
	for raw := range bytes.Lines(text) {
		line++
		if raw = bytes.TrimSpace(raw); len(raw) == 0 {
			continue
		}
		if t.columns != nil && t.Len() == MaxRows {
			return tooMany()
		}
		if wrong := t.addLine(raw); wrong != nil {
			wrong.Line = line
			return wrong
		}
	}
	return nil
}

func (t *Table) addLine(raw []byte) *Error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		wrong := &Error{Msg: "this line is not a JSON object", Hint: `write one object a line: {"email": "a@shop.test"}`}
		if raw[0] == '[' {
			wrong.Hint = "write one object a line, without a list around them: jq -c '.[]'"
		}
		return wrong
	}
	if t.columns == nil {
		columns := slices.Sorted(maps.Keys(object))
		if len(columns) == 0 {
			return &Error{Msg: "this object is empty"}
		}
		if wrong := checkColumns(columns); wrong != nil {
			return wrong
		}
		t.columns = columns
	}
	for _, name := range t.columns {
		value, ok := object[name]
		if !ok {
			return &Error{Msg: fmt.Sprintf("%.60q of the first line is missing here", name), Hint: "write null where there is no value"}
		}
		t.addCell(value)
		delete(object, name)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		return &Error{Msg: fmt.Sprintf("%.60q is not in the first line: every line needs the same names", name)}
	}
	return nil
}

func (t *Table) addCell(value json.RawMessage) {
	var text string
	isText := len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil
	if !isText {
		text = string(value)
	}
	if !isText && t.literal == nil {
		t.literal = make([]bool, len(t.cells), cap(t.cells))
	}
	t.cells = append(t.cells, text)
	if t.literal != nil {
		t.literal = append(t.literal, !isText)
	}
}

// isSecret reports whether a part of a path is a secret, as it is or escaped.
func (t *Table) isSecret(part string) bool {
	if _, ok := t.secrets[part]; ok {
		return true
	}
	plain, err := url.QueryUnescape(part)
	if err != nil {
		return false
	}
	_, ok := t.secrets[plain]
	return ok
}
