package httpclient

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

var errChunk = errors.New("a chunk of the answer is malformed")

// A chunkedReader reads a body that comes in chunks. It skips extensions and trailers,
// and leaves what follows the body unread.
type chunkedReader struct {
	in      *bufio.Reader
	left    int // of the chunk
	begun   bool
	ended   bool
	trailer int // bytes
}

// Read returns io.EOF after the last chunk and its trailers, and io.ErrUnexpectedEOF
// where the connection ends before.
func (c *chunkedReader) Read(p []byte) (int, error) {
	for c.left == 0 {
		if c.ended {
			return 0, io.EOF
		}
		if err := c.next(); err != nil {
			return 0, unexpected(err)
		}
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, unexpected(err)
}

// unexpected is an error in the middle of something.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// next reads what stands between two chunks.
func (c *chunkedReader) next() error {
	if c.begun {
		if end, err := c.line(); err != nil || len(end) > 0 {
			return orMalformed(err)
		}
	}
	c.begun = true
	line, err := c.line()
	if err != nil {
		return err
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	if c.left, err = parseChunkSize(bytes.Trim(size, " \t")); err != nil || c.left > 0 {
		return err
	}
	c.ended = true
	return c.skipTrailers()
}

func orMalformed(err error) error {
	if err == nil {
		return errChunk
	}
	return err
}

// parseChunkSize parses a hexadecimal number. One that is too large is one more than a
// body may have.
func parseChunkSize(digits []byte) (int, error) {
	if len(digits) == 0 {
		return 0, errChunk
	}
	n := 0
	for _, c := range digits {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, errChunk
		}
		n = min(16*n+int(c), maxBody+1)
	}
	return n, nil
}

// line returns the next line without its end. It is short: it fits in the buffer of the
// connection.
func (c *chunkedReader) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errChunk
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// skipTrailers skips fields up to the empty line that ends the body.
func (c *chunkedReader) skipTrailers() error {
	for {
		line, err := c.in.ReadSlice('\n')
		if c.trailer += len(line); c.trailer > maxHead {
			return ErrHeadTooLarge
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if err := c.skipLine(); err != nil {
				return err
			}
		case err != nil:
			return err
		case len(bytes.TrimRight(line, "\r\n")) == 0:
			return nil
		}
	}
}

// skipLine skips the rest of a long line.
func (c *chunkedReader) skipLine() error {
	for {
		part, err := c.in.ReadSlice('\n')
		if c.trailer += len(part); c.trailer > maxHead {
			return ErrHeadTooLarge
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}
