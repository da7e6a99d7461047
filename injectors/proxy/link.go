package proxy

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// A link is one direction of a session. Bytes that are fed to it reach its sink in
// order, through the toxics. One goroutine at a time feeds it: the feeder.
type link struct {
	session   *session
	direction stream.Direction
	sink      io.Writer
	end       func() error // tells the sink that no more will come

	chain  atomic.Pointer[chain] // nil: no toxic acts here, the feeder writes to the sink itself
	stages []*stage              // one for each toxic that acts here, in their order; guarded by conn.mu
	using  *chain                // where the bytes before these went; belongs to the feeder

	aborted atomic.Bool // the source did not end, it broke
	cut     atomic.Bool // a toxic ended the stream
	over    atomic.Bool // the stream has ended in good order, and the sink knows
	failed  atomic.Bool // writing to the sink failed
}

// A chain is what a link has while toxics act on it: a head that takes the bytes, a
// stage for each toxic, and a tail that writes to the sink.
type chain struct {
	head    *stage
	tail    *tail
	retired chan struct{} // closed when the head takes no more
}

type tail struct {
	port     port
	detached bool          // set before the port is closed: the chain retires, the stream goes on
	drained  chan struct{} // closed when all that the chain held is written
	failed   chan struct{} // closed when writing to the sink has failed
}

var errDead = errors.New("the connection is closed")

// deliver passes p on. It waits for the chain or the sink, and for nothing else.
func (l *link) deliver(p []byte) error {
	for {
		c, err := l.current()
		switch {
		case err != nil:
			return err
		case c == nil:
			return l.write(p)
		}
		chunk := &stream.StreamChunk{Data: bytes.Clone(p), Timestamp: time.Now()}
		if taken, err := l.hand(c, chunk); taken || err != nil {
			return err
		}
	}
}

// finish passes on that the source has ended. It is called once.
func (l *link) finish() {
	if l.direction == stream.Upstream {
		close(l.session.clientLeft)
	}
	for {
		c, err := l.current()
		switch {
		case err != nil:
			return
		case c == nil:
			l.endSink()
			return
		}
		if taken, err := l.hand(c, nil); taken || err != nil {
			return
		}
	}
}

// current returns the chain to feed now; nil means the sink itself. Before it returns
// another chain than the last time, everything in the last one has reached the sink.
func (l *link) current() (*chain, error) {
	c := l.chain.Load()
	if l.using != nil && l.using != c {
		select {
		case <-l.using.tail.drained:
		case <-l.session.dead:
			return nil, errDead
		}
	}
	l.using = c
	return c, nil
}

// hand gives a chunk to a chain. It reports false when the chain has retired.
func (l *link) hand(c *chain, chunk *stream.StreamChunk) (taken bool, err error) {
	select {
	case c.head.input.chunks <- chunk:
		return true, nil
	case <-c.retired:
		return false, nil
	case <-c.tail.failed:
		return false, errDead
	case <-l.session.dead:
		return false, errDead
	}
}

func (l *link) write(p []byte) error {
	if len(p) == 0 { // a slicer may cut off nothing; a gateway could not tell that from a stream that is stuck
		return nil
	}
	if l.direction == stream.Upstream {
		l.session.stopwatch.ask(p)
	}
	n, err := l.sink.Write(p)
	l.counts().sent[l.direction].Add(int64(n))
	if err != nil {
		l.fail()
	}
	return err
}

// fail notes that writing to the sink has failed. What the peer sent before still
// gets through: the other link reads from the same socket, and breaks when it has
// read everything. If that link has ended already, it notices nothing, so the
// session is killed here.
func (l *link) fail() {
	l.failed.Store(true)
	if l.other().over.Load() {
		l.session.kill(true)
	}
}

// other returns the link of the other direction.
func (l *link) other() *link {
	if l == l.session.up {
		return l.session.down
	}
	return l.session.up
}

func (l *link) counts() *counters { return &l.session.conn.proxy.counters }

