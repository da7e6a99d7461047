package httpclient

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

const (
	maxHead   = 256 << 10 // bytes of a head, as in browsers
	firstHead = 1 << 10   // bytes
	unknown   = -1        // length of a body
)

// A head is what comes before the body of an answer: a status line and fields. It is
// read as browsers read it, so that no answer counts as harm that a user would have
// seen: lines may end in LF alone, a field may go on in the next line, a line without a
// colon is skipped.
type head struct {
	status int
	fields []byte // "name:value\n", without white space around either

	old       bool // HTTP/1.0
	close     bool // the connection ends with the answer
	keepAlive bool
	chunked   bool
	coded     bool  // there are content codings
	length    int   // of the body as announced, or unknown
	wrong     error // what is wrong with the length; nothing where the body is chunked

	contentType []byte // value of the first such field; nil: none
	size        int    // bytes as they came
	bounds      jsonpath.Bounds
	charged     int // of the capacity of fields, that the bounds hold
}

var (
	errNotHTTP    = errors.New("the answer does not begin with the status line of HTTP/1")
	errZeroByte   = errors.New("a header of the answer holds a zero byte")
	errLength     = errors.New("the length of the answer is not a number")
	errTransfer   = errors.New("the transfer coding of the answer is not known")
	errTwoLengths = errors.New("the answer has two different lengths")
	errInterim    = errors.New("more than 100 interim answers came before the answer")
)

// maxInterim is how many interim answers may come before the answer.
const maxInterim = 100

// readAnswer reads heads up to the one that is not interim.
func (h *head) readAnswer(in *bufio.Reader, bounds jsonpath.Bounds) error {
	h.bounds = nil // what they held for another answer is released
	for range maxInterim {
		if err := h.read(in, bounds); err != nil {
			h.fields, h.contentType = h.fields[:0], nil // half a head has no fields
			return err
		}
		if h.status >= 200 || h.status == http.StatusSwitchingProtocols {
			return nil
		}
	}
	return errInterim
}

// read reads one head. The error is io.ErrUnexpectedEOF where the connection ends inside
// it, and io.EOF where it ends before.
func (h *head) read(in *bufio.Reader, bounds jsonpath.Bounds) error {
	h.start(bounds)
	for h.status == 0 {
		line, err := h.line(in)
		if err != nil {
			return err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) > 0 {
			if err := h.parseStatus(line); err != nil {
				return err
			}
		}
		h.fields = h.fields[:0]
	}
	end := 0 // of the last field
	for {
		line, err := h.line(in)
		switch {
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		case len(line) == 1 || len(line) == 2 && line[0] == '\r':
			h.fields = h.fields[:end]
			return h.understand()
		}
		end = h.addLine(line, end)
		h.fields = h.fields[:end]
	}
}

// start empties the head.
func (h *head) start(bounds jsonpath.Bounds) {
	fields := h.fields[:0]
	if h.bounds != nil {
		h.bounds.Release(h.charged) // an interim answer
	}
	if cap(fields) > keptBuffer {
		fields = nil
	}
	*h = head{fields: fields, length: unknown, bounds: bounds}
}

// forget lets go of a large head.
func (h *head) forget() {
	if cap(h.fields) > keptBuffer {
		h.fields, h.contentType = nil, nil
	}
	h.bounds, h.charged = nil, 0
}

