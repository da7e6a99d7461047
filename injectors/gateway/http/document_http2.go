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
	relay     bool // what comes goes to the client, behind what was read
	uncounted int  // bytes of that which the dependency's stream has no credit for yet
	trailers  bool // have come, behind the document
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

// isDocumentRequest reports whether a request may ask for a document: what opens a tunnel
// and calls of gRPC do not, and their answers may last as long as what they open.
func isDocumentRequest(r http2Request) bool {
	return r.value(":method") != http.MethodConnect && !r.grpc()
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

// spareRoom passes on a document that only faults on documents look at, when so much waits
// already that its headers cannot, which cost something.
func (s *session) spareRoom(st *h2stream, cost int) {
	if documents := st.late.onDocuments(); s.held+cost > s.room && len(documents) == len(st.late) {
		documents.skipAll(noRoom)
		st.late = nil
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
	if st.asked == nil {
		st.documents.skipAll(noDocument)
		st.documents = nil
		s.sendHeaders(st, fields, end)
		return
	}
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
	st.buffers, st.top, st.toClient.shut = true, fields, true
	if st.toClient.end = end; end {
		s.endBody(st)
		return
	}
	if s.down.initial+st.toClient.credit < maxFrame { // its client may wait for the headers before it takes more
		s.up.writeStreamCredit(st.live(s), firstWindow)
	}
	documents := slices.Clone(st.documents)
	s.work.Go(func() { s.awaitRemoval(st, documents) })
}

// awaitRemoval lets a document go on that is being read when all the faults have been
// removed that wanted to act on it: it may be one without an end.
func (s *session) awaitRemoval(st *h2stream, documents hits) {
	for _, h := range documents {
		select {
		case <-h.Removal():
		case <-st.ctx.Done():
			return
		}
	}
	s.goOn(st, func() {
		if st.buffers {
			st.documents.giveBack()
			s.sendBody(st, st.top, st.toClient.data)
		}
	})
}

// takeBody takes a piece of a document.
func (w *way) takeBody(st *h2stream, f frame, kept bool) {
	if _, ok := w.keepData(st, f, kept); !ok {
		return
	}
	w.up.writeStreamCredit(st.live(w.session), len(f.payload()))
	st.toClient.end = f.ends()
	switch {
	case f.ends():
		w.endBody(st)
	case int64(len(st.toClient.data)) > st.documents.maxDocument():
		w.skipDocument(st, reasonOf(true))
	case w.held > w.room:
		w.skipDocument(st, noRoom)
	}
}

// skipDocument passes a document on as it is, and what still comes of it.
func (s *session) skipDocument(st *h2stream, why string) {
	st.documents.skipAll(why)
	s.sendBody(st, st.top, st.toClient.data)
}

// endBody is called when the body has come in full.
func (s *session) endBody(st *h2stream) {
	if int64(len(st.toClient.data)) > st.documents.maxDocument() {
		s.skipDocument(st, reasonOf(true))
		return
	}
	documents := st.documents
	st.answer.body, st.buffers, st.documents = st.toClient.data, false, nil
	s.work.Go(func() { s.mutate(st, documents) }) // the other streams do not wait for it
}

// mutate makes a document bad, one at a time on a connection: it takes several times the
// memory of the document.
func (s *session) mutate(st *h2stream, documents hits) {
	select {
	case s.mutating <- struct{}{}:
	case <-st.ctx.Done():
		documents.giveBack()
		return
	}
	bad := st.answer.mutate(documents, st.asked)
	<-s.mutating
	s.goOn(st, func() { s.sendDocument(st, bad) })
}

// sendDocument sends a bad document in place of the real one, or that where there is none.
func (s *session) sendDocument(st *h2stream, bad *badDocument) {
	if bad == nil {
		s.sendBody(st, st.top, st.toClient.data)
		return
	}
	s.forgetTrailers(st)
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

// forgetTrailers takes away what was said of the document that is not sent.
func (s *session) forgetTrailers(st *h2stream) {
	l := &st.toClient
	if st.trailers {
		s.held -= l.behind[0].cost()
		l.behind, l.end = l.behind[1:], true
	}
}

// sendBody sends an answer's headers, and begins with what there is of its body.
func (s *session) sendBody(st *h2stream, fields []hpack.HeaderField, body []byte) {
	l := &st.toClient
	more := len(body) - len(l.data)
	s.held += max(more, 0)
	s.down.unkeep(l, max(-more, 0))
	l.data, l.shut = body, false
	st.documents, st.buffers, st.relay = nil, false, true
	s.down.released += sizeOf(fields)
	s.down.writeHeaders(st.id, fields, false)
	s.down.pumpStream(st)
}

// withoutDocument returns headers without what they say of the real document. The status
// comes first.
func withoutDocument(fields []hpack.HeaderField) []hpack.HeaderField {
	return slices.DeleteFunc(slices.Clone(fields), func(f hpack.HeaderField) bool { return describesDocument(f.Name) })
}
