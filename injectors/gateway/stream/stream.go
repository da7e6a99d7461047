// Package stream moves the bytes of a connection from one side to the other, with a
// look at what is ahead, and ends connections in the ways in which they can end.
package stream

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// Sizes of buffers. Connections that idle hold a small one; the first read that fills
// it says that there is bulk, and borrows a large one. What has to be seen as a whole
// may make a buffer grow further, up to a limit of the caller's.
const (
	smallSize = 4 << 10
	// BulkSize is the size of a large buffer: what is never longer fits into one.
	BulkSize = 64 << 10
)

// ErrTooLarge is a message that is longer than its reader wants to see.
var ErrTooLarge = errors.New("a message is too large to be looked at")

// ErrSink means that the receiving side of a stream is closed.
var ErrSink = errors.New("nothing more can be written")

// ErrLast is why requests end when the client has been told the last word.
var ErrLast = errors.New("the client has been told the last word")

// Buffers are large buffers that streams share. The zero value is ready to use.
type Buffers struct{ pool sync.Pool }

func (b *Buffers) borrow() *[BulkSize]byte {
	if large, ok := b.pool.Get().(*[BulkSize]byte); ok {
		return large
	}
	return new([BulkSize]byte)
}

// A Stream moves bytes in one direction. What has been read is looked at, then kept or
// dropped, and written in one piece, at the latest before the next read.
//
// After a write has failed nothing more is written. Nothing more is read either, and
// the error of every call is [ErrSink], unless the stream is told to read on.
type Stream struct {
	src     io.Reader
	dst     io.Writer
	buffers *Buffers

	small []byte
	large *[BulkSize]byte // not nil: buf is this one's

	buf              []byte
	start, next, end int    // buf[start:next] is kept, buf[next:end] is to be looked at
	out              []byte // to be written before what is kept
	failed           error  // of a write
	readsOn          bool
}

// New returns a stream that moves bytes from src to dst. Without buffers to share it has
// its own.
func New(src io.Reader, dst io.Writer, buffers *Buffers) *Stream {
	if buffers == nil {
		buffers = &Buffers{}
	}
	small := make([]byte, smallSize)
	return &Stream{src: src, dst: dst, buffers: buffers, small: small, buf: small}
}

// ReadOn makes the stream read on after a write has failed: what comes is kept or
// dropped as before, and not written.
func (s *Stream) ReadOn() { s.readsOn = true }

// Ahead returns what has been read and neither kept nor dropped. It is good until the
// next read.
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
func (s *Stream) Take(n int64, keep bool) error {
	for {
		part := int(min(n, int64(s.end-s.next)))
		if keep {
			s.Keep(part)
		} else {
			s.Drop(part)
		}
		if n -= int64(part); n == 0 {
			return nil
		}
		if err := s.Fill(); err != nil {
			return err
		}
	}
}

// Rest passes on all that comes, unseen, until an error says how the source ended.
func (s *Stream) Rest() error {
	for {
		s.Keep(s.end - s.next)
		if err := s.Fill(); err != nil {
			return err
		}
	}
}

// Redirect sends what is kept from now on to another writer. What is kept already goes
// to the one before.
func (s *Stream) Redirect(dst io.Writer) error {
	err := s.Flush()
	s.dst = dst
	return err
}

// Flush writes what is kept.
func (s *Stream) Flush() error {
	p := s.buf[s.start:s.next]
	s.start = s.next
	if s.failed != nil {
		return s.failed
	}
	if len(s.out) > 0 {
		p = append(s.out, p...)
		s.out = p[:0]
		if cap(p) > BulkSize {
			s.out = nil
		}
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
func (s *Stream) Fill() error { return s.FillUpTo(BulkSize) }

// FillUpTo is Fill for what may be as long as limit.
func (s *Stream) FillUpTo(limit int) error {
	if err := s.Flush(); err != nil && !s.readsOn {
		return err
	}
	switch ahead := s.end - s.next; {
	case len(s.buf) > BulkSize && ahead <= smallSize:
		s.resize(BulkSize)
	case ahead == 0:
		s.start, s.next, s.end = 0, 0, 0
	}
	if s.end == len(s.buf) && !s.makeRoom(limit) {
		return ErrTooLarge
	}
	if err := s.read(); err != nil {
		return err
	}
	if s.end == len(s.buf) && len(s.buf) < BulkSize {
		s.resize(BulkSize) // there is more where this came from
	}
	return nil
}

// read reads once, and again where that gave nothing. An error that comes with bytes
// comes again.
func (s *Stream) read() error {
	const tries = 100
	for range tries {
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// makeRoom makes room behind what is ahead. It is false where that would take more than
// limit. Nothing is kept when it is called.
func (s *Stream) makeRoom(limit int) bool {
	switch {
	case len(s.buf) < BulkSize:
		s.resize(BulkSize)
	case s.next > 0:
		s.end = copy(s.buf, s.buf[s.next:s.end])
		s.start, s.next = 0, 0
	case len(s.buf) >= limit:
		return false
	default:
		s.resize(min(2*len(s.buf), limit))
	}
	return true
}

// resize moves what is ahead to a buffer of another size: a large one, or a longer
// one. Nothing is kept when it is called.
func (s *Stream) resize(size int) {
	var large *[BulkSize]byte
	var buf []byte
	if size <= BulkSize {
		large = s.buffers.borrow()
		buf = large[:]
	} else {
		buf = make([]byte, size)
	}
	s.end = copy(buf, s.buf[s.next:s.end])
	s.start, s.next = 0, 0
	s.giveBack()
	s.large, s.buf = large, buf
}

// Settle is called between messages: it writes what is kept, and gives a large buffer
// back if nothing is ahead.
func (s *Stream) Settle() error {
	err := s.Flush()
	if s.next == s.end && len(s.buf) != len(s.small) {
		s.giveBack()
		s.buf, s.start, s.next, s.end = s.small, 0, 0, 0
	}
	return err
}

// Release gives buffers back. The stream is over.
func (s *Stream) Release() {
	s.giveBack()
	s.small, s.buf, s.out, s.start, s.next, s.end = nil, nil, nil, 0, 0, 0
}

func (s *Stream) giveBack() {
	if s.large != nil {
		s.buffers.pool.Put(s.large)
		s.large = nil
	}
}
