// Package rows reads the rows of a data file, such as the users that journeys log in
// as, and lends each of them to one borrower at a time.
package rows

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments/redact"
)

// What a data file may be at most. All of it is held in memory.
const (
	MaxBytes   = 64 << 20 // 64 MiB
	MaxRows    = 1_000_000
	MaxColumns = 1_000
	MaxRecord  = 1 << 20    // bytes of one row or header, as it is written
	MaxCells   = 10_000_000 // rows times columns: a cell takes more memory than the file has for it
)

// A Table holds the rows of a data file. It does not change, so that it may be used by
// several goroutines.
type Table struct {
	columns []string
	digest  string
	cells   []string // row after row
	literal []bool   // of cells, that are JSON and no text; nil: none is
	secret  []int    // columns whose names say that their values are secrets

	once    sync.Once
	secrets map[string]struct{} // every value of these columns
}

// An Error is what is wrong with a data file. Its text quotes no value, which may be a
// secret.
type Error struct {
	File string // as it was named
	Line int    // 0: the whole file
	Msg  string
	Hint string // what to write instead, where that is known
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Msg
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
}

// Read reads a file of at most [MaxBytes]. The end of its name says how it
// is written, see [Parse]. name is what an error calls it. The error is an *[Error].
func Read(file, name string) (*Table, error) {
	wrong := func(format string, args ...any) error { return &Error{File: name, Msg: fmt.Sprintf(format, args...)} }
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, wrong("the file does not exist")
	case err != nil:
		return nil, wrong("%v", cause(err))
	case !info.Mode().IsRegular():
		return nil, wrong("this is not a file")
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, wrong("%v", cause(err))
	}
	defer func() { _ = f.Close() }() // nothing was written
	text, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	switch {
	case err != nil:
		return nil, wrong("%v", cause(err))
	case len(text) > MaxBytes:
		return nil, wrong("a data file has at most %d MiB", MaxBytes>>20)
	}
	return Parse(name, text)
}

// cause is an error without the path, which a message names already.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Parse reads the text of a data file: CSV with a header line (.csv), or one JSON object
// a line (.jsonl, .ndjson), all with the same names. It has at most [MaxRows],
// [MaxColumns] and [MaxCells], each row within [MaxRecord]. The error is an *[Error].
func Parse(name string, text []byte) (*Table, error) {
	sum := sha256.Sum256(text)
	t := &Table{digest: "sha256:" + hex.EncodeToString(sum[:8])}
	text, wrong := plainText(text)
	if wrong != nil {
		wrong.File = name
		return nil, wrong
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		wrong = t.parseCSV(text)
	case ".jsonl", ".ndjson":
		wrong = t.parseLines(text)
	default:
		wrong = &Error{Msg: "a data file is CSV or JSON lines", Hint: "name it .csv, .jsonl or .ndjson"}
	}
	switch {
	case wrong != nil:
	case len(t.columns) == 0:
		wrong = &Error{Msg: "the file is empty: a header line and rows are needed"}
	case t.Len() == 0:
		wrong = &Error{Msg: "the file has a header and no rows"}
	}
	if wrong != nil {
		wrong.File = name
		return nil, wrong
	}
	for i, c := range t.columns {
		if redact.SecretName(c) {
			t.secret = append(t.secret, i)
		}
	}
	return t, nil
}

