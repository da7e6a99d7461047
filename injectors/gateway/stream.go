package gateway

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// Sizes of buffers. Connections that idle hold the small one; a message that
// fills it borrows a large one until it is over.
const (
	smallSize = 4 << 10
	bulkSize  = 64 << 10 // also the longest head: longer ones are refused
	maxLine   = 4 << 10  // the longest line in a chunked body
)

// errTooLarge is a head or a line that does not fit.
var errTooLarge = errors.New("a header section or line is too large")

// A stream moves messages from one side to the other in one direction. What is
// read is looked at, accepted, and written in one piece, at the latest before the
// next read.
type byteStream struct {
	src  io.Reader
	dst  io.Writer
	pool *sync.Pool // of *[bulkSize]byte

	buf   []byte
	large *[bulkSize]byte // not nil: buf is this one's, not small's
	small []byte

	start, next, end int // buf[start:next] is accepted, buf[next:end] is to be looked at

	drops  bool  // what is accepted is not written
	failed error // of a write: nothing is written after it
	reads  bool  // also after a failed write
	strict bool  // how chunks are read
}

func newStream(src io.Reader, dst io.Writer, pool *sync.Pool) byteStream {
	small := make([]byte, smallSize)
	return byteStream{src: src, dst: dst, pool: pool, small: small, buf: small}
}

// ahead is what has been read and not yet accepted.
func (s *byteStream) ahead() []byte { return s.buf[s.next:s.end] }

// accept takes the next n bytes for writing.
func (s *byteStream) accept(n int) { s.next += n }

// skip takes the next n bytes out of the stream. Nothing may wait to be written.
func (s *byteStream) skip(n int) { s.next, s.start = s.next+n, s.next+n }

// replace takes the next n bytes out of the stream, and writes others in their
// place.
func (s *byteStream) replace(n int, with []byte) {
	s.flush()
	s.skip(n)
	if s.failed == nil {
		_, s.failed = s.dst.Write(with)
	}
}

// flush writes what is accepted.
func (s *byteStream) flush() error {
	p := s.buf[s.start:s.next]
	s.start = s.next
	if len(p) == 0 || s.drops || s.failed != nil {
		return s.failed
	}
	_, s.failed = s.dst.Write(p)
	return s.failed
}

// settle is called between messages: it writes what is accepted, and gives a
// large buffer back.
func (s *byteStream) settle() error {
	err := s.flush()
	if s.large != nil && s.next == s.end {
		s.pool.Put(s.large)
		s.large, s.buf = nil, s.small
		s.start, s.next, s.end = 0, 0, 0
	}
	return err
}

// fill writes what is accepted, and reads more.
func (s *byteStream) fill() error {
	if err := s.flush(); err != nil && !s.reads {
		return err
	}
	if s.next == s.end {
		s.start, s.next, s.end = 0, 0, 0
	}
	if s.end == len(s.buf) && !s.room() {
		return errTooLarge
	}
	n, err := s.src.Read(s.buf[s.end:])
	s.end += n
	if n > 0 {
		if s.large == nil && s.end == len(s.buf) {
			s.room() // there is more where this came from
		}
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// release gives buffers back. The stream is over.
func (s *byteStream) release() {
	if s.large != nil {
		s.pool.Put(s.large)
		s.large = nil
	}
	s.buf, s.start, s.next, s.end = nil, 0, 0, 0
}

// room makes place behind what was read. It is false when there is none to make.
func (s *byteStream) room() bool {
	if s.large == nil {
		large, ok := s.pool.Get().(*[bulkSize]byte)
		if !ok {
			large = new([bulkSize]byte)
		}
		s.end = copy(large[:], s.buf[s.start:s.end])
		s.next -= s.start
		s.start = 0
		s.large, s.buf = large, large[:]
		return true
	}
	if s.start == 0 {
		return false
	}
	s.end = copy(s.buf, s.buf[s.start:s.end])
	s.next -= s.start
	s.start = 0
	return true
}

// readHead reads a head up to its end, without accepting it. An io.EOF means that
// the stream ended before it began.
func (s *byteStream) readHead(h *head) error {
	h.reset()
	for {
		for h.strict && bytes.HasPrefix(s.ahead(), []byte("\r\n")) && h.size == 0 {
			s.skip(2) // left behind by a client of long ago (RFC 9112, 2.2)
		}
		if err := h.feed(s.ahead()); err != nil || h.whole {
			return err
		}
		begun := s.next < s.end
		if err := s.fill(); err != nil {
			if err == io.EOF && begun {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// endless is a length that nothing reaches.
const endless = int64(1) << 62

// pass accepts n bytes, and reads them when they are not there. With endless it
// ends with the stream.
func (s *byteStream) pass(n int64) error {
	for {
		k := min(n, int64(s.end-s.next))
		s.accept(int(k))
		if n -= k; n == 0 {
			return nil
		}
		if err := s.fill(); err != nil {
			if err == io.EOF && n < endless/2 {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// errLimit means that a body is longer than somebody wants to read.
var errLimit = errors.New("a body is too long")

// body accepts a body that is framed as the head says, or fails with errLimit
// once more than limit bytes of it would be accepted.
func (s *byteStream) body(h *head, limit int64) error {
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

// chunks accepts a chunked body, with its trailers.
func (s *byteStream) chunks(limit int64) error {
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
			return orMalformed(err, "a chunk is longer than it says")
		}
	}
}

func orMalformed(err error, problem malformed) error {
	if err != nil {
		return err
	}
	return problem
}

// chunkHead accepts the line that begins a chunk.
func (s *byteStream) chunkHead() (size int64, err error) {
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

// trailers accepts the lines behind the last chunk.
func (s *byteStream) trailers() error {
	for size := 0; ; {
		line, err := s.line()
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return nil
		}
		if size += len(line); size > bulkSize {
			return errTooLarge
		}
		if !s.strict {
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) || !isFieldValue(value) {
			return malformed("a trailer is no header")
		}
	}
}

// line accepts one line, and gives it without its end. It is valid until the next
// read.
func (s *byteStream) line() ([]byte, error) {
	for seen := 0; ; {
		n := bytes.IndexByte(s.ahead()[seen:], '\n')
		if n >= 0 {
			line := s.ahead()[:seen+n]
			s.accept(seen + n + 1)
			if k := len(line) - 1; k >= 0 && line[k] == '\r' {
				return line[:k], nil
			}
			if s.strict {
				return nil, malformed("a line ends without a carriage return")
			}
			return line, nil
		}
		if seen = s.end - s.next; seen > maxLine {
			return nil, errTooLarge
		}
		if err := s.fill(); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}
