package http

import (
	"bytes"
	"errors"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A malformed error says what is wrong with a message, for the person who reads a
// 400.
type malformed string

// Error returns what is wrong.
func (m malformed) Error() string { return string(m) }

// isMalformed reports whether a message cannot be read to its end because of what it
// says, and not because the connection ended.
func isMalformed(err error) bool {
	_, ok := errors.AsType[malformed](err)
	return ok || errors.Is(err, stream.ErrTooLarge)
}

// errHTTP2 is the error of a request head that opens an HTTP/2 connection.
var errHTTP2 = errors.New("an HTTP/2 connection")

// noLength is the length of a message that does not say how long it is.
const noLength = -1

// A head is what has to be known about the first part of a message, request line
// or status line and headers, to find its end. It is read line by line, and holds
// places instead of text, relative to its own first byte.
//
// Requests are read strictly: what two readers could understand in two ways
// (RFC 9112, section 11.2) is refused. Answers are read as lenient clients do,
// because a dependency is not an attacker, and what it says is to reach the client.
type head struct {
	strict    bool
	size      int // of the complete lines
	firstLine int // its size
	whole     bool

	method, target int // ends of both, in a request's first line
	minor          byte
	status         int

	length   int64 // noLength: none given
	chunked  bool
	encoded  bool // Transfer-Encoding was given
	close    bool // Connection: close
	keeps    bool // Connection: keep-alive
	switches bool // Connection: upgrade
	upgrade  bool // Upgrade was given
	expects  bool
}

func (h *head) reset() { *h = head{strict: h.strict, length: noLength} }

// feed reads the lines that b holds in full. b begins where the head does, and is
// longer at each call.
func (h *head) feed(b []byte) error {
	for !h.whole {
		n := bytes.IndexByte(b[h.size:], '\n')
		if n < 0 {
			return h.unfinished(b[h.size:])
		}
		line := b[h.size : h.size+n]
		h.size += n + 1
		switch {
		case n > 0 && line[n-1] == '\r':
			line = line[:n-1]
		case h.strict:
			return malformed("a line ends without a carriage return")
		}
		if err := h.line(line); err != nil {
			return err
		}
	}
	return nil
}

// unfinished finds out from the first bytes of a line that it cannot be an HTTP/1
// request, so that a client that speaks another protocol, and waits for an answer, gets
// one.
func (h *head) unfinished(rest []byte) error {
	if !h.strict || h.size > 0 || len(rest) == 0 {
		return nil
	}
	if c := rest[0]; !isTokenByte(c) && c != '\r' {
		return malformed("this is not an HTTP request")
	}
	return nil
}

func (h *head) line(line []byte) error {
	switch {
	case h.firstLine == 0 && h.strict:
		h.firstLine = h.size
		return h.requestLine(line)
	case h.firstLine == 0:
		h.firstLine = h.size
		return h.statusLine(line)
	case len(line) == 0:
		h.whole = true
		return h.check()
	case line[0] == ' ' || line[0] == '\t':
		if h.strict {
			return malformed("a header is folded over lines")
		}
		return nil
	}
	return h.header(line)
}

func (h *head) requestLine(line []byte) error {
	h.method = bytes.IndexByte(line, ' ')
	if h.method < 0 {
		return malformed("the request line has no target")
	}
	if !isToken(line[:h.method]) {
		return malformed("the request's method is not a token")
	}
	rest := line[h.method+1:]
	n := bytes.IndexByte(rest, ' ')
	if n < 1 {
		return malformed("the request line has no version")
	}
	h.target = h.method + 1 + n
	for _, c := range rest[:n] {
		if c <= ' ' || c == 0x7f {
			return malformed("the request's target holds a control character")
		}
	}
	version := rest[n+1:]
	if string(version) == "HTTP/2.0" && string(line[:h.target]) == "PRI *" {
		return errHTTP2
	}
	if len(version) != len("HTTP/1.1") || string(version[:7]) != "HTTP/1." || version[7] != '0' && version[7] != '1' {
		return malformed("the request's version is neither HTTP/1.0 nor HTTP/1.1")
	}
	h.minor = version[7] - '0'
	return nil
}

func (h *head) statusLine(line []byte) error {
	if len(line) < len("HTTP/1.1 200") || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return malformed("this is not an HTTP answer")
	}
	h.minor = line[7] - '0'
	for _, c := range line[9:12] {
		if c < '0' || c > '9' {
			return malformed("the answer has no status")
		}
		h.status = h.status*10 + int(c-'0')
	}
	if len(line) > 12 && line[12] != ' ' || h.status < 100 {
		return malformed("the answer has no status")
	}
	return nil
}