// endSink is called once all bytes are written and no more will come.
func (l *link) endSink() {
	if l.direction == stream.Upstream {
		l.session.stopwatch.left.Store(true)
	}
	if l.cut.Load() || l.aborted.Load() {
		l.session.kill(l.aborted.Load())
		return
	}
	if l.end() != nil {
		l.session.kill(false)
		return
	}
	l.over.Store(true)
	if l.other().failed.Load() { // see fail
		l.session.kill(true)
		return
	}
	if l.session.directions.Add(-1) == 0 {
		l.session.kill(false)
	}
}

// drain writes what comes out of a chain, until the chain ends or the sink fails.
func (l *link) drain(t *tail) {
	for {
		select {
		case c, ok := <-t.port.chunks:
			switch {
			case ok:
				if l.write(c.Data) != nil {
					close(t.failed)
					return
				}
				continue
			case t.detached:
				close(t.drained)
			default:
				l.endSink()
			}
			return
		case <-l.session.dead:
			return
		}
	}
}

// start runs a goroutine of the link. The session waits for its end.
func (l *link) start(do func()) { l.session.work.Go(do) }

// reset ends the connection with a TCP reset, as the crash of a peer would.
func (l *link) reset() { l.session.reset() }

func (l *link) crashed(t *toxic, r any) {
	l.session.conn.proxy.log.Error("a toxic crashed; its connection ends", "toxic", t.name, "type", t.kind, "panic", r)
	l.session.reset()
}

// apply makes exactly the wanted toxics act on the link, in this order, and returns
// without waiting for a peer. The caller holds conn.mu.
func (l *link) apply(wanted []*toxic) {
	for i := len(l.stages) - 1; i >= 0; i-- {
		if !slices.ContainsFunc(wanted, func(t *toxic) bool { return t.id == l.stages[i].toxic.id }) {
			l.remove(i)
		}
	}
	if len(wanted) == 0 {
		l.retire()
		return
	}
	c := l.chain.Load()
	if c == nil {
		c = l.newChain()
	}
	defer c.head.start() // last: the stages of a new chain are put in place without orders
	for i, t := range wanted {
		switch {
		case i == len(l.stages) || l.stages[i].toxic.id != t.id:
			l.insert(c, i, t)
		case l.stages[i].toxic != t:
			l.stages[i].replaceToxic(t)
		}
	}
	l.chain.Store(c) // last: what is fed from now on meets all toxics
}

func (l *link) newChain() *chain {
	t := &tail{port: port{chunks: make(chan *stream.StreamChunk)}, drained: make(chan struct{}), failed: make(chan struct{})}
	c := &chain{head: newStage(l, 0, nil, t.port), tail: t, retired: make(chan struct{})}
	c.head.leave = func() {
		t.detached = true
		close(t.port.chunks)
	}
	l.start(func() { l.drain(t) })
	return c
}

// neighbours returns the stage in front of place i, and the port behind it.
func (l *link) neighbours(c *chain, i int) (before *stage, behind port) {
	before, behind = c.head, c.tail.port
	if i > 0 {
		before = l.stages[i-1]
	}
	if i < len(l.stages) {
		behind = l.stages[i].input
	}
	return before, behind
}

func (l *link) insert(c *chain, i int, t *toxic) {
	before, behind := l.neighbours(c, i)
	s := newStage(l, t.buffer, l.session.conn.meter(t), behind)
	s.toxic = t
	l.stages = slices.Insert(l.stages, i, s)
	s.loop.attach(t)
	s.start()
	before.reroute(nil, s.input)
}

func (l *link) remove(i int) {
	s := l.stages[i]
	l.stages = slices.Delete(l.stages, i, i+1)
	before, behind := l.neighbours(l.chain.Load(), i)
	s.removeToxic()
	before.reroute(s, behind)
}

// retire takes the chain out of use. The chain sends what it holds and ends.
func (l *link) retire() {
	if c := l.chain.Swap(nil); c != nil {
		c.head.retire(c.retired)
	}
}
