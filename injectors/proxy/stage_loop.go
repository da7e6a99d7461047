package proxy

import (
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
)

// A stageState says what a stage still has to do. A stage never goes back to an
// earlier one: one whose stream has ended, for example, does not leave any more.
//
//	         detached, or order retire                  all sent: leave()
//	passing ──────────────────────────► leaving ───────────────────────────────► over
//	   │
//	   │     the stream ended, or a toxic ended it      all sent: end the next stage
//	   └──────────────────────────────► ending ────────────────────────────────► over
//
//	any      the connection is dead                     at once
//	state ────────────────────────────► killed ────────────────────────────────► over
//
// Beside its state, a stage may be rerouting (waitFor is not nil): it sends nothing
// until the stage that leaves is gone. Only a killed stage is over while it does.
type stageState uint8

const (
	passing stageState = iota // takes chunks and sends them on
	leaving                   // sends what it holds, then leaves the chain; the stream goes on
	ending                    // sends what it holds, then ends the next stage
	killed                    // sends nothing any more
)

// A stageLoop is the working state of a stage. It belongs to the stage's goroutine.
type stageLoop struct {
	stage *stage
	state stageState

	pipe       *pipe                 // the toxic at work; nil: chunks pass as they are
	toxicState any                   // the toxic's own state, kept when its attributes change
	queue      []*stream.StreamChunk // received and not yet sent

	next    port
	routes  []route         // changes of next, oldest first
	waitFor <-chan struct{} // while rerouting: closed when the stage that leaves is gone; nil otherwise
	after   port            // while rerouting: next, once waitFor is closed
}

// A route is a change of the port that a stage sends to.
type route struct {
	leaver *stage // leaves the chain before the change takes effect; may be nil
	next   port
}

// A pipe is a toxic at work on one link.
type pipe struct {
	toxic *toxic
	stub  *toxics.ToxicStub
	out   <-chan *stream.StreamChunk // what the toxic sends
	done  chan struct{}              // closed when the toxic has returned
}

func (l *stageLoop) run() {
	defer close(l.stage.exited)
	for !l.finished() {
		l.step()
	}
}

// step waits for the next event. It takes input only while it holds nothing, so that
// a slow reader slows the sender down.
func (l *stageLoop) step() {
	var source <-chan *stream.StreamChunk
	var sink chan<- *stream.StreamChunk
	var first *stream.StreamChunk
	size := 0 // of the first chunk, which belongs to the receiver once it is sent
	switch {
	case len(l.queue) == 0 && l.state == passing:
		source = l.source()
	case len(l.queue) > 0 && l.waitFor == nil:
		sink, first = l.next.chunks, l.queue[0]
		size = len(first.Data)
	}
	select {
	case c, ok := <-source:
		l.receive(c, ok)
	case sink <- first:
		l.sent(size)
	case do := <-l.stage.orders:
		do(l)
	case <-l.waitFor:
		l.waitFor, l.next = nil, l.after
	case <-l.stage.link.session.dead:
		l.kill()
	}
}

// finished does what can be done once nothing is held, and reports whether the
// stage's work is over.
func (l *stageLoop) finished() bool {
	if l.state == killed {
		return true
	}
	for l.waitFor == nil && len(l.routes) > 0 {
		l.take(l.routes[0])
		l.routes = l.routes[1:]
	}
	if len(l.queue) > 0 || l.waitFor != nil {
		return false
	}
	switch l.state {
	case ending:
		if l.next.meter != nil {
			l.next.meter.pass(0)
		}
		close(l.next.chunks)
		return true
	case leaving:
		l.stage.leave()
		return true
	}
	return false
}

// enter goes to a state, unless a later one is reached already.
func (l *stageLoop) enter(s stageState) { l.state = max(l.state, s) }

// take starts to send to another port. The stage that leaves gets no more chunks,
// and what it still holds is sent first.
func (l *stageLoop) take(r route) {
	if r.leaver == nil {
		l.next = r.next
		return
	}
	r.leaver.detached = true
	close(r.leaver.input.chunks)
	l.waitFor, l.after = r.leaver.gone, r.next
}

func (l *stageLoop) source() <-chan *stream.StreamChunk {
	if l.pipe != nil {
		return l.pipe.out
	}
	return l.stage.input.chunks
}

