package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"

	"github.com/blastgauge/blastgauge/experiments/result"
)

// writeJSON writes the result as it is, indented for diffs.
func writeJSON(w io.Writer, r *result.Result) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("indent result: %w", err)
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}

// encode gives JSON that is inert wherever it is put: <, > and & are escaped,
// so it can stand inside a page, and so are characters that reorder or hide
// text.
func encode(r any) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var b bytes.Buffer
	b.Grow(len(text))
	for _, c := range string(text) {
		switch {
		case !unsafeRune(c):
			b.WriteRune(c)
		case c <= 0xffff: // only ever inside a string: outside them JSON is ASCII
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.Bytes(), nil
}

// unsafeRune tells whether a character changes how others are shown: controls,
// which move a terminal's cursor, the bidirectional ones, which make text read
// as something else, and what is no character at all.
func unsafeRune(c rune) bool {
	return unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control, unicode.Noncharacter_Code_Point) || c == '\u2028' || c == '\u2029'
}
