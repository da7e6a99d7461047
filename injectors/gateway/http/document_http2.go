package http

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http2/hpack"
)

// Documents on HTTP/2.

// documented is an answer with a document that faults may make bad.
type documented struct {
	asked     *documentRequest
	documents hits
	buffers   bool // the document is read
	answer    *documentAnswer
	top       []hpack.HeaderField // the answer's headers
}

func (r http2Request) joined(name string) string {
	var list []string
	for _, f := range r {
		if f.Name == name {
			list = append(list, f.Value)
		}
	}
	return strings.Join(list, ", ")
}

// askForDocument reads what has to be known of a request for a document, and takes out of
// it what could keep the document away.
func (s *session) askForDocument(st *h2stream) {
	r := http2Request(st.head)
	st.asked = &documentRequest{
		target: r.value(":path"), client: hostOf(s.client.RemoteAddr()), agent: r.value("user-agent"), cached: r.joined("if-none-match"),
	}
	accepted := r.joined("accept-encoding")
	st.head = slices.DeleteFunc(st.head, func(f hpack.HeaderField) bool { return f.Name == "accept-encoding" || isConditional(f.Name) })
	if accepted != "" {
		st.head = append(st.head, hpack.HeaderField{Name: "accept-encoding", Value: acceptedCodings(accepted)})
	}
}

// beginDocument begins to read the document of an answer, or passes on one that faults
// cannot act on.
func (s *session) beginDocument(st *h2stream, fields []hpack.HeaderField, end bool) {
	h := http2Request(fields)
	code, _ := strconv.Atoi(h.value(":status"))
	length := int64(-1)
	if n, err := strconv.ParseInt(h.value("content-length"), 10, 64); err == nil {
		length = n
	}
	st.answer = &documentAnswer{status: code, contentType: h.value("content-type"), etag: h.value("etag"), encoding: h.joined("content-encoding")}
	if st.toHEAD {
		st.documents.skipAll("it was asked for without its body")
		st.documents = nil
		s.sendHeaders(st, withoutDocument(fields), end)
		return
	}
	if why := st.answer.problem(length, st.documents.maxDocument()); why != "" {
		st.documents.skipAll(why)
		st.documents = nil
		s.sendHeaders(st, fields, end)
		return
	}
	st.buffers, st.top = true, fields
	if end {
		s.endBody(st)
	}
}

// takeBody takes a piece of a body that the proxy sends itself.
func (s *session) takeBody(st *h2stream, f frame) {
	p, err := f.unpadded()
	if err != nil {
		s.fail(err)
		return
	}
	st.data = append(st.data, p...)
	now := len(f.payload())
	if st.relay {
		st.owed += len(p)
		now -= len(p) // the padding goes nowhere
	}
	s.up.writeCredit(st.live(s), now)
	switch {
	case f.ends():
		s.endBody(st)
	case st.relay:
		s.pumpStream(st)
	case int64(len(st.data)) > st.documents.maxDocument():
		st.documents.skipAll(reasonOf(true))
		s.sendBody(st, st.top, st.data)
	}
}

// endBody is called when the body has come in full.
func (s *session) endBody(st *h2stream) {
	st.ends = true
	if st.relay {
		s.pumpStream(st)
		return
	}
	if int64(len(st.data)) > st.documents.maxDocument() {
		st.documents.skipAll(reasonOf(true))
		s.sendBody(st, st.top, st.data)
		return
	}
	documents := st.documents
	st.answer.body, st.changing, st.documents = st.data, true, nil
	s.work.Go(func() { // the other streams do not wait for it
		bad := st.answer.mutate(documents, st.asked)
		s.goOn(st, func() { s.sendDocument(st, bad) })
	})
}

// sendDocument sends a bad document in place of the real one, or that where there is none.
func (s *session) sendDocument(st *h2stream, bad *badDocument) {
	if bad == nil {
		s.sendBody(st, st.top, st.data)
		return
	}
	st.trailers = nil
	fields, body := withoutDocument(st.top), bad.body
	if bad.etag != "" {
		fields = append(fields, hpack.HeaderField{Name: "etag", Value: bad.etag})
	}
	if bad.known {
		fields = slices.DeleteFunc(fields, func(f hpack.HeaderField) bool { return strings.HasPrefix(f.Name, "content-") })
		fields[0].Value, body = strconv.Itoa(http.StatusNotModified), nil
	} else {
		fields = append(fields, hpack.HeaderField{Name: "content-length", Value: strconv.Itoa(len(body))})
	}
	s.sendBody(st, fields, body)
}

// sendBody sends an answer's headers, and begins with what there is of its body.
func (s *session) sendBody(st *h2stream, fields []hpack.HeaderField, body []byte) {
	st.documents, st.buffers, st.changing, st.relay, st.data = nil, false, false, true, body
	s.down.writeHeaders(st.id, fields, false)
	s.own = append(s.own, st)
	s.pumpStream(st)
}

// withoutDocument returns headers without what they say of the real document. The status
// comes first.
func withoutDocument(fields []hpack.HeaderField) []hpack.HeaderField {
	return slices.DeleteFunc(slices.Clone(fields), func(f hpack.HeaderField) bool { return describesDocument(f.Name) })
}
