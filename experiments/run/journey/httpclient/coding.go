package httpclient

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

const (
	maxCodings   = 5        // in a row, as in curl
	brotliWindow = 16 << 20 // bytes that a decoder may take, by what an answer announces
	zstdWindow   = 8 << 20
)

var errCodings = errors.New("it has more than 5 content codings")

// decoders are those of a client that are used again and again.
type decoders struct {
	gzip sync.Pool // of *gzip.Reader
}

// uncompress undoes the content codings of the body, the last first. One that is not
// known ends that: the body stays as it is then.
func (r *Response) uncompress(d *decoders, bounds jsonpath.Bounds) error {
	r.Coding = ""
	if !r.head.coded || len(r.Body) == 0 {
		return nil
	}
	codings := contentCodings(r.Header("Content-Encoding"))
	if len(codings) > maxCodings {
		return fmt.Errorf("%w: %w", ErrUncompressing, errCodings)
	}
	for i := len(codings) - 1; i >= 0 && len(r.Body) > 0; i-- {
		known, err := r.undo(codings[i], d, bounds)
		if !known {
			r.Coding = strings.Join(codings[:i+1], ", ")
			return nil
		}
		if err != nil {
			return explainCoding(err)
		}
		r.raw, r.plain = r.plain, r.raw
		r.plain.release()
		r.plain.forget()
		r.Body = r.raw.data
	}
	return nil
}

// contentCodings returns the codings that header fields list, in the order in which they
// were applied.
func contentCodings(fields []string) []string {
	var list []string
	for _, field := range fields {
		for one := range strings.SplitSeq(field, ",") {
			if one = strings.ToLower(strings.TrimSpace(one)); one != "" && one != "identity" {
				list = append(list, one)
			}
		}
	}
	return list
}

func explainCoding(err error) error {
	switch {
	case isBound(err):
		return unmarked(err)
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		return ErrTooLarge
	}
	return fmt.Errorf("%w: %w", ErrUncompressing, err)
}

// undo writes the body without a coding into plain. It reports whether the coding is
// known.
func (r *Response) undo(coding string, d *decoders, bounds jsonpath.Bounds) (known bool, err error) {
	r.plain.start(bounds)
	switch coding {
	case "gzip", "x-gzip":
		err = r.plain.gunzip(r.Body, d)
	case "deflate", "x-deflate":
		err = r.plain.inflate(r.Body)
	case "br":
		err = r.plain.unbrotli(r.Body, bounds)
	case "zstd":
		err = r.plain.unzstd(r.Body, bounds)
	default:
		return false, nil
	}
	return true, err
}

var gzipMagic = []byte{0x1f, 0x8b}

// gunzip undoes gzip. Members follow each other; what else follows is padding, which
// browsers skip as well.
func (b *buffer) gunzip(packed []byte, d *decoders) error {
	in := bytes.NewReader(packed)
	r, ok := d.gzip.Get().(*gzip.Reader)
	if !ok {
		r = &gzip.Reader{}
	}
	defer func() {
		_ = r.Reset(bytes.NewReader(nil)) // it lets go of the body, and says that there is no other
		d.gzip.Put(r)
	}()
	for {
		if err := r.Reset(in); err != nil {
			return unexpected(err)
		}
		r.Multistream(false)
		if err := b.readFrom(r, maxBody); err != nil {
			return err
		}
		if rest := packed[len(packed)-in.Len():]; !bytes.HasPrefix(rest, gzipMagic) {
			return nil
		}
	}
}

// inflate undoes deflate, which means zlib's format; some servers send the bare one.
func (b *buffer) inflate(packed []byte) error {
	wrapped, err := zlib.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = b.readFrom(wrapped, maxBody)
	}
	if err == nil || isBound(err) {
		return err
	}
	b.release()
	if bare := b.readFrom(flate.NewReader(bytes.NewReader(packed)), maxBody); bare == nil || isBound(bare) {
		return bare
	}
	return err
}

// isBound reports whether an error says nothing about the format.
func isBound(err error) bool {
	return isA[boundsError](err) || errors.Is(err, ErrTooLarge)
}

// unbrotli undoes br. The bounds hold the decoder's window meanwhile.
func (b *buffer) unbrotli(packed []byte, bounds jsonpath.Bounds) error {
	if err := bounds.Hold(brotliWindow); err != nil {
		return boundsError{err}
	}
	defer bounds.Release(brotliWindow)
	_, err := fasthttp.WriteUnbrotli(b, packed)
	return err
}

// unzstd undoes zstd, whose decoder can only be bounded where it allocates the result.
func (b *buffer) unzstd(packed []byte, bounds jsonpath.Bounds) error {
	const most = zstdWindow + 2*maxBody // the result doubles while it grows
	if err := bounds.Hold(most); err != nil {
		return boundsError{err}
	}
	answer := fasthttp.Response{}
	answer.SetBodyRaw(packed)
	body, err := answer.BodyUnzstdWithLimit(maxBody)
	if err != nil {
		bounds.Release(most)
		return err
	}
	*b = buffer{data: body, bounds: bounds, charged: cap(body)}
	bounds.Release(most - cap(body))
	return nil
}

var _ io.Writer = (*buffer)(nil) // what fasthttp decodes into