// line appends the next line to the fields, its end included, and returns it.
func (h *head) line(in *bufio.Reader) ([]byte, error) {
	start := len(h.fields)
	for {
		part, err := in.ReadSlice('\n')
		if h.size += len(part); h.size > maxHead {
			return nil, ErrHeadTooLarge
		}
		if grown := h.grow(len(part)); grown != nil {
			return nil, grown
		}
		h.fields = append(h.fields, part...)
		switch {
		case err == nil:
			return h.fields[start:], nil
		case errors.Is(err, io.EOF) && h.size > 0:
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// grow makes room for n bytes. The bounds hold what a head takes beyond the buffer of a
// connection.
func (h *head) grow(n int) error {
	if len(h.fields)+n <= cap(h.fields) {
		return nil
	}
	size := max(firstHead, 2*cap(h.fields), len(h.fields)+n)
	charge := 0
	if size > keptBuffer {
		charge = size
		if err := h.bounds.Hold(charge); err != nil {
			return boundsError{err}
		}
	}
	h.fields = append(make([]byte, 0, size), h.fields...)
	h.bounds.Release(h.charged)
	h.charged = charge
	return nil
}

// parseStatus parses a status line. The reason phrase may be anything, and be missing.
func (h *head) parseStatus(line []byte) error {
	version, rest, _ := bytes.Cut(line, []byte(" "))
	rest = bytes.TrimLeft(rest, " ")
	switch {
	case len(version) == len("HTTP/1.1") && bytes.EqualFold(version[:7], []byte("HTTP/1.")) && isDigit(version[7]):
		h.old = version[7] == '0'
	case bytes.EqualFold(version, []byte("ICY")): // a server of streams
		h.old = true
	default:
		return errNotHTTP
	}
	if len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' {
		return errNotHTTP
	}
	status := 0
	for _, c := range rest[:3] {
		if !isDigit(c) {
			return errNotHTTP
		}
		status = 10*status + int(c-'0')
	}
	if status < 100 {
		return errNotHTTP
	}
	h.status = status
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// addLine makes a field of a line that stands behind the fields so far, which end at
// end. It returns where they end now.
func (h *head) addLine(line []byte, end int) int {
	if line[0] == ' ' || line[0] == '\t' {
		return h.foldLine(line, end)
	}
	name, value, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 {
		return end
	}
	value = trimValue(value)
	end += copy(h.fields[end:], name)
	h.fields[end] = ':'
	end++
	end += copy(h.fields[end:cap(h.fields)], value)
	h.fields = append(h.fields[:end], '\n')
	return end + 1
}

// foldLine adds a line to the field before it.
func (h *head) foldLine(line []byte, end int) int {
	if end == 0 {
		return end
	}
	value := trimValue(line)
	if len(value) == 0 {
		return end
	}
	if h.fields[end-2] == ':' && bytes.IndexByte(h.lastField(end), ':') == len(h.lastField(end))-1 {
		end-- // the value has been empty so far
	} else {
		h.fields[end-1] = ' '
	}
	end += copy(h.fields[end:], value)
	h.fields = append(h.fields[:end], '\n')
	return end + 1
}

// lastField returns the last field without the end of its line.
func (h *head) lastField(end int) []byte {
	return h.fields[bytes.LastIndexByte(h.fields[:end-1], '\n')+1 : end-1]
}

// trimValue returns a value without white space around it. A CR in it is white space.
func trimValue(value []byte) []byte {
	value = bytes.Trim(value, " \t\r\n")
	for i, c := range value {
		if c == '\r' {
			value[i] = ' '
		}
	}
	return value
}

// understand looks at the fields that say where the answer ends.
func (h *head) understand() error {
	if bytes.IndexByte(h.fields, 0) >= 0 {
		return errZeroByte
	}
	for rest := h.fields; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		colon := bytes.IndexByte(rest, ':')
		if err := h.understandField(rest[:colon], rest[colon+1:end]); err != nil {
			return err
		}
		rest = rest[end+1:]
	}
	if h.chunked {
		h.length, h.wrong = unknown, nil
	}
	return h.wrong
}

func (h *head) understandField(name, value []byte) error {
	switch len(name) {
	case len("Connection"):
		if equalFold(name, "Connection") {
			h.close = h.close || hasToken(value, "close")
			h.keepAlive = h.keepAlive || hasToken(value, "keep-alive")
		}
	case len("Content-Type"):
		if h.contentType == nil && equalFold(name, "Content-Type") {
			h.contentType = value
		}
	case len("Content-Length"):
		if equalFold(name, "Content-Length") {
			h.addLengths(value)
		}
	case len("Content-Encoding"):
		h.coded = h.coded || equalFold(name, "Content-Encoding")
	case len("Transfer-Encoding"):
		if equalFold(name, "Transfer-Encoding") && !h.old {
			return h.addTransferCodings(value)
		}
	}
	return nil
}

// addLengths takes the length that a field announces, which may be one again that is
// known already.
func (h *head) addLengths(value []byte) {
	for one := range bytes.SplitSeq(value, []byte(",")) {
		one = bytes.TrimSpace(one)
		if len(one) == 0 {
			continue
		}
		length, err := parseLength(one)
		if err == nil && h.length != unknown && h.length != length {
			err = fmt.Errorf("%w: %d and %d", errTwoLengths, h.length, length)
		}
		if err != nil {
			h.wrong = err
			return
		}
		h.length = length
	}
}

// parseLength parses a length. One that is too large is one more than a body may have.
func parseLength(digits []byte) (int, error) {
	n := 0
	for _, c := range digits {
		if !isDigit(c) {
			return 0, errLength
		}
		n = min(10*n+int(c-'0'), maxBody+1)
	}
	return n, nil
}

func (h *head) addTransferCodings(value []byte) error {
	for one := range bytes.SplitSeq(value, []byte(",")) {
		switch one = bytes.TrimSpace(one); {
		case len(one) == 0, equalFold(one, "identity"):
		case equalFold(one, "chunked"): // said twice, it is still once
			h.chunked = true
		default:
			return errTransfer
		}
	}
	return nil
}

// lasting reports whether the connection can carry another answer after this one.
func (h *head) lasting() bool {
	return !h.close && h.status != http.StatusSwitchingProtocols && (!h.old || h.keepAlive)
}

// bodiless reports whether an answer with this status has no body, whatever it
// announces.
func (h *head) bodiless() bool {
	return h.status < 200 || h.status == http.StatusNoContent || h.status == http.StatusNotModified
}

// values calls yield with the value of each field of a name, in order.
func (h *head) values(name string, yield func(value []byte)) {
	for rest := h.fields; len(rest) > 0; {
		if len(rest) > len(name) && rest[len(name)] == ':' && equalFold(rest[:len(name)], name) {
			end := bytes.IndexByte(rest, '\n')
			yield(rest[len(name)+1 : end])
			rest = rest[end+1:]
			continue
		}
		rest = rest[bytes.IndexByte(rest, '\n')+1:]
	}
}

func equalFold(b []byte, s string) bool { return strings.EqualFold(string(b), s) }

// hasToken reports whether a list that is separated by commas holds a token.
func hasToken(list []byte, token string) bool {
	for one := range bytes.SplitSeq(list, []byte(",")) {
		if equalFold(bytes.TrimSpace(one), token) {
			return true
		}
	}
	return false
}
