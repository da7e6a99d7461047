package gateway

import (
	"bytes"
	"errors"
	"strings"
)

// A malformed error says what is wrong with a message, for the person who reads a
// 400.
type malformed string

func (m malformed) Error() string { return string(m) }

// errHTTP2 is what a request head is that opens an HTTP/2 connection.
var errHTTP2 = errors.New("an HTTP/2 connection")

// noLength is the length of a message that does not say it.
const noLength = -1

// A head is what has to be known about the first part of a message, request line
// or status line and headers, to find its end. It is read line by line, and holds
// places instead of text, relative to its own first byte.
//
// Requests are read strictly: what two readers could understand in two ways
// (RFC 9112, section 11.2) is refused. Answers are read as lenient clients do,
// because a dependency is not an attacker, and what it says is to reach the client.
type head struct {
	strict bool
	size   int // of the complete lines
	first  int // size of the first line
	whole  bool

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

// unfinished tells an HTTP/1 request from something else by its first bytes, so
// that a client that speaks another protocol, and waits for an answer, gets one.
func (h *head) unfinished(rest []byte) error {
	if !h.strict || h.size > 0 || len(rest) == 0 {
		return nil
	}
	if c := rest[0]; !tokenByte(c) && c != '\r' {
		return malformed("this is no HTTP request")
	}
	return nil
}

func (h *head) line(line []byte) error {
	switch {
	case h.first == 0 && h.strict:
		h.first = h.size
		return h.requestLine(line)
	case h.first == 0:
		h.first = h.size
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
		return malformed("the request's method is no token")
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
		return malformed("this is no HTTP answer")
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
		return h.unless(h.strict, "a header has no colon")
	}
	name, value := line[:n], line[n+1:]
	if !isToken(name) {
		// A space before the colon: one reader's Content-Length is another's
		// unknown header.
		return h.unless(h.strict, "a header's name is no token")
	}
	if h.strict && !isFieldValue(value) {
		return malformed("a header holds a control character")
	}
	// The length is the quickest way to tell that a header does not matter.
	switch len(name) {
	case len("content-length"):
		if sameName(name, "content-length") {
			return h.contentLength(trim(value))
		}
	case len("transfer-encoding"):
		if sameName(name, "transfer-encoding") {
			return h.transferEncoding(value)
		}
	case len("connection"):
		if sameName(name, "connection") {
			h.connection(value)
		}
	case len("upgrade"):
		h.upgrade = h.upgrade || sameName(name, "upgrade")
	case len("expect"):
		h.expects = h.expects || sameName(name, "expect")
	}
	return nil
}

// unless is an error if cond holds.
func (h *head) unless(cond bool, problem malformed) error {
	if cond {
		return problem
	}
	return nil
}

func (h *head) contentLength(value []byte) error {
	length, ok := decimal(value)
	if !ok {
		return malformed("Content-Length is no number")
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
		case sameName(coding, "chunked"):
			h.chunked = true
		case h.strict && !isToken(coding):
			return malformed("a transfer coding is no token")
		}
	}
	return nil
}

func (h *head) connection(value []byte) {
	for more := true; more; {
		var option []byte
		option, value, more = bytes.Cut(value, []byte(","))
		option = trim(option)
		h.close = h.close || sameName(option, "close")
		h.keeps = h.keeps || sameName(option, "keep-alive")
		h.switches = h.switches || sameName(option, "upgrade")
	}
}

// check looks at the head as a whole.
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

// sameName compares with a lower-case name.
func sameName(b []byte, lower string) bool {
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

// isToken says whether s may be a method or a header name (RFC 9110, 5.6.2).
func isToken[T string | []byte](s T) bool {
	for i := range len(s) {
		if !tokenByte(s[i]) {
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

func tokenByte(c byte) bool {
	return uint64(tokenLow)>>c&1 != 0 || c >= 64 && uint64(tokenHigh)>>(c-64)&1 != 0
}

// isFieldValue says whether v may be a header's value: no control characters but
// the tab.
func isFieldValue(v []byte) bool {
	for _, c := range v {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// A request is a request head as matchers look at it.
type request struct {
	head *head
	raw  []byte
}

func (r request) method() []byte { return r.raw[:r.head.method] }

// path is the target without its query, and without scheme and authority when a
// client writes them as if to a proxy.
func (r request) path() []byte {
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

// grpc is false: gRPC is HTTP/2.
func (r request) grpc() bool { return false }

func (r request) has(header string, ok func([]byte) bool) bool {
	for rest := r.raw[r.head.first:r.head.size]; ; {
		line, next, more := bytes.Cut(rest, []byte("\r\n"))
		if !more || len(line) == 0 {
			return false
		}
		rest = next
		n := bytes.IndexByte(line, ':')
		if n == len(header) && strings.EqualFold(string(line[:n]), header) && ok(trim(line[n+1:])) {
			return true
		}
	}
}
