package redis

import (
	"bytes"
	"errors"
)

// errNotRESP is the error of what is not RESP: it is passed on as it is, and faults do
// not affect what comes after it.
var errNotRESP = errors.New("it is not RESP")

// maxDepth bounds how deep aggregates may be in one another.
const maxDepth = 1 << 10

// A scanner finds where replies end, in RESP2 and RESP3: nested aggregates,
// attributes in front of a reply, and what is streamed without a length. Bytes
// come in pieces of any size. See
// https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md.
type scanner struct {
	left []int64 // elements to come of open aggregates, the innermost last
	at   place
	kind byte
	line number
	skip int64 // bytes to come of a text, its end included
}

// A place is what the next byte belongs to.
type place byte

const (
	inKind place = iota
	inLine
	inText
)

// endless is the length of an aggregate or a text that ends with a mark.
const endless = -1

// idle reports whether the scanner stands between replies.
func (s *scanner) idle() bool { return s.at == inKind && len(s.left) == 0 }

// next goes through b up to the end of a reply, and returns how far it came and whether
// the reply is over.
func (s *scanner) next(b []byte) (n int, over bool, err error) {
	for n < len(b) {
		switch s.at {
		case inKind:
			s.kind, s.line, s.at = b[n], number{}, inLine
			n++
			continue
		case inText:
			part := min(s.skip, int64(len(b)-n))
			s.skip -= part
			if n += int(part); s.skip > 0 {
				return n, false, nil
			}
			over = s.complete()
		case inLine:
			end := bytes.IndexByte(b[n:], '\n')
			if !s.read(b[n:], end) {
				return n, false, errNotRESP
			}
			if end < 0 {
				return len(b), false, nil
			}
			n += end + 1
			if over, err = s.lineEnds(); err != nil {
				return n, false, err
			}
		}
		if over {
			return n, true, nil
		}
	}
	return n, false, nil
}

// read takes in a line, or the part of it that is there. Of those that hold no
// length, nothing is of interest.
func (s *scanner) read(b []byte, end int) bool {
	if bytes.IndexByte([]byte("$!=;*~>%|"), s.kind) < 0 {
		return true
	}
	if end < 0 {
		end = len(b)
	}
	return s.line.read(b[:end])
}

// lineEnds acts on a line, and reports whether the reply is over.
func (s *scanner) lineEnds() (over bool, err error) {
	s.at = inKind
	n, ok := s.line.value()
	switch s.kind {
	case '+', '-', ':', '_', ',', '#', '(':
		return s.complete(), nil
	case '.':
		return s.closes()
	case '$', '!', '=', ';':
		return s.text(n, ok)
	case '*', '~', '>':
		return s.open(n, ok)
	case '%':
		return s.open(twice(n), ok)
	case '|': // the element that it stands in front of is one more
		return s.open(twice(n)+1, ok)
	}
	return false, errNotRESP
}

func twice(n int64) int64 {
	if n > 0 {
		return 2 * n
	}
	return n
}

// text begins a text of n bytes.
func (s *scanner) text(n int64, ok bool) (over bool, err error) {
	switch {
	case !ok && s.kind != ';' && s.line.endless:
		return false, s.push(endless)
	case !ok:
		return false, errNotRESP
	case s.kind == ';' && n == 0:
		return s.closes()
	case n < 0:
		return s.complete(), nil
	}
	s.at, s.skip = inText, n+2
	return false, nil
}

// open begins an aggregate of n elements.
func (s *scanner) open(n int64, ok bool) (over bool, err error) {
	switch {
	case !ok && s.line.endless && s.kind != '|':
		return false, s.push(endless)
	case !ok:
		return false, errNotRESP
	case n <= 0:
		return s.complete(), nil
	}
	return false, s.push(n)
}

func (s *scanner) push(n int64) error {
	if len(s.left) == maxDepth {
		return errNotRESP
	}
	s.left = append(s.left, n)
	return nil
}

// closes ends an aggregate or a text that is endless.
func (s *scanner) closes() (over bool, err error) {
	i := len(s.left) - 1
	if i < 0 || s.left[i] != endless {
		return false, errNotRESP
	}
	s.left = s.left[:i]
	return s.complete(), nil
}

// complete counts an element, and reports whether the reply is over.
func (s *scanner) complete() (over bool) {
	s.at = inKind
	for i := len(s.left) - 1; i >= 0; i-- {
		if s.left[i] == endless {
			return false
		}
		if s.left[i]--; s.left[i] > 0 {
			return false
		}
		s.left = s.left[:i]
	}
	return true
}

// A number is a length as it is read, byte by byte.
type number struct {
	n        int64
	digits   int
	negative bool
	endless  bool // a question mark in place of a number
	ended    bool // by a carriage return
}

// maxDigits keeps lengths far from where they overflow.
const maxDigits = 15

// read takes in bytes; it is false when they make no number.
func (v *number) read(b []byte) bool {
	for _, c := range b {
		switch {
		case v.ended:
			return false
		case c >= '0' && c <= '9' && v.digits < maxDigits && !v.endless:
			v.n = v.n*10 + int64(c-'0')
			v.digits++
		case c == '-' && v.digits == 0 && !v.negative && !v.endless:
			v.negative = true
		case c == '?' && v.digits == 0 && !v.negative && !v.endless:
			v.endless = true
		case c == '\r':
			v.ended = true
		default:
			return false
		}
	}
	return true
}

// value returns the number; it is false when there is none.
func (v *number) value() (int64, bool) {
	if v.digits == 0 || !v.ended {
		return 0, false
	}
	if v.negative {
		return -v.n, true
	}
	return v.n, true
}
