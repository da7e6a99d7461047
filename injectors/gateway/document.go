package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// A wanted document is what has to be known of the request for it.
type wanted struct {
	target string // what was asked for, with its query
	client string // the client's address, without its port
	agent  string // what the client says that it is
	has    string // If-None-Match: the versions that the client has
}

// name is the path alone: a query may hold what is nobody's business.
func (w *wanted) name() string {
	path, _, _ := strings.Cut(w.target, "?")
	return clip(path)
}

func (w *wanted) by() string {
	if w.agent == "" {
		return w.client
	}
	return w.client + " " + clip(w.agent)
}

// clip shortens what a client says of itself, and leaves out what could command a
// terminal.
func clip(s string) string {
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

// documents are those of the acts that make config bad.
func (f effect) documents() effect {
	return slices.DeleteFunc(slices.Clone(f), func(a act) bool { return a.config == nil })
}

// hides says whether a request's header is not for the dependency: with it, the
// dependency would answer with less than the document, because the client has a
// version of it that may be ours.
func hides(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "If-None-Match", "If-Modified-Since", "If-Range", "Range":
		return true
	}
	return false
}

// tells says whether an answer's header is about the real document, of which
// nothing shall be told.
func tells(name string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Transfer-Encoding", "Trailer", "Etag", "Last-Modified", "Accept-Ranges",
		"Content-Md5", "Digest", "Content-Digest", "Repr-Digest":
		return true
	}
	return false
}

// A served document is an answer, as far as it is about the document.
type served struct {
	status   int
	kind     string // Content-Type
	encoding string // Content-Encoding
	etag     string
	body     []byte // as it came, without transfer coding
}

// An outcome is what a client gets in place of the document.
type outcome struct {
	body  []byte
	etag  string // empty: the real one had none
	known bool   // the client has it already: 304
}

// unfit says why no fault can act on an answer with this head; empty: one can.
func (s *served) unfit(length, limit int64) string {
	switch {
	case s.status < 200 || s.status > 203:
		return "status " + strconv.Itoa(s.status)
	case length > limit:
		return tooLong
	}
	return ""
}

const tooLong = "longer than the limit"

// widest is the longest document that any of the acts takes.
func (f effect) widest() int64 {
	var limit int64
	for _, a := range f {
		limit = max(limit, a.config.limit)
	}
	return limit
}

// passAll says of all acts that the answer is left as it is.
func (f effect) passAll(why string) {
	for _, a := range f {
		a.pass("%s", why)
	}
}

// harm makes the document bad, fault by fault; nil means that it stays as it is.
func (s *served) harm(acts effect, w *wanted) *outcome {
	plain, err := decode(s.encoding, s.body, acts.widest())
	if err != nil {
		acts.passAll(err.Error())
		return nil
	}
	changed := false
	for _, a := range acts {
		var did bool
		plain, did = s.act(a, w, plain)
		changed = changed || did
	}
	if !changed {
		return nil
	}
	out := &outcome{body: encode(s.encoding, plain)}
	if s.etag != "" {
		sum := sha256.Sum256(out.body)
		out.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
		out.known = lists(w.has, out.etag)
	}
	return out
}

// act lets one fault act on the document.
func (s *served) act(a act, w *wanted, plain []byte) (body []byte, changed bool) {
	c := a.config
	switch {
	case a.Over():
		a.GiveBack()
		return plain, false
	case int64(len(plain)) > c.limit:
		a.pass(tooLong)
		return plain, false
	case !badconfig.Bad(c.flap, time.Since(a.Since)):
		a.pass("good by turns")
		return plain, false
	}
	format := c.format
	if format == "" {
		format = badconfig.Detect(s.kind, plain)
	}
	result, before, err := a.apply(w, format, plain)
	switch {
	case err != nil:
		a.pass("%v", err)
		return plain, false
	case !result.Changed:
		a.pass("%s", result.What)
		return plain, false
	}
	a.Affects()
	c.record.fetched(w.name(), w.by(), before, badconfig.Digest(result.Body), result)
	return result.Body, true
}

// lists says whether an If-None-Match header has a version (RFC 9110, 13.1.2).
func lists(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == etag {
			return true
		}
	}
	return false
}
