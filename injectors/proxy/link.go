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

// A link is one direction of a pair: bytes that are fed to it reach its sink, in
// order, by way of the toxics. Whoever feeds it is one goroutine at a time.
type link struct {
	pair      *pair
	direction stream.Direction
	sink      io.Writer
	end       func() error // tells the sink that no more will come

	chain atomic.Pointer[chain] // nil: no toxic acts here, the feeder writes to the sink itself
	using *chain                // the feeder's: where the bytes before these went
	hops  []*hop                // one for each toxic that acts here, in their order; guarded by conn.mu

	aborted atomic.Bool // the source did not end, it broke
	cut     atomic.Bool // a toxic ended the stream
	over    atomic.Bool // the stream has ended in good order, and the sink was told
	failed  atomic.Bool // the sink takes no more
}

// A chain is what a link has while toxics act on it: a head that takes the bytes,
// the hops, and a tail that writes to the sink.
type chain struct {
	head    *hop
	tail    *tail
	retired chan struct{} // closed when the head takes no more
}

type tail struct {
	port    port
	left    bool          // written before the port is closed: the chain retires, the stream goes on
	drained chan struct{} // closed when all that the chain held is written
	failed  chan struct{} // closed when the sink takes no more
}

var (
	errDead = errors.New("the connection is closed")
	// errPlain ends a reader's wait for a chain that has retired.
	errPlain = errors.New("no toxic is left")
)

// deliver passes p on, and waits only for the chain or the sink. It says whether
// p went to the sink directly.
func (l *link) deliver(p []byte) (direct bool, err error) {
	for {
		c, err := l.current()
		switch {
		case err != nil:
			return false, err
		case c == nil:
			return true, l.write(p)
		}
		chunk := &stream.StreamChunk{Data: bytes.Clone(p), Timestamp: time.Now()}
		if taken, err := l.hand(c, chunk); taken || err != nil {
			return false, err
		}
	}
}

// finish tells the link that its source has ended.
func (l *link) finish() {
	for {
		c, err := l.current()
		switch {
		case err != nil:
			return
		case c == nil:
			l.ended()
			return
		}
		if taken, err := l.hand(c, nil); taken || err != nil {
			return
		}
	}
}

// current is the chain to use now; nil means the sink itself. What went another
// way before has reached the sink first.
func (l *link) current() (*chain, error) {
	c := l.chain.Load()
	if l.using != nil && l.using != c {
		select {
		case <-l.using.tail.drained:
		case <-l.pair.dead:
			return nil, errDead
		}
	}
	l.using = c
	return c, nil
}

// hand gives a chunk to a chain; it is not taken when the chain has retired.
func (l *link) hand(c *chain, chunk *stream.StreamChunk) (taken bool, err error) {
	select {
	case c.head.input.chunks <- chunk:
		return true, nil
	case <-c.retired:
		return false, nil
	case <-c.tail.failed:
		return false, errDead
	case <-l.pair.dead:
		return false, errDead
	}
}

func (l *link) write(p []byte) error {
	n, err := l.sink.Write(p)
	l.counts().sent[l.direction].Add(int64(n))
	if err != nil {
		l.fail()
	}
	return err
}

// fail notes that the sink takes no more. What its peer sent before that still
// gets through: the other link, whose source shares the socket, breaks when it has
// read it all. If that link has ended already, nobody else would notice.
func (l *link) fail() {
	l.failed.Store(true)
	if l.other().over.Load() {
		l.pair.kill(true)
	}
}

// other is the link of the pair's other direction.
func (l *link) other() *link {
	if l == l.pair.up {
		return l.pair.down
	}
	return l.pair.up
}

func (l *link) counts() *counters { return &l.pair.conn.proxy.counters }

// ended is called once all bytes are written and no more will come.
func (l *link) ended() {
	if l.cut.Load() || l.aborted.Load() {
		l.pair.kill(l.aborted.Load())
		return
	}
	if l.end() != nil {
		l.pair.kill(false)
		return
	}
	l.over.Store(true)
	if l.other().failed.Load() { // see fail
		l.pair.kill(true)
		return
	}
	if l.pair.directions.Add(-1) == 0 {
		l.pair.kill(false)
	}
}

// drain writes what comes out of a chain, until an error says that nothing can be
// written any more.
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
			case t.left:
				close(t.drained)
			default:
				l.ended()
			}
			return
		case <-l.pair.dead:
			return
		}
	}
}

// start runs a goroutine of the link's. The pair waits for it.
func (l *link) start(do func()) { l.pair.work.Go(do) }

// reset ends the connection as a crash of the peer would.
func (l *link) reset() { l.pair.reset() }

func (l *link) crashed(t *toxic, r any) {
	l.pair.conn.proxy.log.Error("a toxic crashed; its connection ends", "toxic", t.name, "type", t.kind, "panic", r)
	l.pair.reset()
}

// apply makes the toxics that act on the link those that are wanted, in this
// order, and returns at once. The caller holds conn.mu.
func (l *link) apply(wanted []*toxic) {
	for i := len(l.hops) - 1; i >= 0; i-- {
		if !slices.ContainsFunc(wanted, func(t *toxic) bool { return t.id == l.hops[i].toxic.id }) {
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
	defer c.head.launch() // last of a new chain, whose hops need not be told then
	for i, t := range wanted {
		switch {
		case i == len(l.hops) || l.hops[i].toxic.id != t.id:
			l.insert(c, i, t)
		case l.hops[i].toxic != t:
			l.hops[i].toxic = t
			l.hops[i].host(t)
		}
	}
	l.chain.Store(c) // last: what is fed from now on meets all of them
}

func (l *link) newChain() *chain {
	t := &tail{port: port{chunks: make(chan *stream.StreamChunk)}, drained: make(chan struct{}), failed: make(chan struct{})}
	c := &chain{head: newHop(l, 0, nil, t.port), tail: t, retired: make(chan struct{})}
	l.start(func() { l.drain(t) })
	return c
}

// around is the hop in front of place i, and the port behind it.
func (l *link) around(c *chain, i int) (before *hop, behind port) {
	before, behind = c.head, c.tail.port
	if i > 0 {
		before = l.hops[i-1]
	}
	if i < len(l.hops) {
		behind = l.hops[i].input
	}
	return before, behind
}

func (l *link) insert(c *chain, i int, t *toxic) {
	before, behind := l.around(c, i)
	h := newHop(l, t.buffer, l.pair.conn.meter(t), behind)
	h.toxic = t
	l.hops = slices.Insert(l.hops, i, h)
	h.admit(t)
	h.launch()
	before.reroute(nil, h.input)
}

func (l *link) remove(i int) {
	h := l.hops[i]
	l.hops = slices.Delete(l.hops, i, i+1)
	before, behind := l.around(l.chain.Load(), i)
	h.dismiss()
	before.reroute(h, behind)
}

// retire lets go of the chain: it empties itself, and ends.
func (l *link) retire() {
	c := l.chain.Swap(nil)
	if c == nil {
		return
	}
	c.head.order(func() {
		close(c.retired)
		c.head.quit = func() {
			c.tail.left = true
			close(c.tail.port.chunks)
		}
	})
}
