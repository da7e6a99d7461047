package har

import (
	"bufio"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// utf8Text returns a file's text in UTF-8, without a byte order mark. JSON begins with
// two characters of ASCII, so UTF-16 is known by its zero bytes, too. wrong says what
// else a file is.
func utf8Text(from io.Reader) (_ io.Reader, wrong string) {
	r := bufio.NewReader(from)
	head := []byte("    ")
	begin, _ := r.Peek(len(head)) // a shorter file has no more
	copy(head, begin)
	switch a, b, c, d := head[0], head[1], head[2], head[3]; {
	case a == 0xef && b == 0xbb && c == 0xbf:
		_, _ = r.Discard(3)
		return r, ""
	case a == 0xff && b == 0xfe && c == 0 && d == 0, a == 0 && b == 0 && c == 0xfe && d == 0xff, a != 0 && b == 0 && c == 0 && d == 0, a == 0 && b == 0 && c == 0:
		return nil, "the file is UTF-32 text"
	case a == 0xff && b == 0xfe:
		_, _ = r.Discard(2)
		return &utf16Reader{from: r, high: 1}, ""
	case a == 0xfe && b == 0xff:
		_, _ = r.Discard(2)
		return &utf16Reader{from: r, high: 0}, ""
	case a != 0 && b == 0 && d == 0:
		return &utf16Reader{from: r, high: 1}, ""
	case a == 0 && b != 0 && c == 0:
		return &utf16Reader{from: r, high: 0}, ""
	}
	return r, ""
}

// A utf16Reader reads UTF-16 as UTF-8.
type utf16Reader struct {
	from *bufio.Reader
	high int    // which byte of a unit is its high one
	text []byte // decoded, not read yet
	next rune   // a unit that was read already, where held is set
	held bool
}

func (r *utf16Reader) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(r.text) == 0 {
			c, err := r.rune()
			if err != nil {
				if n > 0 {
					return n, nil
				}
				return 0, err
			}
			r.text = utf8.AppendRune(r.text[:0], c)
		}
		done := copy(p[n:], r.text)
		r.text = r.text[done:]
		n += done
	}
	return n, nil
}

// rune reads one character. Half a pair is U+FFFD.
func (r *utf16Reader) rune() (rune, error) {
	c, err := r.unit()
	if err != nil || !utf16.IsSurrogate(c) {
		return c, err
	}
	second, err := r.unit()
	if err != nil {
		return utf8.RuneError, nil //nolint:nilerr // the next read meets the end again
	}
	both := utf16.DecodeRune(c, second)
	if both == utf8.RuneError {
		r.next, r.held = second, true
	}
	return both, nil
}

// unit reads 16 bits.
func (r *utf16Reader) unit() (rune, error) {
	if r.held {
		r.held = false
		return r.next, nil
	}
	var b [2]byte
	if _, err := io.ReadFull(r.from, b[:]); err != nil {
		return 0, err
	}
	return rune(b[r.high])<<8 | rune(b[1-r.high]), nil
}
