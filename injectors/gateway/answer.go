package gateway

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
)

// An answer is what http_error sends instead of the dependency's.
type answer struct {
	status  int
	headers []pair
	body    string
	head    []byte // status line and headers of HTTP/1.1, without the empty line
}

func newAnswer(in *faultset.Fields, a errorAttributes) *answer {
	status := int(a.Status)
	if a.Body != "" && bodiless(status) {
		in.Refuse("body: an answer with status %d has none", status)
	}
	an := &answer{status: status, body: a.Body}
	for _, name := range slices.Sorted(maps.Keys(a.Headers)) {
		value := a.Headers[name]
		switch {
		case !isToken(name):
			in.Refuse("headers: %q is no header name", name)
		case framing(name):
			in.Refuse("headers: %s is made by the gateway", name)
		case !isFieldValue([]byte(value)):
			in.Refuse("headers: the value of %s holds a character that no header may hold", name)
		}
		an.headers = append(an.headers, pair{name, value})
	}
	an.describe()
	an.head = an.write()
	return an
}

// describe adds a Content-Type to a body that has none.
func (a *answer) describe() {
	has := func(p pair) bool { return strings.EqualFold(p.name, "Content-Type") }
	if a.body == "" || slices.ContainsFunc(a.headers, has) {
		return
	}
	kind := "text/plain; charset=utf-8"
	if strings.ContainsAny(a.body[:1], "{[") && json.Valid([]byte(a.body)) {
		kind = "application/json"
	}
	a.headers = append(a.headers, pair{"Content-Type", kind})
}

func (a *answer) write() []byte {
	head := fmt.Appendf(nil, "HTTP/1.1 %03d %s\r\n", a.status, http.StatusText(a.status))
	for _, h := range a.headers {
		head = fmt.Appendf(head, "%s: %s\r\n", h.name, h.value)
	}
	if !bodiless(a.status) {
		head = fmt.Appendf(head, "Content-Length: %d\r\n", len(a.body))
	}
	return head
}

// bytes is the answer as HTTP/1.1.
func (a *answer) bytes(toHEAD, last bool) []byte {
	b := make([]byte, 0, len(a.head)+len(a.body)+32)
	b = append(b, a.head...)
	if last {
		b = append(b, "Connection: close\r\n"...)
	}
	b = append(b, "\r\n"...)
	if !toHEAD {
		b = append(b, a.body...)
	}
	return b
}

// bodiless says whether answers with this status have no body.
func bodiless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}

// framing says whether a header is about this connection or about where the
// message ends.
func framing(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}
