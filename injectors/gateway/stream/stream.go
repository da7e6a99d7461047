// Package stream passes bytes from one side of a connection to the other for those
// who look at them on the way.
package stream

import (
	"errors"
	"fmt"
	"io"
)

// Sizes of buffers. Connections that idle hold the small one; the first read that
// fills it says that there is bulk. What has to be seen as a whole may make a
// buffer grow up to a limit of the caller's.
const (
	smallSize = 4 << 10
	bulkSize  = 32 << 10
)

// ErrTooLarge is a message that is longer than its reader wants to see.
var ErrTooLarge = errors.New("a message is too large to be looked at")

// ErrSink is why a stream ends whose bytes nobody takes any more.
var ErrSink = errors.New("nothing more can be written")

// ErrLast is why requests end when the client has been told the last word.
var ErrLast = errors.New("the client has been told the last word")

// A Stream moves bytes in one direction. What has been read is looked at, then
// kept or dropped, and written in one piece, at the latest before the next read.
type Stream struct {
	src io.Reader
	dst io.Writer

	buf              []byte
	start, next, end int    // buf[start:next] is kept, buf[next:end] is to be looked at
	out              []byte // to be written before what is kept
	failed           error  // of a write: nothing is read or written after it
}

// New moves bytes from src to dst.
func New(src io.Reader, dst io.Writer) *Stream {
	return &Stream{src: src, dst: dst, buf: make([]byte, smallSize)}
}

// Ahead is what has been read and neither kept nor dropped. It is good until the
// next Fill.
func (s *Stream) Ahead() []byte { return s.buf[s.next:s.end] }

// Keep passes the next n bytes on.
func (s *Stream) Keep(n int) { s.next += n }

// Drop leaves the next n bytes out.
func (s *Stream) Drop(n int) {
	s.stash()
	s.next += n
	s.start = s.next
}

// Put inserts bytes of ours behind what is kept so far.
func (s *Stream) Put(p []byte) {
	s.stash()
	s.out = append(s.out, p...)
}

// stash moves what is kept to out, where more can follow it.
func (s *Stream) stash() {
	s.out = append(s.out, s.buf[s.start:s.next]...)
	s.start = s.next
}

// Take keeps or drops the next n bytes, also those that are still to be read.
func (s *Stream) Take(n int, keep bool) error {
	for {
		part := min(n, s.end-s.next)
		if keep {
			s.Keep(part)
		} else {
			s.Drop(part)
		}
		if n -= part; n == 0 {
			return nil
		}
		if err := s.Fill(); err != nil {
			return err
		}
	}
}

// Flush writes what is kept.
func (s *Stream) Flush() error {
	if s.failed != nil {
		return s.failed
	}
	p := s.buf[s.start:s.next]
	if len(s.out) > 0 {
		p = append(s.out, p...)
		s.out = p[:0]
	}
	s.start = s.next
	if cap(s.out) > bulkSize {
		s.out = nil
	}
	if len(p) == 0 {
		return nil
	}
	if _, err := s.dst.Write(p); err != nil {
		s.failed = fmt.Errorf("%w: %w", ErrSink, err)
	}
	return s.failed
}

// Fill writes what is kept, and reads more behind what is ahead.
func (s *Stream) Fill() error { return s.FillUpTo(bulkSize) }

// FillUpTo is Fill for what may be as long as limit.
func (s *Stream) FillUpTo(limit int) error {
	if err := s.Flush(); err != nil {
		return err
	}
	if s.next > 0 {
		s.end = copy(s.buf, s.buf[s.next:s.end])
		s.start, s.next = 0, 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= limit {
			return ErrTooLarge
		}
		s.grow(min(2*len(s.buf), max(limit, bulkSize)))
	}
	n, err := s.src.Read(s.buf[s.end:])
	s.end += n
	if n > 0 {
		err = nil // it comes again
	}
	switch {
	case s.end == len(s.buf) && len(s.buf) < bulkSize:
		s.grow(bulkSize)
	case s.end <= bulkSize && len(s.buf) > bulkSize:
		s.grow(bulkSize)
	}
	return err
}

// grow gives the buffer another size, which may be smaller.
func (s *Stream) grow(size int) {
	buf := make([]byte, size)
	copy(buf, s.buf[:s.end])
	s.buf = buf
}

// Rest passes on all that comes, unseen, until an error says how the source ended.
func (s *Stream) Rest() error {
	for {
		s.Keep(len(s.Ahead()))
		if err := s.Fill(); err != nil {
			return err
		}
	}
}