func (h *head) header(line []byte) error {
	n := bytes.IndexByte(line, ':')
	if n < 0 {
		return h.ifStrict("a header has no colon")
	}
	name, value := line[:n], line[n+1:]
	if !isToken(name) {
		// A space before the colon: one reader's Content-Length is another's
		// unknown header.
		return h.ifStrict("a header's name is not a token")
	}
	if h.strict && !isFieldValue(value) {
		return malformed("a header holds a control character")
	}
	// Most headers do not matter, and their length alone shows it.
	switch len(name) {
	case len("content-length"):
		if equalsLower(name, "content-length") {
			return h.contentLength(trim(value))
		}
	case len("transfer-encoding"):
		if equalsLower(name, "transfer-encoding") {
			return h.transferEncoding(value)
		}
	case len("connection"):
		if equalsLower(name, "connection") {
			h.connection(value)
		}
	case len("upgrade"):
		h.upgrade = h.upgrade || equalsLower(name, "upgrade")
	case len("expect"):
		h.expects = h.expects || equalsLower(name, "expect")
	}
	return nil
}

// ifStrict returns the problem as an error where the head is read strictly.
func (h *head) ifStrict(problem malformed) error {
	if h.strict {
		return problem
	}
	return nil
}

func (h *head) contentLength(value []byte) error {
	length, ok := decimal(value)
	if !ok {
		return malformed("Content-Length is not a number")
	}
	if h.length != noLength && (h.strict || h.length != length) {
		return malformed("there are two Content-Length headers")
	}
	h.length = length
	return nil
}

// decimal reads digits and nothing else, up to the largest int64.
func decimal(digits []byte) (n int64, ok bool) {
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// transferEncoding reads a list of codings. The last one of a request must be
// chunked, or nobody could tell where it ends.
func (h *head) transferEncoding(value []byte) error {
	h.encoded = true
	for more := true; more; {
		var coding []byte
		coding, value, more = bytes.Cut(value, []byte(","))
		coding = trim(coding)
		switch {
		case h.chunked:
			return malformed("something follows the chunked transfer coding")
		case equalsLower(coding, "chunked"):
			h.chunked = true
		case h.strict && !isToken(coding):
			return malformed("a transfer coding is not a token")
		}
	}
	return nil
}

func (h *head) connection(value []byte) {
	for more := true; more; {
		var option []byte
		option, value, more = bytes.Cut(value, []byte(","))
		option = trim(option)
		h.close = h.close || equalsLower(option, "close")
		h.keeps = h.keeps || equalsLower(option, "keep-alive")
		h.switches = h.switches || equalsLower(option, "upgrade")
	}
}

// check checks the head as a whole.
func (h *head) check() error {
	switch {
	case !h.encoded:
		return nil
	case !h.strict:
		if h.chunked {
			h.length = noLength // it is overridden (RFC 9112, 6.3)
		}
		return nil
	case h.length != noLength:
		return malformed("there are both Content-Length and Transfer-Encoding")
	case !h.chunked:
		return malformed("the last transfer coding is not chunked")
	case h.minor == 0:
		return malformed("HTTP/1.0 has no Transfer-Encoding")
	}
	return nil
}

// equalsLower compares with a name in small letters; capitals do not matter.
func equalsLower(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if c != lower[i] && (c < 'A' || c > 'Z' || c+'a'-'A' != lower[i]) {
			return false
		}
	}
	return true
}

// isToken reports whether s may be a method or a header name (RFC 9110, 5.6.2).
func isToken[T string | []byte](s T) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return len(s) > 0
}

// The bytes of tokens, as bits: those below 64 and those above.
const (
	tokenLow = 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'.' |
		(1<<10-1)<<'0'
	tokenHigh = (1<<26-1)<<('A'-64) | (1<<26-1)<<('a'-64) | 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64)
)

func isTokenByte(c byte) bool {
	return uint64(tokenLow)>>c&1 != 0 || c >= 64 && uint64(tokenHigh)>>(c-64)&1 != 0
}

// isFieldValue reports whether v may be a header's value: no control characters but
// the tab.
func isFieldValue(v []byte) bool {
	for _, c := range v {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// An http1Request is a request of HTTP/1 as filters look at it.
type http1Request struct {
	head *head
	raw  []byte
}

func (r http1Request) method() []byte { return r.raw[:r.head.method] }

// path returns the target without its query, and without scheme and authority, which
// clients write to a proxy.
func (r http1Request) path() []byte {
	target := r.raw[r.head.method+1 : r.head.target]
	if i := bytes.IndexByte(target, '?'); i >= 0 {
		target = target[:i]
	}
	if len(target) == 0 || target[0] == '/' {
		return target
	}
	if i := bytes.Index(target, []byte("://")); i >= 0 {
		rest := target[i+3:]
		if i := bytes.IndexByte(rest, '/'); i >= 0 {
			return rest[i:]
		}
		return []byte("/")
	}
	return target
}

// grpc returns false: gRPC needs HTTP/2.
func (r http1Request) grpc() bool { return false }

func (r http1Request) hasHeader(name string, ok func([]byte) bool) bool {
	for rest := r.raw[r.head.firstLine:r.head.size]; ; {
		line, next, more := bytes.Cut(rest, []byte("\r\n"))
		if !more || len(line) == 0 {
			return false
		}
		rest = next
		n := bytes.IndexByte(line, ':')
		if n == len(name) && strings.EqualFold(string(line[:n]), name) && ok(trim(line[n+1:])) {
			return true
		}
	}
}
