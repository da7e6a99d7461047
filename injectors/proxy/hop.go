package proxy

import (
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// A port is where a hop sends chunks: the input of the next hop or of the tail.
type port struct {
	chunks chan *stream.StreamChunk
	meter  *meter // of the toxic behind the port; nil when there is none
}

// A guest is a toxic at work on one link.
type guest struct {
	toxic *toxic
	stub  *toxics.ToxicStub
	out   <-chan *stream.StreamChunk // what the toxic sends; read by its hop alone
	done  chan struct{}              // closed when the toxic has returned
}

// A hop is one place in a chain: a goroutine that passes chunks from its input,
// or from the toxic that reads that input, to the next hop.
//
// The toxic is blocked whenever its output is not taken, and the library gives no
// way to stop one that is blocked. So its output goes to the hop and to nobody
// else, and the hop never blocks on one thing: whatever it waits for, it also
// takes orders. That is what makes a removal immediate.
//
// Chunks keep their order because every channel has one sender at a time. A hop
// that leaves is first emptied into its successor, while the hop before it waits;
// see reroute.
type hop struct {
	link   *link
	toxic  *toxic // the one that the hop is there for; nil at the head. Guarded by conn.mu
	runs   bool   // its goroutine has been started. Guarded by conn.mu
	input  port
	orders chan func()   // run by the hop's goroutine, one at a time
	exited chan struct{} // closed when that goroutine has ended
	gone   chan struct{} // closed when the hop has left the chain, empty

	// left is written by the sender before it closes the input: it means that the
	// hop is to leave, and not that the stream has ended.
	left bool

	// What follows belongs to the hop's goroutine.
	guest  *guest
	state  any                   // the toxic's own, kept when its attributes change
	queue  []*stream.StreamChunk // received and not yet sent
	next   port
	routes []route         // changes of next, oldest first
	wait   <-chan struct{} // closed when the hop that leaves our way is gone; nil: nothing to wait for
	after  port            // next, when wait is over
	ended  bool            // the stream has ended: so will the next hop, once all is sent
	quit   func()          // not nil: the hop leaves, by this, once all is sent
	killed bool            // the connection is dead, nothing matters
}

// A route says where a hop sends to, and who has to leave before it does.
type route struct {
	leaver *hop // nil: nobody
	next   port
}

func newHop(l *link, buffer int, m *meter, next port) *hop {
	return &hop{
		link:   l,
		input:  port{make(chan *stream.StreamChunk, buffer), m},
		orders: make(chan func()),
		exited: make(chan struct{}),
		gone:   make(chan struct{}),
		next:   next,
	}
}

// launch starts the hop, once.
func (h *hop) launch() {
	if !h.runs {
		h.runs = true
		h.link.start(h.run)
	}
}

// order runs do in the hop's goroutine and returns when it is done, or when the
// hop has ended and there is nothing left to order.
func (h *hop) order(do func()) {
	done := make(chan struct{})
	select {
	case h.orders <- func() { do(); close(done) }:
		<-done
	case <-h.exited:
	}
}

func (h *hop) run() {
	defer close(h.exited)
	for !h.finished() {
		h.step()
	}
}

// step waits for the next thing to happen. Input is taken only while nothing is
// held, so that a slow reader slows the sender down.
func (h *hop) step() {
	var source <-chan *stream.StreamChunk
	var sink chan<- *stream.StreamChunk
	var first *stream.StreamChunk
	size := 0 // of the first chunk, which is the receiver's once it is sent
	switch {
	case len(h.queue) == 0 && !h.ended && h.quit == nil:
		source = h.source()
	case len(h.queue) > 0 && h.wait == nil:
		sink, first = h.next.chunks, h.queue[0]
		size = len(first.Data)
	}
	select {
	case c, ok := <-source:
		h.take(c, ok)
	case sink <- first:
		h.sent(size)
	case do := <-h.orders:
		do()
	case <-h.wait:
		h.wait, h.next = nil, h.after
	case <-h.link.pair.dead:
		h.kill()
	}
}

func (h *hop) source() <-chan *stream.StreamChunk {
	if h.guest != nil {
		return h.guest.out
	}
	return h.input.chunks
}

// take handles what came from the source. A nil chunk is how a link tells its
// head that the stream has ended.
func (h *hop) take(c *stream.StreamChunk, ok bool) {
	switch {
	case c != nil:
		h.hold(c)
	case h.guest != nil:
		<-h.guest.done
		h.guest = nil
		h.closedByToxic()
	case !ok && h.left:
		h.quit = func() { close(h.gone) }
	default:
		h.ended = true
	}
}

// hold keeps a chunk until it is sent. Some toxics send empty ones.
func (h *hop) hold(c *stream.StreamChunk) {
	if len(c.Data) > 0 {
		h.queue = append(h.queue, c)
	}
}

func (h *hop) sent(size int) {
	if h.next.meter != nil {
		h.next.meter.pass(size)
	}
	h.queue[0] = nil
	h.queue = h.queue[1:]
}

// closedByToxic ends the stream behind a toxic that closed its output. If it did
// so although more could have come, it cut the connection.
func (h *hop) closedByToxic() {
	select {
	case _, ok := <-h.input.chunks:
		if ok {
			h.cut()
		}
	default:
		h.cut()
	}
	h.ended = true
}

func (h *hop) cut() {
	h.link.cut.Store(true)
	h.ended = true
	if h.input.meter != nil {
		h.input.meter.count()
	}
}

// finished carries out what can be once nothing is held, and says whether the
// hop's work is over.
func (h *hop) finished() bool {
	if h.killed {
		return true
	}
	for h.wait == nil && len(h.routes) > 0 {
		h.turn(h.routes[0])
		h.routes = h.routes[1:]
	}
	if len(h.queue) > 0 || h.wait != nil {
		return false
	}
	switch {
	case h.ended:
		if h.next.meter != nil {
			h.next.meter.pass(0)
		}
		close(h.next.chunks)
		return true
	case h.quit != nil:
		h.quit()
		return true
	}
	return false
}

// turn sends to another port from now on. The hop that leaves gets no more, and
// what it still holds goes first.
func (h *hop) turn(r route) {
	if r.leaver == nil {
		h.next = r.next
		return
	}
	r.leaver.left = true
	close(r.leaver.input.chunks)
	h.wait, h.after = r.leaver.gone, r.next
}

// reroute is an order: send to next, as soon as leaver, if any, has passed on all
// that it holds. Routes wait for one another: a hop that is leaving still sends to
// its successor, so the successor's input must not be closed before.
func (h *hop) reroute(leaver *hop, next port) {
	if !h.runs {
		h.next = next
		return
	}
	h.order(func() { h.routes = append(h.routes, route{leaver, next}) })
}

// host is an order: t, if not nil, reads the input from now on, in place of the
// guest that did so.
func (h *hop) host(t *toxic) {
	h.order(func() {
		h.evict()
		if t != nil && !h.ended {
			h.admit(t)
		}
	})
}

// dismiss is an order: the guest leaves for good. A toxic that has swallowed data
// (timeout) leaves the stream with a hole, so the connection ends.
func (h *hop) dismiss() {
	h.order(func() {
		if h.guest == nil {
			return
		}
		_, swallows := h.guest.toxic.impl.(toxics.CleanupToxic)
		h.evict()
		if swallows && h.input.meter.hit.Load() && !h.ended {
			h.cut()
		}
	})
}

func (h *hop) admit(t *toxic) {
	out := make(chan *stream.StreamChunk)
	g := &guest{
		toxic: t,
		stub:  toxics.NewToxicStub(h.input.chunks, out),
		out:   out,
		done:  make(chan struct{}),
	}
	if stateful, ok := t.impl.(toxics.StatefulToxic); ok && h.state == nil {
		h.state = stateful.NewState()
	} else if _, ok := t.impl.(*resetPeer); ok {
		h.state = h
	}
	g.stub.State = h.state
	h.guest = g
	h.link.start(func() { h.work(g) })
}

// work runs a toxic. Attributes that crash the library's toxics are refused
// before they get here; should one crash all the same, it takes its connection
// with it and not the process.
func (h *hop) work(g *guest) {
	defer close(g.done)
	defer func() {
		if r := recover(); r != nil {
			h.link.crashed(g.toxic, r)
		}
	}()
	g.toxic.impl.Pipe(g.stub)
}

// reset ends the connection, as reset_peer wants it.
func (h *hop) reset() {
	h.input.meter.count()
	h.link.reset()
}

// evict stops the guest and keeps what it still sends. A toxic that is interrupted
// lets go of the chunk it is holding; one that is blocked sending can go on
// because its output is taken here.
func (h *hop) evict() {
	g := h.guest
	if g == nil {
		return
	}
	h.guest = nil
	interrupt, out, open := g.stub.Interrupt, g.out, true
	for {
		select {
		case interrupt <- struct{}{}:
			interrupt = nil
		case c, ok := <-out:
			if !ok {
				out, open = nil, false
				continue
			}
			h.hold(c)
		case <-g.done:
			if !open || isClosed(out) {
				h.closedByToxic()
			}
			return
		}
	}
}

// isClosed tells whether a toxic that has returned had closed its output.
func isClosed(out <-chan *stream.StreamChunk) bool {
	select {
	case _, ok := <-out:
		return !ok
	default:
		return false
	}
}

func (h *hop) kill() {
	h.evict()
	h.killed = true
}
