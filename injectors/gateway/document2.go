package gateway

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

// wants reads what has to be known of a request for the document at target, and
// takes out of it what could keep the document away.
func wants(r *http.Request, target string, from net.Addr) *wanted {
	w := &wanted{
		target: target, client: hostOf(from), agent: r.Header.Get("User-Agent"),
		has: strings.Join(r.Header.Values("If-None-Match"), ", "),
	}
	if accepted := r.Header.Values("Accept-Encoding"); len(accepted) > 0 {
		r.Header.Set("Accept-Encoding", codings(strings.Join(accepted, ", ")))
	}
	for name := range r.Header {
		if hides(name) {
			delete(r.Header, name)
		}
	}
	return w
}

// change makes the document in the answer bad.
func (d *delivery) change(acts effect) {
	h := d.res.Header
	s := &served{
		status: d.res.StatusCode, kind: h.Get("Content-Type"), etag: h.Get("Etag"),
		encoding: strings.Join(h.Values("Content-Encoding"), ", "),
	}
	limit := acts.widest()
	if d.toHEAD {
		acts.passAll("it was asked for without its body")
		d.hide()
		return
	}
	if why := s.unfit(d.res.ContentLength, limit); why != "" {
		acts.passAll(why)
		return
	}
	body, err := io.ReadAll(io.LimitReader(d.res.Body, limit+1))
	if err != nil || int64(len(body)) > limit {
		acts.passAll(reasonOf(err == nil))
		d.res.Body = &rejoined{io.MultiReader(bytes.NewReader(body), failing(err), d.res.Body), d.res.Body}
		return
	}
	s.body = body
	out := s.harm(acts, d.document)
	if out == nil {
		d.res.Body = &rejoined{bytes.NewReader(body), d.res.Body}
		return
	}
	d.put(out)
}

// hide takes out of the answer what it says of the real document.
func (d *delivery) hide() {
	for name := range d.res.Header {
		if tells(name) {
			delete(d.res.Header, name)
		}
	}
}

// put makes the answer one with another document.
func (d *delivery) put(out *outcome) {
	d.hide()
	d.res.Trailer = nil
	h := d.res.Header
	if out.etag != "" {
		h.Set("Etag", out.etag)
	}
	if out.known {
		for name := range h {
			if strings.HasPrefix(name, "Content-") {
				delete(h, name)
			}
		}
		d.res.StatusCode, d.res.ContentLength = http.StatusNotModified, 0
		d.res.Body = &rejoined{bytes.NewReader(nil), d.res.Body}
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(out.body)))
	d.res.ContentLength = int64(len(out.body))
	d.res.Body = &rejoined{bytes.NewReader(out.body), d.res.Body}
}

// rejoined is a body of which another is read in place.
type rejoined struct {
	io.Reader
	io.Closer
}

// failing is a reader that ends with an error, if there is one.
func failing(err error) io.Reader {
	if err == nil || errors.Is(err, io.EOF) {
		return bytes.NewReader(nil)
	}
	return errorReader{err}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }
