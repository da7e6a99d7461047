package http

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
)

// An http2Request is a request of HTTP/2 as filters look at it.
type http2Request struct{ *http.Request }

func (r http2Request) method() []byte { return []byte(r.Method) }
func (r http2Request) grpc() bool     { return isGRPC(r.Header.Get("Content-Type")) }

func (r http2Request) path() []byte {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	return []byte(path)
}

func (r http2Request) hasHeader(name string, ok func([]byte) bool) bool {
	for _, v := range r.Header.Values(name) {
		if ok([]byte(v)) {
			return true
		}
	}
	return strings.EqualFold(name, "Host") && ok([]byte(r.Host))
}

// answerInstead does what a fault wants in place of an answer. It may not return.
func (r *Rule) answerInstead(w http.ResponseWriter) {
	switch {
	case r.status != nil:
		w.Header().Set("Content-Type", "application/grpc")
		r.status.write(w.Header(), "")
		w.WriteHeader(http.StatusOK)
	case r.answer != nil:
		for _, h := range r.answer.headers {
			w.Header().Add(h.name, h.value)
		}
		w.WriteHeader(r.answer.status)
		_, _ = io.WriteString(w, r.answer.body) // it fails if the client has gone
	default:
		breakStream()
	}
}

// breakStream resets the stream of the request that is being handled. It is the
// one way to do so that net/http has.
func breakStream() { panic(http.ErrAbortHandler) }

// outgoing returns the request as it goes to the dependency.
func outgoing(w http.ResponseWriter, r *http.Request, early *interim) *http.Request {
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		early.pass(w, code, http.Header(h))
		return nil
	}}
	out := r.Clone(httptrace.WithClientTrace(r.Context(), trace))
	out.URL.Scheme, out.URL.Host = "http", r.Host
	out.RequestURI = ""
	if strings.HasPrefix(r.RequestURI, "/") && r.URL.RequestURI() != r.RequestURI {
		// As it came: what stands for the same to net/http may not to the dependency.
		out.URL = &url.URL{Scheme: "http", Host: r.Host, Opaque: "//" + r.Host + r.RequestURI}
	}
	out.Trailer = r.Trailer // filled in when the body has been read
	if r.ContentLength == 0 {
		out.Body = nil
	}
	if _, ok := out.Header["User-Agent"]; !ok {
		out.Header["User-Agent"] = nil // or one would be added
	}
	return out
}

// An interim passes on the answers with a status below 200 that come in front of the
// real one. The transport may still report some when the request is over.
type interim struct {
	mu   sync.Mutex
	over bool
}

func (i *interim) pass(w http.ResponseWriter, code int, from http.Header) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.over || code == http.StatusContinue { // the server says that by itself
		return
	}
	to := w.Header()
	maps.Copy(to, from)
	w.WriteHeader(code)
	clear(to)
}

func (i *interim) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.over = true
}

// A delivery is an answer on its way to the client.
type delivery struct {
	w      http.ResponseWriter
	res    *http.Response
	status *grpcStatus // not nil: takes the place of the dependency's
	half   bool        // the client gets half of the body

	toHEAD   bool
	document *documentRequest // what faults may make bad; nil: nothing
}

// applyLate does what faults want with the answer, as far as that can be done before it
// is on its way. It is true when nothing is left to deliver.
func (d *delivery) applyLate(ctx context.Context, late hits) (replaced bool) {
	var documents hits
	for i, f := range late {
		switch {
		case f.Rule.mutation != nil:
			documents = append(documents, f)
			continue
		case !f.Apply():
			continue
		case delays(f):
			if !f.Delay(ctx) {
				breakStream()
			}
			continue
		}
		late[i+1:].giveBack()
		documents.giveBack()
		return d.apply(f.Rule)
	}
	if len(documents) > 0 {
		d.mutate(documents)
	}
	return false
}

// apply does what one fault wants with the answer. It is true when nothing is left to
// deliver.
func (d *delivery) apply(r *Rule) (replaced bool) {
	switch {
	case r.status != nil:
		d.status = r.status
	case r.when == middle && d.res.ContentLength != 0:
		d.half = true
	default:
		_, _ = io.Copy(io.Discard, io.LimitReader(d.res.Body, settleLimit)) // it is replaced in any case
		r.answerInstead(d.w)
		return true
	}
	return false
}

// send sends the answer. An error is the dependency's.
func (d *delivery) send() error {
	to := d.w.Header()
	maps.Copy(to, d.res.Header)
	for _, name := range []string{"Date", "Content-Type"} {
		if _, ok := to[name]; !ok {
			to[name] = nil // or one would be added
		}
	}
	for name := range d.res.Trailer {
		to.Add("Trailer", name)
	}
	if d.status != nil && to.Get("Grpc-Status") != "" { // headers alone: the status is here
		d.status.write(to, "")
	}
	d.w.WriteHeader(d.res.StatusCode)
	if err := d.sendBody(); err != nil {
		return err
	}
	for name, values := range d.res.Trailer {
		to[http.TrailerPrefix+name] = values
	}
	if d.status != nil && len(d.res.Trailer) > 0 {
		d.status.write(to, http.TrailerPrefix)
	}
	return nil
}

// sendBody copies the body. Of one that does not say how long it is, each piece goes at
// once, because the client may wait for it; half of it is half of the first piece.
func (d *delivery) sendBody() error {
	streams := d.res.ContentLength < 0
	control := http.NewResponseController(d.w)
	if streams {
		_ = control.Flush() // it fails if the client has gone: the next write does, too
	}
	buf := make([]byte, 16<<10)
	for left := d.res.ContentLength / 2; ; {
		n, err := d.res.Body.Read(buf)
		if d.half {
			if streams {
				left = int64(n / 2)
			}
			n = int(min(left, int64(n)))
			left -= int64(n)
		}
		if n > 0 {
			if _, err := d.w.Write(buf[:n]); err != nil {
				breakStream() // the client has gone
			}
		}
		if streams || d.half && left == 0 {
			_ = control.Flush() // as above
		}
		switch {
		case d.half && left == 0:
			breakStream()
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}
