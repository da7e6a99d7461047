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

	replace *Rule // what takes the place of the answer, when that has come
	drained int   // bytes of it that came
	effect  *hit  // acts further on in the answer: on its status, or in the middle of its body
	left    int64 // how much of the body comes before that middle; -1: half of the first piece
	cut     bool  // the answer ended there
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
		case f.Removed():
			f.GiveBack()
		case delays(f):
			f.CountAffected()
			if !f.Delay(st.ctx) {
				early[i+1:].giveBack()
				return
			}
		default:
			if !s.goOn(st, func() { f.CountAffected(); s.answer(st, f.Rule) }) {
				f.GiveBack()
			}
			return
		}
	}
	s.goOn(st, func() { s.tryOpen(st) })
}

// goOn does something with a stream that waited. It is false if there is none any more.
func (s *session) goOn(st *h2stream, do func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if st.gone || s.over != nil {
		return false
	}
	do()
	s.up.kick()
	s.down.kick()
	return true
}

// applyLate does what faults want with an answer. empty says that it has no body.
func (s *session) applyLate(st *h2stream, empty bool) {
	var documents hits
	var effect *hit
	for i, f := range st.late {
		switch {
		case f.Removed():
			f.GiveBack()
			continue
		case f.Rule.mutation != nil:
			documents = append(documents, f)
			continue
		case delays(f):
			f.CountAffected()
			if !f.Delay(st.ctx) {
				st.late[i+1:].giveBack()
				documents.giveBack()
				return
			}
			continue
		}
		st.late[i+1:].giveBack()
		documents.giveBack()
		documents, effect = nil, &f
		break
	}
	ran := s.goOn(st, func() {
		st.meet(documents, effect, empty)
		s.down.openLane(st)
		s.settleStream(st)
	})
	switch {
	case !ran && effect != nil:
		effect.GiveBack()
	case !ran:
		documents.giveBack()
	case effect != nil && effect.Rule.when == after && effect.Rule.answer != nil:
		s.awaitEnd(st, effect.Rule)
	}
}

// meet notes what faults do with the answer, unless the one that acts has been removed since
// it was looked at. empty says that the answer has no body.
func (f *faulty) meet(documents hits, effect *hit, empty bool) {
	switch {
	case effect == nil:
		f.documents = documents
	case effect.Removed():
		effect.GiveBack()
	case effect.Rule.status != nil, effect.Rule.when == middle && !empty:
		f.effect = effect
	default:
		effect.CountAffected()
		f.replace = effect.Rule
	}
}

// acting returns what a fault does further on in an answer; nil when it is none, or has
// been removed.
func (f *faulty) acting() *Rule {
	if f.effect != nil && f.effect.Removed() {
		f.spare()
	}
	if f.effect == nil {
		return nil
	}
	return f.effect.Rule
}

// act counts that a fault acts, which it does once.
func (f *faulty) act() {
	f.effect.CountAffected()
	f.effect = nil
}

// spare gives back a fault that does not act.
func (f *faulty) spare() {
	if f.effect != nil {
		f.effect.GiveBack()
		f.effect = nil
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
		if !st.answered && st.replace == r {
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
	if first && !st.decided {
		s.spareRoom(st, sizeOf(fields)+heldCost)
	}
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
		if s.sendHeaders(st, fields, true); st.gone { // there was no room for them
			return
		}
		st.trailers = true
		s.endBody(st)
		return
	}
	rule := st.acting()
	switch {
	case rule == nil:
	case rule.status != nil:
		if s.replaceStatus(st, rule, fields, end) {
			return
		}
	case first:
		st.left = -1
		if n, err := strconv.ParseInt(http2Request(fields).value("content-length"), 10, 64); err == nil {
			st.left = n / 2
		}
	case end: // there was no body to cut
		s.cutOff(st)
		return
	}
	s.sendHeaders(st, fields, end)
}

// replaceStatus sends another status of gRPC with these headers or trailers. It is false if
// they are not those that have it. A call that a balancer answers in the place of its
// server, without gRPC, ends with that status all the same.
func (s *session) replaceStatus(st *h2stream, r *Rule, fields []hpack.HeaderField, end bool) bool {
	code, has := http2Request(fields).value(":status"), http2Request(fields).value("grpc-status") != ""
	switch {
	case code == "" || has:
		st.act()
		s.sendHeaders(st, r.status.replace(fields), end)
	case code[0] != '1' && (end || code != "200"):
		st.act()
		s.answer(st, r)
	default:
		return false
	}
	return true
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
	default:
		w.sendFaulty(st, f, kept)
	}
}

// sendFaulty sends data, unless a fault acts here.
func (w *way) sendFaulty(st *h2stream, f frame, kept bool) {
	switch rule := st.acting(); {
	case rule == nil, rule.status != nil && !f.ends():
		w.sendData(st, f, kept)
	case rule.status != nil: // which the call would end without
		f = f.clone()
		f.flags &^= flagEnd
		f.raw[4] = f.flags
		w.sendData(st, f, kept)
		w.endCall(st, rule)
	default:
		w.sendHalf(st, f, kept)
	}
}

// endCall ends a call of gRPC with a status.
func (w *way) endCall(st *h2stream, r *Rule) {
	st.act()
	w.sendHeaders(st, r.status.fields(), true)
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
func (s *session) cutOff(st *h2stream) {
	st.act()
	st.cut = true
	s.cancelUp(st)
	s.down.follow(st, heldFrame{pass: func() { s.reset(st, codeInternal) }})
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
	case !ended && st.acting() != nil && st.acting().status != nil:
		w.endCall(st, st.acting())
		w.follow(st, heldFrame{pass: func() { w.finish(st) }})
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
	st.spare()
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
