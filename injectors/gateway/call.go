package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strings"
	"sync"
)

// A call is an HTTP/2 request as matchers look at it.
type call struct{ *http.Request }

func (c call) method() []byte { return []byte(c.Method) }
func (c call) grpc() bool     { return isGRPC(c.Header.Get("Content-Type")) }

func (c call) path() []byte {
	path, _, _ := strings.Cut(c.RequestURI, "?")
	return []byte(path)
}

func (c call) has(header string, ok func([]byte) bool) bool {
	for _, v := range c.Header.Values(header) {
		if ok([]byte(v)) {
			return true
		}
	}
	return strings.EqualFold(header, "Host") && ok([]byte(c.Host))
}

// instead does what a fault wants in place of an answer. It may not return.
func (f *rule) instead(w http.ResponseWriter) {
	switch {
	case f.status != nil:
		w.Header().Set("Content-Type", "application/grpc")
		f.status.put(w.Header(), "")
		w.WriteHeader(http.StatusOK)
	case f.answer != nil:
		for _, h := range f.answer.headers {
			w.Header().Add(h.name, h.value)
		}
		w.WriteHeader(f.answer.status)
		io.WriteString(w, f.answer.body)
	default:
		breakStream()
	}
}

// breakStream resets the stream of the request that is being handled. It is the
// one way to do so that net/http has.
func breakStream() { panic(http.ErrAbortHandler) }

// outgoing is the request as it goes to the dependency.
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

// interim passes on what comes in front of an answer. The transport may still tell
// of some when the request is over.
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
	for name, values := range from {
		to[name] = values
	}
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
	document *wanted // what faults may make bad; nil: nothing
}

// harm does what faults want with the answer, as far as that can be done before it
// is on its way. It is true when nothing is left to deliver.
func (d *delivery) harm(ctx context.Context, late effect) (replaced bool) {
	var documents effect
	for i, a := range late {
		if a.config != nil {
			documents = append(documents, a)
			continue
		}
		if !a.Begins() {
			continue
		}
		if a.waits() {
			if !a.Wait(ctx) {
				breakStream()
			}
			continue
		}
		late[i+1:].giveBack()
		documents.giveBack()
		switch {
		case a.status != nil:
			d.status = a.status
		case a.when == middle && d.res.ContentLength != 0:
			d.half = true
		default:
			io.Copy(io.Discard, io.LimitReader(d.res.Body, settleLimit))
			a.instead(d.w)
			return true
		}
		return false
	}
	if len(documents) > 0 {
		d.change(documents)
	}
	return false
}

// run sends the answer. An error is the dependency's.
func (d *delivery) run() error {
	to := d.w.Header()
	for name, values := range d.res.Header {
		to[name] = values
	}
	for _, name := range []string{"Date", "Content-Type"} {
		if _, ok := to[name]; !ok {
			to[name] = nil // or one would be added
		}
	}
	for name := range d.res.Trailer {
		to.Add("Trailer", name)
	}
	if d.status != nil && to.Get("Grpc-Status") != "" { // headers alone: the status is here
		d.status.put(to, "")
	}
	d.w.WriteHeader(d.res.StatusCode)
	if err := d.body(); err != nil {
		return err
	}
	for name, values := range d.res.Trailer {
		to[http.TrailerPrefix+name] = values
	}
	if d.status != nil && len(d.res.Trailer) > 0 {
		d.status.put(to, http.TrailerPrefix)
	}
	return nil
}

// body copies the body. Of one that does not say how long it is, each piece goes
// at once, because somebody may wait for it; half of it is half of the first piece.
func (d *delivery) body() error {
	streams := d.res.ContentLength < 0
	control := http.NewResponseController(d.w)
	if streams {
		control.Flush()
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
			control.Flush()
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
