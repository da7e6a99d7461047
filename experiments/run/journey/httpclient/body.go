package httpclient

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/valyala/fasthttp"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

const (
	firstBuffer  = 4 << 10  // bytes
	keptBuffer   = 16 << 10 // bytes of a buffer that is kept for the next answer
	brotliWindow = 16 << 20 // bytes that a decoder may take, by what an answer announces
	zstdWindow   = 8 << 20
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

// readFrom reads a body to its end. Of one with an announced length it reads
// nothing more; otherwise announced is negative.
func (b *buffer) readFrom(r io.Reader, announced int) error {
	limit := maxBody + 1 // the last byte is one too many
	if announced >= 0 {
		limit = announced
	}
	for {
		if len(b.data) > maxBody {
			return ErrTooLarge
		}
		if len(b.data) == cap(b.data) && len(b.data) < limit {
			if err := b.grow(limit); err != nil {
				return err
			}
		}
		n, err := r.Read(b.data[len(b.data):min(cap(b.data), limit)])
		b.data = b.data[:len(b.data)+n]
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
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

// readBody reads the body of an answer whose head has been read, and undoes its
// content coding. The errors of reading come as they are.
func (r *Response) readBody(answer *fasthttp.Response, bounds jsonpath.Bounds) error {
	r.raw.start(bounds)
	r.Body = r.raw.data
	stream := answer.BodyStream()
	if stream == nil {
		return nil // an answer to HEAD, for instance
	}
	announced := answer.Header.ContentLength()
	if announced > maxBody {
		return errors.Join(ErrTooLarge, answer.CloseBodyStream())
	}
	err := r.raw.readFrom(stream, announced)
	closed := answer.CloseBodyStream()
	if err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	r.Body = r.raw.data
	return nil
}

// uncompress undoes the content coding of the body.
func (r *Response) uncompress(answer *fasthttp.Response, bounds jsonpath.Bounds) error {
	coding := strings.ToLower(string(answer.Header.ContentEncoding()))
	var err error
	switch coding {
	case "gzip":
		err = r.decode(bounds, fasthttp.WriteGunzip, 0)
	case "deflate":
		err = r.decode(bounds, fasthttp.WriteInflate, 0)
	case "br":
		err = r.decode(bounds, fasthttp.WriteUnbrotli, brotliWindow)
	case "zstd":
		err = r.decodeZstd(answer, bounds)
	default:
		return nil
	}
	switch {
	case err == nil:
		bounds.Release(r.raw.charged)
		r.raw.forget()
		return nil
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return ErrTooLarge
	case errors.Is(err, ErrTooLarge):
		return err
	}
	if ours, ok := errors.AsType[boundsError](err); ok {
		return ours.error
	}
	return fmt.Errorf("%w: %w", ErrUncompressing, err)
}

// decode writes the body through a decoder. The bounds hold the decoder's window
// meanwhile.
func (r *Response) decode(bounds jsonpath.Bounds, decoder func(io.Writer, []byte) (int, error), window int) error {
	if err := bounds.Hold(window); err != nil {
		return boundsError{err}
	}
	defer bounds.Release(window)
	r.plain.start(bounds)
	if _, err := decoder(&r.plain, r.Body); err != nil {
		return err
	}
	r.Body = r.plain.data
	return nil
}

// decodeZstd does the same for a coding whose decoder can only be bounded where it
// allocates the result.
func (r *Response) decodeZstd(answer *fasthttp.Response, bounds jsonpath.Bounds) error {
	const most = zstdWindow + 2*maxBody // the result doubles while it grows
	if err := bounds.Hold(most); err != nil {
		return boundsError{err}
	}
	answer.SetBodyRaw(r.Body)
	body, err := answer.BodyUncompressedWithLimit(maxBody)
	answer.ResetBody()
	if err != nil {
		bounds.Release(most)
		return err
	}
	r.plain = buffer{data: body, charged: cap(body)}
	bounds.Release(most - cap(body))
	r.Body = body
	return nil
}

// Forget lets go of what a large answer holds.
func (r *Response) Forget() {
	r.raw.forget()
	r.plain.forget()
	r.Body = nil
}

// Kept returns how many bytes the largest buffer takes that is kept for the next answer.
func (r *Response) Kept() int { return max(cap(r.raw.data), cap(r.plain.data)) }
