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
	source := &bounded{text: text}
	r := csv.NewReader(source)
	r.ReuseRecord = true // a row is copied into the cells
	header, err := source.next(r)
	if errors.Is(err, io.EOF) {
		return nil // Parse says that it is empty
	}
	if err != nil {
		return source.wrong(err)
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
	t.columns = slices.Clone(header)
	for {
		row, err := source.next(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ = r.FieldPos(0)
			return &Error{Line: line, Msg: fmt.Sprintf("%s, and the header names %s", count(len(row), "value"), count(len(t.columns), "column")),
				Hint: "put a value that holds a comma into quotes"}
		}
		if err != nil {
			return source.wrong(err)
		}
		if wrong := t.full(); wrong != nil {
			wrong.Line, _ = r.FieldPos(0)
			return wrong
		}
		t.cells = append(t.cells, row...)
	}
}

// full says why there is no room for another row; nil where there is.
func (t *Table) full() *Error {
	switch {
	case t.Len() == MaxRows:
		return &Error{Msg: fmt.Sprintf("a data file has at most %d rows", MaxRows)}
	case len(t.cells)+len(t.columns) > MaxCells:
		return &Error{Msg: fmt.Sprintf("a data file has at most %d values, rows times columns", MaxCells), Hint: "leave out columns that no journey uses"}
	}
	return nil
}

// bounded gives a csv.Reader no more of a text than one record may have, because it
// holds all values of a record before anybody can count them.
type bounded struct {
	text  []byte
	at    int // what has been given
	begun int // where the record begins that is read
}

var errLongRecord = errors.New("the record is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.at == len(b.text) {
		return 0, io.EOF
	}
	given := b.text[b.at:min(len(b.text), b.begun+MaxRecord+len("\r\n"))]
	if len(given) == 0 {
		return 0, errLongRecord
	}
	n := copy(p, given)
	b.at += n
	return n, nil
}

// next reads the next record.
func (b *bounded) next(r *csv.Reader) ([]string, error) {
	b.begun = int(r.InputOffset())
	for b.begun < len(b.text) && (b.text[b.begun] == '\n' || b.text[b.begun] == '\r') { // the reader passes empty lines over
		b.begun++
	}
	record, err := r.Read()
	if len(bytes.TrimRight(b.text[b.begun:max(b.begun, int(r.InputOffset()))], "\r\n")) > MaxRecord {
		return nil, errLongRecord
	}
	return record, err
}

// wrong is what an error of next says.
func (b *bounded) wrong(err error) *Error {
	if !errors.Is(err, errLongRecord) {
		return csvError(err)
	}
	wrong := longRecord()
	wrong.Line, wrong.Hint = lineAt(b.text, b.begun), "is there a quote that is left open?"
	return wrong
}

func longRecord() *Error {
	return &Error{Msg: fmt.Sprintf("a row has at most %d MiB", MaxRecord>>20)}
}

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
		wrong := t.full()
		switch {
		case wrong != nil:
		case len(raw) > MaxRecord:
			wrong = longRecord()
		default:
			wrong = t.addLine(raw)
		}
		if wrong != nil {
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
