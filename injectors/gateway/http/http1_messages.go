package http

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// maxLine is the longest line in a chunked body.
const maxLine = 4 << 10

// endless is a length that nothing reaches.
const endless = math.MaxInt64

// errLimit is the error of a body that is longer than its reader wants to read.
var errLimit = errors.New("a body is too long")

// A messageStream is a stream of HTTP/1 messages in one direction.
type messageStream struct {
	*stream.Stream
	strict bool // how chunks are read; heads have a word of their own
}

// readHead reads a head up to its end, without keeping it. An io.EOF means that the
// stream ended before it began.
func (s messageStream) readHead(h *head) error {
	h.reset()
	for {
		for h.strict && bytes.HasPrefix(s.Ahead(), []byte("\r\n")) && h.size == 0 {
			s.Drop(2) // left behind by a client of long ago (RFC 9112, 2.2)
		}
		if err := h.feed(s.Ahead()); err != nil || h.whole {
			return err
		}
		begun := len(s.Ahead()) > 0
		if err := s.Fill(); err != nil {
			if begun && errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// pass keeps n bytes, and reads them when they are not there. With endless it ends with
// the stream.
func (s messageStream) pass(n int64) error {
	if n == endless {
		return s.Rest()
	}
	err := s.Take(n, true)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// body keeps a body that is framed as the head says, or fails with errLimit once more
// than limit bytes of it would be kept.
func (s messageStream) body(h *head, limit int64) error {
	switch {
	case h.chunked:
		return s.chunks(limit)
	case h.length > limit:
		return errLimit
	case h.length > 0:
		return s.pass(h.length)
	}
	return nil
}

// chunks keeps a chunked body, with its trailers.
func (s messageStream) chunks(limit int64) error {
	for {
		size, err := s.chunkHead()
		if err != nil {
			return err
		}
		if size == 0 {
			return s.trailers()
		}
		if limit -= size; limit < 0 {
			return errLimit
		}
		if err := s.pass(size); err != nil {
			return err
		}
		if line, err := s.line(); err != nil || len(line) > 0 {
			return cmp.Or(err, error(malformed("a chunk is longer than it says")))
		}
	}
}

// chunkHead keeps the line that begins a chunk.
func (s messageStream) chunkHead() (size int64, err error) {
	line, err := s.line()
	if err != nil {
		return 0, err
	}
	digits := 0
	for ; digits < len(line); digits++ {
		d, ok := hexDigit(line[digits])
		if !ok {
			break
		}
		if digits == 15 {
			return 0, malformed("a chunk is too large")
		}
		size = size<<4 | int64(d)
	}
	rest := line[digits:]
	if !s.strict {
		rest = trim(rest) // some servers pad
	}
	if digits == 0 || len(rest) > 0 && rest[0] != ';' || s.strict && !isFieldValue(rest) {
		return 0, malformed("a chunk has no size")
	}
	return size, nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// trailers keeps the lines behind the last chunk.
func (s messageStream) trailers() error {
	for size := 0; ; {
		line, err := s.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		if size += len(line); size > stream.BulkSize {
			return stream.ErrTooLarge
		}
		if !s.strict {
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) || !isFieldValue(value) {
			return malformed("a trailer is not a header")
		}
	}
}

// line keeps one line, and returns it without its end. It is valid until the next read.
func (s messageStream) line() ([]byte, error) {
	for seen := 0; ; {
		n := bytes.IndexByte(s.Ahead()[seen:], '\n')
		if n >= 0 {
			line := s.Ahead()[:seen+n]
			s.Keep(seen + n + 1)
			if k := len(line) - 1; k >= 0 && line[k] == '\r' {
				return line[:k], nil
			}
			if s.strict {
				return nil, malformed("a line ends without a carriage return")
			}
			return line, nil
		}
		if seen = len(s.Ahead()); seen > maxLine {
			return nil, stream.ErrTooLarge
		}
		if err := s.Fill(); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}
