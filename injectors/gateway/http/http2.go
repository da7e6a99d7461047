package http

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2/hpack"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// HTTP/2 is passed on frame by frame. Each client's connection has one upstream connection,
// and what the two sides agree on, they agree on with each other: settings, pings and flow
// control go from end to end, so that nothing is buffered but what waits under a fault (see
// lane). Headers are read and written anew, because a request that
// the dependency never sees would put the tables of the compression out of step; streams
// have numbers of their own on each side, because a request that waits is opened later than
// others that came after it.

const (
	// maxStreams is how many requests an HTTP/2 client may have under way at once, where
	// the dependency sets no limit: far more than any client has, since streams that stay
	// open, such as those of gRPC, all take one. Each costs about a kilobyte.
	maxStreams = 20_000
	// eagerStreams is how many requests go to a dependency that has not said yet how many
	// it takes at once. There are hardly any that take fewer, and what is refused because
	// there are too many could not be told from a failure.
	eagerStreams = 10
	// maxHeaders is how many bytes of headers a message may have, packed or unpacked.
	maxHeaders = 1 << 20
	// maxPending is how many bytes may wait for a side that does not read, beside those
	// that a reader waits for or that waited under a fault.
	maxPending = 1 << 20
	// maxHeld is how many bytes a connection may have waiting before whoever sends them has
	// to wait, too, or streams are ended. It is also how much data a side may send ahead,
	// whatever the other one takes: all of it may have to wait.
	maxHeld = 64 << 20
	// partingTime is how long a dependency has to end its side when the client has ended.
	// It may not know yet: byte-level faults hold up what the client sent, and its end.
	partingTime = time.Minute
	// maxSettings is how many settings may come at once. Nobody has a tenth of them.
	maxSettings = 1000
	// heldCost is about how many bytes it costs that a frame waits.
	heldCost = 128
	// firstWindow is the window of a connection, and of a stream where nothing is said.
	firstWindow = 65535
	mostWindow  = 1<<31 - 1
)

// A session is a client's HTTP/2 connection, and the one to the dependency that belongs to
// it. All of it is guarded by mu.
type session struct {
	proxy     *Proxy
	ctx       context.Context // ends with the session; a session is the work that it bounds
	client    net.Conn
	upstream  stream.Upstream
	countCall func()
	work      sync.WaitGroup // what waits, and what writes beside the readers
	mutating  chan struct{}  // has room for one: documents are made bad one after the other

	mu       sync.Mutex
	changed  sync.Cond // what is written, windows, and requests that end
	up, down way
	over     error // nothing is passed on any more

	streams map[uint32]*h2stream // by the client's numbers
	sent    map[uint32]*h2stream // open at the dependency, by its numbers
	waiting []*h2stream          // to be opened there
	held    int                  // bytes that wait
	room    int                  // how many may: maxHeld
	last    uint32               // the client's last one
	next    uint32               // the next one at the dependency
	most    uint32               // how many the dependency takes at once

	written    uint32 // no stream at the dependency from this one on has been written to it
	moved      bool   // the client has taken something since this was last looked at
	broken     error  // how the dependency broke the connection, when a write met it
	clientGone bool   // what the dependency still says is dropped
	goneAway   bool   // no more requests are taken
	lastTaken  uint32 // the client's last one that was
}

// serveHTTP2 serves the rest of a connection on which the client turned out to speak HTTP/2.
func (c *conn) serveHTTP2() {
	s := newSession(c)
	c.queue.setHTTP2(&s.down)
	_ = c.up.Redirect(&s.up) // nothing has been kept
	err := c.up.Rest()
	s.end(err)
	c.cancel()
	_ = c.client.SetWriteDeadline(time.Now().Add(stream.LingerTime)) // of a client that does not read
	impatient := time.AfterFunc(partingTime, func() { _ = c.upstream.Close() })
	defer impatient.Stop()
	if !stream.Orderly(err) {
		stream.Abort(c.upstream)
	}
	s.work.Wait() // an upstream has one writer, and its end comes behind what is written
	_ = c.client.Close()
	if stream.Orderly(err) {
		_ = c.upstream.CloseWrite() // what is on its way there still arrives
	}
	c.queue.awaitAnswersEnd()
}

func newSession(c *conn) *session {
	s := &session{
		proxy: c.proxy, ctx: c.ctx, client: c.client, upstream: c.upstream, countCall: c.countCall,
		mutating: make(chan struct{}, 1), room: maxHeld,
		streams: map[uint32]*h2stream{}, sent: map[uint32]*h2stream{}, next: 1, most: eagerStreams,
	}
	s.changed.L = &s.mu
	s.up.start(s, c.upstream, true)
	s.down.start(s, c.client, false)
	return s
}

