// Package encode writes the formats that programs and forges read: JSON, lines of
// JSON, JUnit, workflow commands and Markdown comments.
//
// The text of a result is somebody else's. Here it becomes inert: it can end no
// command, format nothing, and mention nobody.
package encode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"

	"github.com/blastgauge/blastgauge/experiments/inert"
)

// JSON encodes v so that it is inert wherever it stands, and reads the same. Escapes
// spell <, > and &, so that it can stand inside a page, the characters that reorder
// or hide text, and what the runner of a CI job would obey in its log.
func JSON(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var b bytes.Buffer
	b.Grow(len(text))
	before := rune(0)
	for _, c := range string(text) {
		command := c == '#' && before == '#' // such as ##[error]
		before = c
		switch {
		case !inert.Unsafe(c) && !inert.Joiner(c) && !command:
			b.WriteRune(c)
		case c <= 0xffff: // always inside a string: outside of strings JSON is ASCII
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return b.Bytes(), nil
}

// WriteJSON writes v as one document, indented so that a diff shows what changed.
func WriteJSON(w io.Writer, v any) error {
	text, err := JSON(v)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return fmt.Errorf("indent JSON: %w", err)
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}
