package http

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// A documentRequest is what has to be known of the request for a document.
type documentRequest struct {
	target string // what was asked for, with its query
	client string // the client's address, without its port
	agent  string // what the client says that it is
	cached string // If-None-Match: the versions that the client has
}

// name returns the path alone: a query may hold secrets.
func (r *documentRequest) name() string {
	path, _, _ := strings.Cut(r.target, "?")
	return printable(path)
}

// by returns who asked: the address, and what the client says that it is.
func (r *documentRequest) by() string {
	if r.agent == "" {
		return r.client
	}
	return r.client + " " + printable(r.agent)
}

// printable shortens what a client says of itself, and leaves out what could command a
// terminal.
func printable(s string) string {
	const most = 120
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	return s[:min(len(s), most)]
}

func hostOf(a net.Addr) string {
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return host
}

// isConditional reports whether a request's header makes the dependency answer with less
// than the document, because of a version that the client has. That may be ours, so such
// headers are not passed on.
func isConditional(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "If-None-Match", "If-Modified-Since", "If-Range", "Range":
		return true
	}
	return false
}

// describesDocument reports whether an answer's header is about the real document, which
// the client does not get.
func describesDocument(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Transfer-Encoding", "Trailer", "Etag", "Last-Modified", "Accept-Ranges",
		"Content-Md5", "Digest", "Content-Digest", "Repr-Digest":
		return true
	}
	return false
}

// A documentAnswer is an answer, as far as it is about the document.
type documentAnswer struct {
	status      int
	contentType string
	encoding    string // Content-Encoding
	etag        string
	body        []byte // as it came, without transfer coding
}

// A badDocument is what a client gets in place of the document.
type badDocument struct {
	body  []byte
	etag  string // empty: the real one had none
	known bool   // the client has it already: the answer is 304
}

// problem returns why no fault can act on an answer with this head; empty when one can.
func (a *documentAnswer) problem(length, limit int64) string {
	switch {
	case a.status < 200 || a.status > 203:
		return "status " + strconv.Itoa(a.status)
	case length > limit:
		return tooLong
	case isStream(a.contentType):
		return "it is a stream, and has no end to wait for"
	}
	return ""
}

// isStream reports whether what has this content type goes on for as long as its sender
// likes, and is read piece by piece.
func isStream(contentType string) bool {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	return kind == "text/event-stream" || kind == "multipart/x-mixed-replace" || strings.HasPrefix(kind, "application/grpc")
}

const (
	tooLong    = "longer than the limit"
	noRoom     = "too much waits on its connection"
	noDocument = "it is no document, but asks for another protocol"
)

// mutate makes the document bad, fault by fault; nil means that it stays as it is.
func (a *documentAnswer) mutate(list hits, asked *documentRequest) *badDocument {
	plain, err := decode(a.encoding, a.body, list.maxDocument())
	if err != nil {
		list.skipAll(err.Error())
		return nil
	}
	changed := false
	for _, h := range list {
		var did bool
		plain, did = a.mutateOnce(h, asked, plain)
		changed = changed || did
	}
	if !changed {
		return nil
	}
	bad := &badDocument{body: encode(a.encoding, plain)}
	if a.etag != "" {
		sum := sha256.Sum256(bad.body)
		bad.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
		bad.known = listsETag(asked.cached, bad.etag)
	}
	return bad
}

// mutateOnce lets one fault act on the document.
func (a *documentAnswer) mutateOnce(h hit, asked *documentRequest, plain []byte) (body []byte, changed bool) {
	f := h.Rule.mutation
	switch {
	case h.Removed():
		h.GiveBack()
		return plain, false
	case int64(len(plain)) > f.limit:
		skip(h, tooLong)
		return plain, false
	case !badconfig.Bad(f.flap, time.Since(h.Since)):
		skip(h, "good by turns")
		return plain, false
	}
	format := f.format
	if format == "" {
		format = badconfig.Detect(a.contentType, plain)
	}
	result, digest, err := mutate(h, asked, format, plain)
	switch {
	case err != nil:
		skip(h, err.Error())
		return plain, false
	case !result.Changed:
		skip(h, result.What)
		return plain, false
	}
	h.CountAffected()
	f.record.countFetched(asked.name(), asked.by(), digest, badconfig.Digest(result.Body), result)
	return result.Body, true
}

// listsETag reports whether an If-None-Match header has a version (RFC 9110, 13.1.2).
func listsETag(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == etag {
			return true
		}
	}
	return false
}