// end notes that the client has gone.
func (s *session) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over == nil {
		s.over = fmt.Errorf("the client has ended: %w", err)
	}
	s.clientGone = true
	s.dropAll()
}

func (s *session) dropAll() {
	for _, st := range s.streams {
		s.drop(st)
	}
	s.changed.Broadcast()
}

// upstreamEnded ends the client's connection as the dependency ended its own. The client is
// told to come back on another one, and which requests it may send again. Those that the
// dependency may have seen end as they would without the proxy, with the connection.
//
// A dependency that breaks a connection on which nothing is under way has closed it: it
// did so before it read all that was sent, such as the acknowledgment of its settings.
func (s *session) upstreamEnded(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return
	}
	if s.broken != nil {
		err = s.broken
	}
	if !stream.Orderly(err) && (s.unanswered() > 0 || !s.down.settled) {
		s.over = fmt.Errorf("the dependency broke the connection: %w", err)
		s.dropAll()
		stream.Reset(s.client)
		return
	}
	if s.down.settled || s.unanswered() == 0 {
		s.goAway(codeNone)
	}
	s.refuse(func(st *h2stream) bool { return !s.wasSent(st) })
	s.down.kick()
	s.awaitAnswers()
	if s.over == nil {
		s.over = fmt.Errorf("the dependency has ended: %w", err)
	}
	s.down.flush()
	s.dropAll()
	stream.Linger(s.client)
}

// goAway tells the client which of its requests is the last one that is taken.
func (s *session) goAway(code http2Error) {
	s.takeNoMore()
	s.down.writeGoAway(s.lastTaken, code)
}

// takeNoMore notes that no more requests are taken. Those that come cross with the news.
func (s *session) takeNoMore() {
	if !s.goneAway {
		s.goneAway, s.lastTaken = true, s.last
	}
}

// wasSent reports whether the dependency may have seen a request.
func (s *session) wasSent(st *h2stream) bool { return st.up != 0 && st.up < s.written }

// unanswered counts the requests that the dependency may have seen and owes an answer to.
func (s *session) unanswered() (n int) {
	for _, st := range s.streams {
		if s.wasSent(st) && !st.upDone && !st.answered {
			n++
		}
	}
	return n
}

// refuse tells the client of requests without an answer that it may send them again.
func (s *session) refuse(unseen func(*h2stream) bool) {
	for _, id := range slices.Sorted(maps.Keys(s.streams)) {
		if st := s.streams[id]; st != nil && !st.answered && !st.upDone && unseen(st) {
			s.reset(st, codeRefused)
		}
	}
}

// awaitAnswers waits for the answers that can still be given: for as long as faults hold
// them up, or the client takes more of them, but no longer than a while where it does not,
// or has others that cannot be given and that end with the connection.
func (s *session) awaitAnswers() {
	expired := false
	var timer *time.Timer
	timer = time.AfterFunc(stream.LingerTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if moved := s.moved; moved || s.unanswered() == 0 && s.holdsAnswers() {
			s.moved = false
			timer.Reset(stream.LingerTime)
			return
		}
		expired = true
		s.changed.Broadcast()
	})
	defer timer.Stop()
	for s.owesAnswers() && !expired && s.over == nil {
		s.changed.Wait()
	}
}

// owesAnswers reports whether there is more of an answer to give that has come.
func (s *session) owesAnswers() bool {
	for _, st := range s.streams {
		if !st.delivered && (!s.wasSent(st) || st.upDone || st.answered) {
			return true
		}
	}
	return false
}

// holdsAnswers reports whether an answer waits under a fault.
func (s *session) holdsAnswers() bool {
	for _, st := range s.streams {
		if st.toClient.closed || st.toClient.shut {
			return true
		}
	}
	return false
}

// fail ends the connection because of what one side sent.
func (s *session) fail(err error) {
	if s.over != nil {
		return
	}
	code := codeProtocol
	if e, ok := err.(http2Error); ok { //nolint:errorlint // never wrapped
		code = e
	}
	s.goAway(code)
	s.refuse(func(st *h2stream) bool { return st.up == 0 })
	s.over = err
	s.work.Go(func() {
		s.mu.Lock()
		s.down.flush()
		s.dropAll()
		s.mu.Unlock()
		stream.Linger(s.client)
		_ = s.upstream.Close() // nothing is wanted of it any more
	})
}

// An http2Error is a code of an error (RFC 9113, 7).
type http2Error uint32

const (
	codeNone        http2Error = 0
	codeProtocol    http2Error = 1
	codeInternal    http2Error = 2
	codeFlowControl http2Error = 3
	codeClosed      http2Error = 5
	codeFrameSize   http2Error = 6
	codeRefused     http2Error = 7
	codeCancel      http2Error = 8
	codeCompression http2Error = 9
	codeCalm        http2Error = 11
)

