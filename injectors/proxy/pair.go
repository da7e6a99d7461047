package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// Sizes of what is read at once. Connections that idle hold the small buffer;
// those that are busy with bulk borrow a large one, as large as the chunks that
// Toxiproxy's toxics are used to.
const (
	smallRead = 4 << 10
	largeRead = 32 << 10
)

// A pair is the two links of one connection to an upstream.
type pair struct {
	conn     *conn
	upstream *net.TCPConn
	up, down *link
	fused    bool // the client's socket belongs to a gateway, not to the pair

	work       sync.WaitGroup
	directions atomic.Int32 // that have not ended
	dead       chan struct{}
	killed     sync.Once
	broken     bool           // killed by a reset; for those who have seen dead
	outlet     *io.PipeWriter // of a gateway's pair: what the down link writes to
}

func newPair(c *conn, upstream *net.TCPConn, fused bool) *pair {
	p := &pair{conn: c, upstream: upstream, fused: fused, dead: make(chan struct{})}
	p.directions.Store(2)
	p.up = &link{pair: p, direction: stream.Upstream, sink: upstream, end: upstream.CloseWrite}
	p.down = &link{pair: p, direction: stream.Downstream, sink: c.client, end: c.client.CloseWrite}
	return p
}

// relay carries bytes between the client and the upstream until both have ended
// or the pair is killed.
func (p *pair) relay() {
	p.work.Go(func() { p.down.pump(p.upstream) })
	p.up.pump(p.conn.client)
	<-p.dead
	p.release()
}

// release waits for all goroutines of a pair that is dead.
func (p *pair) release() {
	p.conn.detach(p) // first: a toxic that comes now would start more
	p.work.Wait()
}

// kill ends the pair, with a reset or in good order. Nothing waits for it.
func (p *pair) kill(abort bool) {
	p.killed.Do(func() {
		p.broken = abort
		if !p.fused {
			hangUp(p.conn.client, abort)
		}
		hangUp(p.upstream, abort)
		if p.outlet != nil && abort {
			p.outlet.CloseWithError(errReset)
		} else if p.outlet != nil {
			p.outlet.Close()
		}
		close(p.dead)
	})
}

// reset ends the connection on both sides, also when a gateway is between.
func (p *pair) reset() {
	if p.fused {
		p.conn.abort()
	}
	p.kill(true)
}

// hangUp closes a socket. The error is of no use: it is gone either way.
func hangUp(c *net.TCPConn, abort bool) {
	if abort {
		c.SetLinger(0)
	}
	c.Close()
}

// buffers lends out large buffers.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[largeRead]byte {
	if buf, ok := b.pool.Get().(*[largeRead]byte); ok {
		return buf
	}
	return new([largeRead]byte)
}

// pump feeds the link from a socket until that ends or breaks.
func (l *link) pump(src *net.TCPConn) {
	small := make([]byte, smallRead)
	for full := false; ; {
		n, err := l.carry(src, small, full)
		full = n >= smallRead
		if errors.Is(err, errStopped) {
			return
		}
		if err != nil {
			l.aborted.Store(err != io.EOF)
			l.finish()
			return
		}
	}
}

// errStopped means that a pump cannot go on, for a reason that is none of its
// source's.
var errStopped = errors.New("stopped")

// carry reads once and delivers.
func (l *link) carry(src *net.TCPConn, small []byte, bulk bool) (int, error) {
	buf := small
	if bulk || l.chain.Load() != nil {
		large := l.pair.conn.proxy.buffers.get()
		defer l.pair.conn.proxy.buffers.pool.Put(large)
		buf = large[:]
	}
	n, err := src.Read(buf)
	if n > 0 {
		l.counts().received[l.direction].Add(int64(n))
		if _, err := l.deliver(buf[:n]); err != nil {
			return n, errStopped
		}
	}
	return n, err
}
