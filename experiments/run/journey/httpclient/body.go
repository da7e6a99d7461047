package httpclient

import (
	"bufio"
	"errors"
	"io"
	"net/http"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

const (
	firstBuffer = 4 << 10  // bytes
	keptBuffer  = 16 << 10 // bytes of a buffer that is kept for the next answer
)

// A buffer is a body as far as it has arrived. It is never much larger than that:
// what a length announces may never come.
type buffer struct {
	data    []byte
	bounds  jsonpath.Bounds
	charged int // of its capacity, that the bounds hold
}

// start empties the buffer.
func (b *buffer) start(bounds jsonpath.Bounds) {
	if cap(b.data) > keptBuffer {
		b.data = nil
	}
	b.data, b.bounds, b.charged = b.data[:0], bounds, 0
}

// forget lets go of a large buffer.
func (b *buffer) forget() {
	if cap(b.data) > keptBuffer {
		b.data = nil
	}
	b.bounds = nil
}

// release gives back what the bounds hold, and empties the buffer.
func (b *buffer) release() {
	b.bounds.Release(b.charged)
	b.start(b.bounds)
}

// grow makes room for at least one more byte, and for no more than limit bytes
// altogether.
func (b *buffer) grow(limit int) error {
	size := min(max(firstBuffer, 2*cap(b.data)), limit)
	if err := b.bounds.Hold(size); err != nil {
		return boundsError{err}
	}
	b.data = append(make([]byte, 0, size), b.data...)
	b.bounds.Release(b.charged)
	b.charged = size
	return nil
}

// readFrom appends what a reader brings to its end, up to most bytes altogether.
func (b *buffer) readFrom(r io.Reader, most int) error {
	for {
		if err := b.room(most + 1); err != nil { // the last byte is one too many
			return err
		}
		n, err := r.Read(b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		switch {
		case len(b.data) > most:
			return ErrTooLarge
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// readExactly appends a number of bytes, and reads nothing more.
func (b *buffer) readExactly(r io.Reader, n int) error {
	for len(b.data) < n {
		if err := b.room(n); err != nil {
			return err
		}
		got, err := r.Read(b.data[len(b.data):min(cap(b.data), n)])
		b.data = b.data[:len(b.data)+got]
		if err != nil && len(b.data) < n {
			return unexpected(err)
		}
	}
	return nil
}

// room makes room for at least one more byte, where there may be as many as limit
// altogether.
func (b *buffer) room(limit int) error {
	if len(b.data) < cap(b.data) {
		return nil
	}
	return b.grow(limit)
}

// Write appends what a decoder makes of a body.
func (b *buffer) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > maxBody {
		return 0, ErrTooLarge
	}
	for cap(b.data)-len(b.data) < len(p) {
		if err := b.grow(maxBody); err != nil {
			return 0, err
		}
	}
	b.data = append(b.data, p...)
	return len(p), nil
}

// read reads an answer to a request with a method, with its content codings. It reports
// whether the answer has an end of its own; otherwise the connection ends with it.
func (r *Response) read(in *bufio.Reader, method string, bounds jsonpath.Bounds) (ends bool, err error) {
	r.text.known = false
	if err := r.head.readAnswer(in, bounds); err != nil {
		return false, err
	}
	r.Status, r.Headers = r.head.status, nil
	return r.readBody(in, method, bounds)
}

// readBody reads the body of an answer whose head has been read. The errors of reading
// come as they are.
func (r *Response) readBody(in *bufio.Reader, method string, bounds jsonpath.Bounds) (ends bool, err error) {
	r.raw.start(bounds)
	r.Body = nil
	switch {
	case method == http.MethodHead || r.head.bodiless():
		ends = true
	case r.head.chunked:
		r.chunks = chunkedReader{in: in}
		ends, err = true, r.raw.readFrom(&r.chunks, maxBody)
		r.chunks.in = nil
	case r.head.length > maxBody:
		err = ErrTooLarge
	case r.head.length != unknown:
		ends, err = true, r.raw.readExactly(in, r.head.length)
	default:
		// Many servers close a connection without the farewell of TLS.
		if err = r.raw.readFrom(in, maxBody); errors.Is(err, io.ErrUnexpectedEOF) {
			err = nil
		}
	}
	r.Body = r.raw.data
	return ends, err
}

// Forget lets go of what a large answer holds.
func (r *Response) Forget() {
	r.head.forget()
	r.raw.forget()
	r.plain.forget()
	r.text.forget()
	r.Body = nil
}

// Kept returns how many bytes the largest buffer takes that is kept for the next answer.
func (r *Response) Kept() int {
	return max(cap(r.head.fields), cap(r.raw.data), cap(r.plain.data), cap(r.text.buffer.data))
}
