package http

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"

	"github.com/blastgauge/blastgauge/injectors"
)

// An answer is what the proxy sends instead of the dependency's answer.
type answer struct {
	status  int
	headers []pair
	body    string
	content []byte // the body; nobody changes it
	head    []byte // status line and headers of HTTP/1.1, without the empty line
}

// newAnswer returns the answer of http_error.
func newAnswer(a injectors.Attributes) *answer {
	an := &answer{status: int(a.Number("status")), body: a.Text("body"), headers: sortedPairs(a.Table("headers"))}
	an.complete()
	return an
}

// complete adds a Content-Type to a body that has none, and writes the head.
func (a *answer) complete() {
	a.content = []byte(a.body)
	isType := func(p pair) bool { return strings.EqualFold(p.name, "Content-Type") }
	if a.body != "" && !slices.ContainsFunc(a.headers, isType) {
		a.headers = append(a.headers, pair{"Content-Type", contentType(a.body)})
	}
	a.head = fmt.Appendf(nil, "HTTP/1.1 %03d %s\r\n", a.status, http.StatusText(a.status))
	for _, h := range a.headers {
		a.head = fmt.Appendf(a.head, "%s: %s\r\n", h.name, h.value)
	}
	if !isBodiless(a.status) {
		a.head = fmt.Appendf(a.head, "Content-Length: %d\r\n", len(a.body))
	}
}

func contentType(body string) string {
	if strings.ContainsAny(body[:1], "{[") && json.Valid([]byte(body)) {
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

// bytes returns the answer as HTTP/1.1; last says that the connection ends behind it.
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

// fields returns the head of the answer as HTTP/2.
func (a *answer) fields() []hpack.HeaderField {
	list := []hpack.HeaderField{{Name: ":status", Value: strconv.Itoa(a.status)}}
	for _, h := range a.headers {
		list = append(list, hpack.HeaderField{Name: strings.ToLower(h.name), Value: h.value})
	}
	if !isBodiless(a.status) {
		list = append(list, hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(a.body))})
	}
	return list
}

// isBodiless reports whether answers with this status have no body.
func isBodiless(status int) bool {
	return status < 200 || status == http.StatusNoContent || status == http.StatusNotModified
}
