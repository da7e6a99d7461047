package http

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// Documents on HTTP/2.

// askForDocument reads what has to be known of a request for the document at target, and
// takes out of it what could keep the document away.
func askForDocument(r *http.Request, target string, from net.Addr) *documentRequest {
	asked := &documentRequest{
		target: target, client: hostOf(from), agent: r.Header.Get("User-Agent"),
		cached: strings.Join(r.Header.Values("If-None-Match"), ", "),
	}
	if accepted := r.Header.Values("Accept-Encoding"); len(accepted) > 0 {
		r.Header.Set("Accept-Encoding", acceptedCodings(strings.Join(accepted, ", ")))
	}
	for name := range r.Header {
		if isConditional(name) {
			delete(r.Header, name)
		}
	}
	return asked
}

// mutate makes the document in the answer bad.
func (d *delivery) mutate(list hits) {
	h := d.res.Header
	a := &documentAnswer{
		status: d.res.StatusCode, contentType: h.Get("Content-Type"), etag: h.Get("Etag"),
		encoding: strings.Join(h.Values("Content-Encoding"), ", "),
	}
	limit := list.maxDocument()
	if d.toHEAD {
		list.skipAll("it was asked for without its body")
		d.hideDocument()
		return
	}
	if why := a.problem(d.res.ContentLength, limit); why != "" {
		list.skipAll(why)
		return
	}
	body, err := io.ReadAll(io.LimitReader(d.res.Body, limit+1))
	if err != nil || int64(len(body)) > limit {
		list.skipAll(reasonOf(err == nil))
		d.res.Body = &replacedBody{io.MultiReader(bytes.NewReader(body), endsWith(err), d.res.Body), d.res.Body}
		return
	}
	a.body = body
	bad := a.mutate(list, d.document)
	if bad == nil {
		d.res.Body = &replacedBody{bytes.NewReader(body), d.res.Body}
		return
	}
	d.replaceDocument(bad)
}

// hideDocument takes out of the answer what it says of the real document.
func (d *delivery) hideDocument() {
	for name := range d.res.Header {
		if describesDocument(name) {
			delete(d.res.Header, name)
		}
	}
}

// replaceDocument makes the answer one with another document.
func (d *delivery) replaceDocument(bad *badDocument) {
	d.hideDocument()
	d.res.Trailer = nil
	h := d.res.Header
	if bad.etag != "" {
		h.Set("Etag", bad.etag)
	}
	if bad.known {
		for name := range h {
			if strings.HasPrefix(name, "Content-") {
				delete(h, name)
			}
		}
		d.res.StatusCode, d.res.ContentLength = http.StatusNotModified, 0
		d.res.Body = &replacedBody{bytes.NewReader(nil), d.res.Body}
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(bad.body)))
	d.res.ContentLength = int64(len(bad.body))
	d.res.Body = &replacedBody{bytes.NewReader(bad.body), d.res.Body}
}

// A replacedBody is closed as the body was in whose place it is read.
type replacedBody struct {
	io.Reader
	io.Closer
}

// endsWith returns an empty reader that ends with an error, if there is one.
func endsWith(err error) io.Reader {
	if err == nil || errors.Is(err, io.EOF) {
		return bytes.NewReader(nil)
	}
	return errorReader{err}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }
