package http

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"
)

// An http2Request is a request of HTTP/2 as filters look at it.
type http2Request []hpack.HeaderField

func (r http2Request) value(name string) string {
	for _, f := range r {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func (r http2Request) method() []byte { return []byte(r.value(":method")) }
func (r http2Request) grpc() bool     { return isGRPC(r.value("content-type")) }

func (r http2Request) path() []byte {
	path, _, _ := strings.Cut(r.value(":path"), "?")
	return []byte(path)
}

func (r http2Request) hasHeader(name string, ok func([]byte) bool) bool {
	var cookies []string // which come crumb by crumb (RFC 9113, 8.2.3)
	for _, f := range r {
		switch {
		case !strings.EqualFold(f.Name, name) && (f.Name != ":authority" || !strings.EqualFold(name, "Host")):
		case f.Name == "cookie":
			cookies = append(cookies, f.Value)
		case ok([]byte(f.Value)):
			return true
		}
	}
	return len(cookies) > 0 && ok([]byte(strings.Join(cookies, "; ")))
}

// faulty is what faults do to an answer.
type faulty struct {
	late    hits
	decided bool // what late ones do: it cannot be given back

	replace *Rule       // what takes the place of the answer, when that has come
	drained int         // bytes of it that came
	status  *grpcStatus // takes the place of the dependency's
	half    bool        // the client gets half of the body
	left    int64       // of that half; -1: of the first piece
	cut     bool        // that has been done
	toHEAD  bool
	documented
}

// meetFaults is true when a request waits or is answered because of faults.
func (w *way) meetFaults(st *h2stream) bool {
	asked := http2Request(st.head)
	early, late := w.proxy.hit(asked).split()
	if len(early)+len(late) == 0 {
		return false
	}
	st.late, st.toHEAD = late, asked.value(":method") == "HEAD"
	st.head = slices.Clone(st.head)
	if len(late.onDocuments()) > 0 && isDocumentRequest(asked) {
		w.askForDocument(st)
	}
	st.ctx, st.cancel = context.WithCancel(w.ctx)
	if len(early) == 0 {
		return false
	}
	st.toUp.closed = true
	if w.holdHead(st) {
		w.work.Go(func() { w.applyEarly(st, early) })
	} else {
		early.giveBack()
	}
	return true
}

// applyEarly does what faults want before the dependency sees a request.
func (s *session) applyEarly(st *h2stream, early hits) {
	for i, f := range early {
		switch {
		case !f.Apply():
		case delays(f):
			if !f.Delay(st.ctx) {
				early[i+1:].giveBack()
				return
			}
		default:
			s.goOn(st, func() { s.answer(st, f.Rule) })
			return
		}
	}
	s.goOn(st, func() { s.tryOpen(st) })
}

// goOn does something with a stream that waited, if there is still one.
func (s *session) goOn(st *h2stream, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.gone || s.over != nil {
		return
	}
	do()
	s.up.kick()
	s.down.kick()
}

// applyLate does what faults want with an answer. empty says that it has no body.
func (s *session) applyLate(st *h2stream, empty bool) {
	var documents hits
	var rule *Rule
	for i, f := range st.late {
		if f.Rule.mutation != nil {
			documents = append(documents, f)
			continue
		}
		if !f.Apply() {
			continue
		}
		if delays(f) {
			if !f.Delay(st.ctx) {
				st.late[i+1:].giveBack()
				documents.giveBack()
				return
			}
			continue
		}
		st.late[i+1:].giveBack()
		documents.giveBack()
		documents, rule = nil, f.Rule
		break
	}
	s.goOn(st, func() {
		switch {
		case rule == nil:
			st.documents = documents
		case rule.status != nil:
			st.status = rule.status
		case rule.when == middle && !empty:
			st.half = true
		default:
			st.replace = rule
		}
		s.down.openLane(st)
		s.settleStream(st)
	})
	if rule != nil && rule.when == after && rule.answer != nil {
		s.awaitEnd(st, rule)
	}
}

// awaitEnd gives an answer that is replaced a while to end, as on HTTP/1.1. One that does
// not end soon, as that of a stream or a tunnel, is replaced all the same.
func (s *session) awaitEnd(st *h2stream, r *Rule) {
	t := time.NewTimer(settleTime)
	defer t.Stop()
	select {
	case <-t.C:
	case <-st.ctx.Done():
		return
	}
	s.goOn(st, func() {
		if !st.answered {
			s.answer(st, r)
		}
	})
}

// deliverHeaders sends the client the headers or the trailers of an answer, with what
// faults make of it.
func (s *session) deliverHeaders(st *h2stream, fields []hpack.HeaderField, end bool) {
	if st.gone || st.answered || st.cut {
		return
	}
	code := http2Request(fields).value(":status")
	first := code != "" && code[0] != '1'
	switch {
	case first && len(st.late) > 0 && !st.decided:
		st.decided, st.toClient.closed = true, true
		fields = slices.Clone(fields)
		s.down.hold(st, heldFrame{pass: func() { s.deliverHeaders(st, fields, end) }, rest: sizeOf(fields)})
		empty := end || http2Request(fields).value("content-length") == "0"
		s.work.Go(func() { s.applyLate(st, empty) })
		return
	case st.replace != nil:
		if end || st.replace.answer == nil { // a break has nothing to wait for
			s.answer(st, st.replace)
		}
		return
	case first && len(st.documents) > 0:
		s.beginDocument(st, slices.Clone(fields), end)
		return
	case (st.buffers || st.relay) && !end:
		s.reset(st, codeProtocol) // trailers are the last of an answer
		return
	case st.buffers:
		s.sendHeaders(st, fields, true)
		st.trailers = true
		s.endBody(st)
		return
	case st.half && first:
		st.left = -1
		if n, err := strconv.ParseInt(http2Request(fields).value("content-length"), 10, 64); err == nil {
			st.left = n / 2
		}
	}
	if st.status != nil && (code == "" || http2Request(fields).value("grpc-status") != "") {
		fields = st.status.replace(fields)
	}
	s.sendHeaders(st, fields, end)
}

func (s *session) sendHeaders(st *h2stream, fields []hpack.HeaderField, end bool) {
	if !end {
		s.down.writeHeaders(st.id, fields, false)
		return
	}
	fields = slices.Clone(fields)
	s.down.follow(st, heldFrame{pass: func() {
		s.down.writeHeaders(st.id, fields, true)
		s.down.ended(st)
	}, rest: sizeOf(fields)})
}

// replace returns headers or trailers with the status in place of the one that is there.
func (g *grpcStatus) replace(fields []hpack.HeaderField) []hpack.HeaderField {
	out := slices.DeleteFunc(slices.Clone(fields), func(f hpack.HeaderField) bool { return strings.HasPrefix(f.Name, "grpc-") && isStatus(f.Name) })
	return append(out, g.fields()...)
}

func isStatus(name string) bool {
	return name == "grpc-status" || name == "grpc-message" || name == "grpc-status-details-bin"
}

// deliverData passes data on: that of an answer with what faults make of it. kept says that
// it waited, and is accounted for.
func (w *way) deliverData(st *h2stream, f frame, kept bool) {
	n := len(f.payload())
	switch {
	case w.fromClient:
		w.sendData(st, f, kept)
	case st.gone || st.answered || st.cut:
		w.swallow(st, n, kept)
	case st.replace != nil:
		st.drained += n
		w.swallow(st, n, kept)
		w.up.writeStreamCredit(st.live(w.session), n)
		if f.ends() || st.drained > settleLimit {
			w.answer(st, st.replace)
		}
	case st.buffers:
		w.takeBody(st, f, kept)
	case st.half:
		w.sendHalf(st, f, kept)
	default:
		w.sendData(st, f, kept)
	}
}

// sendHalf sends what belongs to the first half of an answer's body: of one that does not
// say how long it is, that is half of the first piece.
func (w *way) sendHalf(st *h2stream, f frame, kept bool) {
	p, err := f.unpadded()
	if err != nil {
		w.swallow(st, len(f.payload()), kept)
		w.fail(err)
		return
	}
	if len(p) == 0 && !f.ends() {
		w.swallow(st, len(f.payload()), kept)
		w.up.writeStreamCredit(st.live(w.session), len(f.payload()))
		return
	}
	if st.left < 0 {
		st.left = int64(len(p) / 2)
	}
	n := min(st.left, int64(len(p)))
	st.left -= n
	w.swallow(st, len(f.payload())-int(n), kept)
	part := way{}
	part.writeFrame(frameData, 0, st.id, p[:n])
	if n > 0 {
		w.sendData(st, frame{kind: frameData, id: st.id, raw: part.out}, kept)
	}
	if st.left == 0 || f.ends() {
		w.cutOff(st)
	}
}

// cutOff ends an answer behind what there is of it.
func (w *way) cutOff(st *h2stream) {
	st.cut = true
	w.cancelUp(st)
	w.follow(st, heldFrame{pass: func() { w.reset(st, codeInternal) }})
}

// cancelUp tells the dependency that nothing more is wanted of a stream.
func (s *session) cancelUp(st *h2stream) {
	if s.sent[st.up] == st {
		s.up.writeReset(st.up, codeCancel)
		s.leave(st)
	}
}

// deliverReset passes on that the dependency has ended a stream, behind what it has sent;
// ended says that the answer had come in full.
func (w *way) deliverReset(st *h2stream, f frame, ended bool) {
	switch {
	case st.gone || st.answered || st.cut:
	case st.replace != nil:
		w.answer(st, st.replace)
	default:
		if st.buffers && !ended {
			st.documents.skipAll(reasonOf(false))
			st.documents = nil
			w.clear(st)
			st.toClient.shut = false
		}
		f = f.clone()
		w.follow(st, heldFrame{pass: func() {
			w.write(f, st.id)
			w.drop(st)
		}})
	}
}

// endedBefore reports whether the dependency has ended a stream that the client sends on.
func (st *h2stream) endedBefore(s *session) bool { return st.up != 0 && s.sent[st.up] != st }

// live returns the stream's number at the dependency, while it is open there.
func (st *h2stream) live(s *session) uint32 {
	if st.upDone || s.sent[st.up] != st {
		return 0
	}
	return st.up
}

// answer does what a fault wants in place of the dependency's answer.
func (s *session) answer(st *h2stream, r *Rule) {
	if !st.decided {
		st.decided = true
		st.late.giveBack()
	}
	st.answered = true
	s.cancelUp(st)
	s.up.clear(st)
	s.down.clear(st)
	switch {
	case r.status != nil:
		s.down.writeHeaders(st.id, append([]hpack.HeaderField{{Name: ":status", Value: "200"}, {Name: "content-type", Value: "application/grpc"}}, r.status.fields()...), true)
		s.finish(st)
	case r.answer != nil:
		body := r.answer.body
		if st.toHEAD || isBodiless(r.answer.status) {
			body = ""
		}
		s.down.writeHeaders(st.id, r.answer.fields(), body == "")
		if body == "" {
			s.finish(st)
			return
		}
		st.toClient.data, st.toClient.shared = r.answer.content, true
		st.toClient.end = true
		s.down.pumpStream(st)
		s.down.follow(st, heldFrame{pass: func() { s.finish(st) }})
	default:
		s.down.writeReset(st.id, codeInternal)
		s.drop(st)
	}
}

// finish forgets a stream whose answer has been sent. A client that still sends need not
// go on.
func (s *session) finish(st *h2stream) {
	if !st.clientDone {
		s.down.writeReset(st.id, codeNone)
		s.cancelUp(st)
	}
	s.drop(st)
}
