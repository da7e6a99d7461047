package proxy

import (
	"github.com/Shopify/toxiproxy/v2/stream"
)

// A port is where a stage sends chunks: the input of the next stage or of the tail.
type port struct {
	chunks chan *stream.StreamChunk
	meter  *meter // counts for the toxic behind the port; nil when there is none
}

// A stage is one place in a chain: a goroutine that passes chunks from its input,
// or from the toxic that reads that input, to the next stage.
//
// A toxic blocks as long as its output is not taken, and the library has no way to
// stop a toxic that is blocked. So only the stage reads the toxic's output, and the
// stage never blocks on one thing: whatever it waits for, it also takes orders. That
// makes a removal immediate.
//
// Chunks keep their order because every channel has one sender at a time. A stage
// that leaves the chain is first emptied into its successor, while the stage before
// it waits; see [stage.reroute].
//
// # Who may touch what
//
//   - The fields of stage do not change, but for started and toxic, which conn.mu
//     guards, and detached, which the previous stage writes before it closes input.
//     Its methods are called with conn.mu held.
//   - A [stageLoop] is everything that the stage's goroutine works with. It belongs to
//     that goroutine alone; others reach it only by an order.
//   - A [pipe] is shared with the goroutine that runs the toxic, by channels.
type stage struct {
	link   *link
	input  port
	leave  func()                // signals that the stage has left the chain, empty
	gone   chan struct{}         // closed by leave, but for the head of a chain
	orders chan func(*stageLoop) // run by the stage's goroutine, one at a time
	exited chan struct{}         // closed when that goroutine has ended
	loop   *stageLoop            // belongs to that goroutine once it has started

	started bool   // the goroutine has been started
	toxic   *toxic // the toxic that the stage is there for; nil at the head

	// detached means that the closed input is the order to leave, and not the end of
	// the stream.
	detached bool
}

// newStage returns a stage that sends to next. It is part of the chain as soon as
// something sends to its input, and does nothing before [stage.start].
func newStage(l *link, buffer int, m *meter, next port) *stage {
	s := &stage{
		link:   l,
		input:  port{make(chan *stream.StreamChunk, buffer), m},
		gone:   make(chan struct{}),
		orders: make(chan func(*stageLoop)),
		exited: make(chan struct{}),
	}
	s.leave = func() { close(s.gone) }
	s.loop = &stageLoop{stage: s, next: next}
	return s
}

// start starts the stage's goroutine. Further calls do nothing.
func (s *stage) start() {
	if !s.started {
		s.started = true
		s.link.start(s.loop.run)
	}
}

// order runs do in the stage's goroutine and returns when it is done, or when that
// goroutine has ended and there is nothing left to do. Before the goroutine has
// started, the caller owns the loop and runs do itself.
func (s *stage) order(do func(*stageLoop)) {
	if !s.started {
		do(s.loop)
		return
	}
	done := make(chan struct{})
	select {
	case s.orders <- func(l *stageLoop) { do(l); close(done) }:
		<-done
	case <-s.exited:
	}
}

// reroute makes the stage send to next, as soon as the leaver, if there is one, has
// passed on all that it holds. Routes wait for one another: a stage that is leaving
// still sends to its successor, so the successor's input must not be closed before.
func (s *stage) reroute(leaver *stage, next port) {
	s.order(func(l *stageLoop) { l.routes = append(l.routes, route{leaver, next}) })
}

// replaceToxic makes t read the input from now on, in place of the toxic that does.
func (s *stage) replaceToxic(t *toxic) {
	s.toxic = t
	s.order(func(l *stageLoop) {
		l.detach()
		if l.state < ending {
			l.attach(t)
		}
	})
}

// removeToxic detaches the toxic for good. A toxic that has swallowed data (timeout)
// leaves a hole in the stream, so the connection ends.
func (s *stage) removeToxic() {
	s.order((*stageLoop).remove)
}

// retire makes the head of a chain send what it holds and leave. Nothing feeds it
// any more once retired is closed.
func (s *stage) retire(retired chan<- struct{}) {
	s.order(func(l *stageLoop) {
		close(retired)
		l.enter(leaving)
	})
}

// reset ends the connection with a TCP reset, as reset_peer wants it. The toxic's
// own goroutine calls it.
func (s *stage) reset() {
	s.input.meter.count()
	s.link.reset()
}