// plainText returns UTF-8 text without its byte order mark, or what else it is.
func plainText(text []byte) ([]byte, *Error) {
	if bytes.HasPrefix(text, []byte{0xff, 0xfe}) || bytes.HasPrefix(text, []byte{0xfe, 0xff}) {
		return nil, &Error{Msg: "the file is UTF-16", Hint: "save it as UTF-8"}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if !utf8.Valid(text) {
		at := 0
		for r, size := utf8.DecodeRune(text); r != utf8.RuneError || size > 1; r, size = utf8.DecodeRune(text[at:]) {
			at += size
		}
		return nil, &Error{Line: lineAt(text, at), Msg: "this is not UTF-8 text", Hint: "save the file as UTF-8"}
	}
	if at := bytes.IndexByte(text, 0); at >= 0 {
		return nil, &Error{Line: lineAt(text, at), Msg: "a NUL byte: this is not text"}
	}
	return text, nil
}

func lineAt(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

// checkColumns finds what is wrong with the names of the columns.
func checkColumns(columns []string) *Error {
	if len(columns) > MaxColumns {
		return &Error{Msg: fmt.Sprintf("%d columns: a data file has at most %d", len(columns), MaxColumns)}
	}
	seen := map[string]bool{}
	for i, c := range columns {
		switch {
		case strings.TrimSpace(c) == "":
			return &Error{Msg: fmt.Sprintf("column %d has no name", i+1), Hint: "the first line names the columns, such as email,password"}
		case strings.TrimSpace(c) != c:
			return &Error{Msg: fmt.Sprintf("the name %.60q has a space beside it", c), Hint: "write the names without spaces: email,password"}
		case strings.ContainsAny(c, "{}|\r\n"):
			return &Error{Msg: fmt.Sprintf("the name %.60q cannot be used in ${data...}", c), Hint: "name columns without { } | and line breaks"}
		case seen[c]:
			return &Error{Msg: fmt.Sprintf("two columns are named %.60q", c)}
		}
		seen[c] = true
	}
	return nil
}

// Len returns how many rows there are.
func (t *Table) Len() int {
	if len(t.columns) == 0 {
		return 0
	}
	return len(t.cells) / len(t.columns)
}

// Digest returns a fingerprint of the file: sha256: and 16 hexadecimal digits.
func (t *Table) Digest() string { return t.digest }

// Columns returns the names of the columns: of CSV in the order of the file, of JSON
// lines sorted.
func (t *Table) Columns() []string { return slices.Clone(t.columns) }

// Column returns the index of a column; -1 if there is none of this name.
func (t *Table) Column(name string) int { return slices.Index(t.columns, name) }

// Value returns the value of a column of a row: a string, or, from JSON lines, any
// decoded JSON value with numbers as json.Number.
func (t *Table) Value(row, column int) any {
	at := row*len(t.columns) + column
	if t.literal == nil || !t.literal[at] {
		return t.cells[at]
	}
	d := json.NewDecoder(strings.NewReader(t.cells[at]))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil { // impossible: it was decoded before
		return nil
	}
	return v
}

// Secrets returns the values of a row whose columns say that they are secrets, as they
// are written.
func (t *Table) Secrets(row int) []string {
	list := make([]string, 0, len(t.secret))
	for _, c := range t.secret {
		at := row*len(t.columns) + c
		if word := t.cells[at]; t.literal == nil || !t.literal[at] || word != "null" && word != "true" && word != "false" {
			list = append(list, word)
		}
	}
	return list
}

// Mask hides the parts of a path or a query that are a secret of any row.
func (t *Table) Mask(text string) string {
	if len(t.secret) == 0 {
		return text
	}
	t.once.Do(t.collectSecrets)
	var b strings.Builder
	for len(text) > 0 {
		n := strings.IndexAny(text, separators)
		part, rest := text, ""
		if n >= 0 {
			part, rest = text[:n], text[n:n+1]
		}
		if t.isSecret(part) {
			part = redact.Hidden
		}
		b.WriteString(part + rest)
		text = text[min(len(text), n+1):]
		if n < 0 {
			break
		}
	}
	return b.String()
}

// separators are between the parts of a line such as GET /users/7?token=x.
const separators = " /?&=;,"

func (t *Table) collectSecrets() {
	t.secrets = map[string]struct{}{}
	for row := range t.Len() {
		for _, value := range t.Secrets(row) {
			if len(value) >= minSecret {
				t.secrets[value] = struct{}{}
			}
		}
	}
}

// minSecret is the length in bytes from which on a part of a path is taken for a secret:
// shorter ones are in most paths by chance.
const minSecret = 3
