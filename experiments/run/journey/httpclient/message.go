// Package httpclient sends HTTP/1.1 requests, once each, and reads their answers.
//
// The package writes requests with fasthttp, but does not use its client. That client
// retries requests that fail on a reused connection, ignores contexts, and leaves a
// goroutine behind for each host. Here a request is written once, to one connection,
// and whatever then happens is what is reported.
//
// Answers are read here: what browsers and curl take, a journey must take, or it counts
// harm that no user has. Libraries are stricter, or take no head beyond their buffer.
package httpclient

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/jsonpath"
)

// A Request is one HTTP request, ready to be sent.
type Request struct {
	Method   string
	Target   string              // a path below the client's entry, or an absolute URL
	Headers  []experiments.Field // in order
	Body     []byte
	Files    []File          // whose content stands in the body, too
	Deadline time.Time       // zero: the client's own
	Bounds   jsonpath.Bounds // of what the answer may hold; nil: no bound but that of one answer
}

// A File is content that stands in the body of a request, in front of its byte At. It is
// shared by all requests that send it.
type File struct {
	At      int
	Shown   string // what stands for the content wherever people look
	Content []byte
}

// Size returns how long the whole body is, in bytes.
func (r *Request) Size() int {
	size := len(r.Body)
	for _, f := range r.Files {
		size += len(f.Content)
	}
	return size
}

// ShownBody returns the body with what stands for each file in its place.
func (r *Request) ShownBody() []byte {
	if len(r.Files) == 0 {
		return r.Body
	}
	var shown []byte
	at := 0
	for _, f := range r.Files {
		shown = append(append(shown, r.Body[at:f.At]...), f.Shown...)
		at = f.At
	}
	return append(shown, r.Body[at:]...)
}

// stream reads the whole body. The files are not copied.
func (r *Request) stream() io.Reader {
	pieces := make([]io.Reader, 0, 2*len(r.Files)+1)
	at := 0
	for _, f := range r.Files {
		pieces = append(pieces, bytes.NewReader(r.Body[at:f.At]), bytes.NewReader(f.Content))
		at = f.At
	}
	return io.MultiReader(append(pieces, bytes.NewReader(r.Body[at:]))...)
}

// A Response is the answer to a request. It is valid until the next Send with it.
type Response struct {
	Status  int
	Headers []experiments.Field // empty where a Client is the sender: it leaves them in the head
	Body    []byte              // uncompressed
	Coding  string              // the content codings that Body still has, because they are not known

	head       head
	chunks     chunkedReader
	raw, plain buffer // the body as it came, and uncompressed
	text       text
}

// Header returns the values of a header as they came, in order.
func (r *Response) Header(name string) []string {
	var list []string
	for _, f := range r.Headers {
		if strings.EqualFold(f.Name, name) {
			list = append(list, f.Value)
		}
	}
	r.head.values(name, func(value []byte) { list = append(list, string(value)) })
	return list
}