// receive handles what came from the source. A link sends its head a nil chunk when
// the stream has ended.
func (l *stageLoop) receive(c *stream.StreamChunk, ok bool) {
	switch {
	case c != nil:
		l.enqueue(c)
	case l.pipe != nil:
		<-l.pipe.done
		l.pipe = nil
		l.closedByToxic()
	case !ok && l.stage.detached:
		l.enter(leaving)
	default:
		l.enter(ending)
	}
}

// enqueue keeps a chunk until it is sent. It drops empty chunks, which some toxics
// send.
func (l *stageLoop) enqueue(c *stream.StreamChunk) {
	if len(c.Data) > 0 {
		l.queue = append(l.queue, c)
	}
}

func (l *stageLoop) sent(size int) {
	if l.next.meter != nil {
		l.next.meter.pass(size)
	}
	l.queue[0] = nil
	l.queue = l.queue[1:]
}

// closedByToxic ends the stream behind a toxic that closed its output. When more
// input could have come, the toxic has cut the connection.
func (l *stageLoop) closedByToxic() {
	select {
	case _, ok := <-l.stage.input.chunks:
		if ok {
			l.cut()
		}
	default:
		l.cut()
	}
	l.enter(ending)
}

func (l *stageLoop) cut() {
	l.stage.link.cut.Store(true)
	l.enter(ending)
	if l.stage.input.meter != nil {
		l.stage.input.meter.count()
	}
}

// attach puts a toxic to work on the input.
func (l *stageLoop) attach(t *toxic) {
	out := make(chan *stream.StreamChunk)
	p := &pipe{
		toxic: t,
		stub:  toxics.NewToxicStub(l.stage.input.chunks, out),
		out:   out,
		done:  make(chan struct{}),
	}
	if l.toxicState == nil {
		l.toxicState = l.newState(t)
	}
	p.stub.State = l.toxicState
	l.pipe = p
	link := l.stage.link
	link.start(func() { p.run(link) })
}

// newState returns what a toxic remembers of one link; nil: nothing.
func (l *stageLoop) newState(t *toxic) any {
	switch impl := t.impl.(type) {
	case *limitData:
		return &limited{count: l.stage.input.meter.count}
	case *resetPeer:
		return l.stage
	case *timeout:
		return waited(l.stage.link.session.clientLeft)
	case toxics.StatefulToxic:
		return impl.NewState()
	}
	return nil
}

// detach stops the toxic, if there is one, and keeps what it still sends. A toxic
// that is interrupted lets go of the chunk that it holds. One that is blocked
// sending can go on, because its output is taken here.
func (l *stageLoop) detach() {
	p := l.pipe
	if p == nil {
		return
	}
	l.pipe = nil
	interrupt, out, open := p.stub.Interrupt, p.out, true
	for {
		select {
		case interrupt <- struct{}{}:
			interrupt = nil
		case c, ok := <-out:
			if !ok {
				out, open = nil, false
				continue
			}
			l.enqueue(c)
		case <-p.done:
			if !open || isClosed(out) {
				l.closedByToxic()
			}
			return
		}
	}
}

// remove is the order of [stage.removeToxic].
func (l *stageLoop) remove() {
	if l.pipe == nil {
		return
	}
	_, swallows := l.pipe.toxic.impl.(toxics.CleanupToxic)
	l.detach()
	if swallows && l.stage.input.meter.hit.Load() && l.state < ending {
		l.cut()
	}
}

func (l *stageLoop) kill() {
	l.detach()
	l.enter(killed)
}

// run runs the toxic. Attributes that crash the library's toxics are refused before
// they get here. Should a toxic crash all the same, it ends its connection and not
// the process.
func (p *pipe) run(l *link) {
	defer close(p.done)
	defer func() {
		if r := recover(); r != nil {
			l.crashed(p.toxic, r)
		}
	}()
	p.toxic.impl.Pipe(p.stub)
}

// isClosed reports whether a toxic that has returned had closed its output.
func isClosed(out <-chan *stream.StreamChunk) bool {
	select {
	case _, ok := <-out:
		return !ok
	default:
		return false
	}
}
