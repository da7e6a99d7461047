package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"

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
func encode(r *result.Result) ([]byte, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	var b bytes.Buffer
	b.Grow(len(text))
	for _, c := range string(text) {
		if unsafeRune(c) && c <= 0xffff {
			fmt.Fprintf(&b, `\u%04x`, c) // only ever inside a string: outside them JSON is ASCII
			continue
		}
		b.WriteRune(c)
	}
	return b.Bytes(), nil
}

// unsafeRune tells whether a character changes how others are shown: controls,
// which move a terminal's cursor, and the bidirectional ones, which make text
// read as something else.
func unsafeRune(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029'
}