func (e http2Error) Error() string { return fmt.Sprintf("HTTP/2 error %d", uint32(e)) }

// An h2stream is one request and its answer.
type h2stream struct {
	id, up     uint32 // its numbers for the client, and at the dependency; 0: it is not open there
	head       []hpack.HeaderField
	headEnd    bool
	headCost   int  // of a head that waits: part of what is held
	clientDone bool // the request has come in full
	upDone     bool // the answer has
	gone       bool

	toUp, toClient lane
	ctx            context.Context // nil: no fault waits; ends with the stream, whose work it bounds
	cancel         context.CancelFunc

	answered   bool   // by the proxy
	delivered  bool   // the client has all of the answer
	heldWindow uint32 // what the client gave to a stream that is not open
	faulty            // what faults do to the answer
}

// holdHead keeps the headers of a request that waits. It is false when that took too much
// memory, and the request has been refused.
func (s *session) holdHead(st *h2stream) bool {
	if st.headCost > 0 {
		return true
	}
	st.head = slices.Clone(st.head)
	st.headCost = sizeOf(st.head) + heldCost
	s.held += st.headCost
	if s.held <= s.room {
		return true
	}
	s.reset(st, codeRefused)
	return false
}

// bound ends a stream of which something waits when too much does: twice the room, since
// the data of others may fill it once. One that the dependency does not know may be tried
// again.
func (s *session) bound(st *h2stream) {
	switch {
	case s.held <= 2*s.room:
	case st.up == 0 && !st.answered:
		s.reset(st, codeRefused)
	default:
		s.reset(st, codeCalm)
	}
}

func (s *session) forgetHead(st *h2stream) {
	s.held -= st.headCost
	st.head, st.headCost = nil, 0
}

// sizeOf is about how many bytes headers take.
func sizeOf(fields []hpack.HeaderField) (n int) {
	for _, f := range fields {
		n += int(f.Size())
	}
	return n
}

// drop forgets a stream. What waits of it is given back to the windows of the connection:
// the side that it came from would wait for ever.
func (s *session) drop(st *h2stream) {
	if st.gone {
		return
	}
	st.gone = true
	delete(s.streams, st.id)
	if !st.decided {
		st.late.giveBack()
	}
	st.documents.giveBack()
	st.spare()
	if st.cancel != nil {
		st.cancel()
	}
	s.up.clear(st)
	s.down.clear(st)
	s.forgetHead(st)
	if st.up == 0 {
		s.waiting = without(s.waiting, st)
	}
	s.leave(st)
	s.changed.Broadcast()
}

func without(list []*h2stream, st *h2stream) []*h2stream {
	if i := slices.Index(list, st); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// leave notes that a stream is over at the dependency.
func (s *session) leave(st *h2stream) {
	if st.up == 0 || s.sent[st.up] != st {
		return
	}
	delete(s.sent, st.up)
	s.up.clear(st)
	s.openWaiting()
}

func (s *session) openWaiting() {
	for len(s.waiting) > 0 && s.over == nil && !s.goneAway && uint32(len(s.sent)) < s.most {
		st := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.open(st)
	}
}

// tryOpen opens a stream at the dependency, now or when that takes one more.
func (s *session) tryOpen(st *h2stream) {
	if len(s.waiting) == 0 && uint32(len(s.sent)) < s.most {
		s.open(st)
		return
	}
	st.toUp.closed = true
	if s.holdHead(st) {
		s.waiting = append(s.waiting, st)
	}
}

func (s *session) open(st *h2stream) {
	st.up = s.next
	s.next += 2
	s.sent[st.up] = st
	s.up.released += st.headCost
	s.up.writeHeaders(st.up, st.head, st.headEnd)
	s.forgetHead(st)
	if st.heldWindow > 0 {
		s.up.writeFrame(frameWindow, 0, st.up, binary.BigEndian.AppendUint32(nil, st.heldWindow))
	}
	s.up.openLane(st)
	s.settleStream(st)
}

// settleStream forgets a stream that is over.
func (s *session) settleStream(st *h2stream) {
	if st.clientDone && st.upDone && st.toUp.idle() {
		s.leave(st)
	}
	if st.clientDone && st.delivered && (st.toUp.idle() || s.sent[st.up] != st) {
		s.drop(st)
	}
}

// reset ends a stream on both sides.
func (s *session) reset(st *h2stream, code http2Error) {
	if st.gone {
		return
	}
	s.down.writeReset(st.id, code)
	if st.up != 0 && s.sent[st.up] == st {
		s.up.writeReset(st.up, codeCancel)
	}
	s.drop(st)
}

func uint32Of(p []byte) uint32 { return binary.BigEndian.Uint32(p) }
