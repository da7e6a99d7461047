package http

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Content codings of documents (RFC 9110, section 8.4.1): those that are read are
// also written, so that a document arrives in the one that it came in.

// maxWindow is how far back zstd may reach on the web (RFC 9659). It also bounds how
// much memory the first bytes of a document can make a decoder allocate.
const maxWindow = 8 << 20

// A coding is how a document is compressed.
type coding struct {
	reader func(io.Reader) (io.ReadCloser, error)
	writer func(io.Writer) io.WriteCloser
}

// codingByName returns a coding; it is false for one that is not known.
func codingByName(name string) (coding, bool) {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "identity":
		return coding{}, true
	case "gzip", "x-gzip":
		return coding{
			func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) },
			func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		}, true
	case "deflate":
		return coding{zlib.NewReader, func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }}, true
	case "br":
		return coding{
			func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(brotli.NewReader(r)), nil },
			func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
		}, true
	case "zstd":
		return coding{zstdReader, zstdWriter}, true
	}
	return coding{}, false
}

func zstdReader(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

func zstdWriter(w io.Writer) io.WriteCloser {
	e, err := zstd.NewWriter(w, zstd.WithWindowSize(maxWindow/8), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // only for options that make no sense, and these never change
	}
	return e
}

// acceptedCodings returns the Accept-Encoding for the dependency of a client that sent
// this one: what can be read here, with the weights that the client gives.
func acceptedCodings(accepted string) string {
	var list []string
	for part := range strings.SplitSeq(accepted, ",") {
		name, _, _ := strings.Cut(part, ";")
		if _, known := codingByName(name); known && strings.TrimSpace(name) != "" {
			list = append(list, strings.TrimSpace(part))
		}
	}
	if len(list) == 0 {
		return "identity"
	}
	return strings.Join(list, ", ")
}

// decode undoes a content coding. A document that would be longer than the limit is
// read no further.
func decode(encoding string, body []byte, limit int64) ([]byte, error) {
	c, ok := codingByName(encoding)
	switch {
	case !ok:
		return nil, errors.New("its content coding is not known: " + printable(encoding))
	case c.reader == nil:
		return body, nil
	}
	var plain []byte
	r, err := c.reader(bytes.NewReader(body))
	if err == nil {
		defer func() { _ = r.Close() }() // it was only read
		plain, err = io.ReadAll(io.LimitReader(r, limit+1))
	}
	switch {
	case err != nil:
		return nil, errors.New("its content coding cannot be undone")
	case int64(len(plain)) > limit:
		return nil, errors.New(tooLong)
	}
	return plain, nil
}

// encode applies a content coding that decode has undone.
func encode(encoding string, plain []byte) []byte {
	c, _ := codingByName(encoding)
	if c.writer == nil {
		return plain
	}
	var b bytes.Buffer
	w := c.writer(&b)
	_, _ = w.Write(plain) // into memory: neither fails
	_ = w.Close()
	return b.Bytes()
}
