package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// How much is read at once. A connection always has the small buffer. While it is
// busy with bulk data it borrows a large one, of the size of Toxiproxy's chunks.
const (
	smallRead = 4 << 10
	largeRead = 32 << 10
)

// A session is one connection to an upstream for one client, and the two links
// between them.
type session struct {
	conn          *conn
	upstream      *net.TCPConn
	up, down      *link
	stopwatch     stopwatch
	behindGateway bool // the client's socket belongs to a gateway, not to the session

	work       sync.WaitGroup
	directions atomic.Int32  // that have not ended
	clientLeft chan struct{} // closed when the client has ended its side
	dead       chan struct{}
	killed     sync.Once
	broken     bool           // killed by a reset; readable once dead is closed
	outlet     *io.PipeWriter // behind a gateway: what the down link writes to
}

func newSession(c *conn, upstream *net.TCPConn, behindGateway bool) *session {
	p := &session{conn: c, upstream: upstream, behindGateway: behindGateway, clientLeft: make(chan struct{}), dead: make(chan struct{})}
	p.stopwatch.times = c.proxy.counters.answers
	p.directions.Store(2)
	p.up = &link{session: p, direction: stream.Upstream, sink: upstream, end: upstream.CloseWrite}
	p.down = &link{session: p, direction: stream.Downstream, sink: c.client, end: c.client.CloseWrite}
	return p
}

// carry carries bytes between the client and the upstream until both have ended or
// the session is killed.
func (p *session) carry() {
	p.work.Go(func() { p.down.pump(p.upstream) })
	p.up.pump(p.conn.client)
	<-p.dead
	p.wait()
}

// wait waits for all goroutines of a session that is dead.
func (p *session) wait() {
	p.conn.removeSession(p) // first: a toxic that is added now would start more
	p.work.Wait()
}

// kill ends the session, with a reset or in good order. It does not wait.
func (p *session) kill(abort bool) {
	p.killed.Do(func() {
		p.broken = abort
		p.stopwatch.giveUp() // first: the reader of a socket that is closed takes it for the upstream's end
		if !p.behindGateway {
			hangUp(p.conn.client, abort)
		}
		hangUp(p.upstream, abort)
		if p.outlet != nil && abort {
			_ = p.outlet.CloseWithError(errReset) // always nil, as is the next
		} else if p.outlet != nil {
			_ = p.outlet.Close()
		}
		close(p.dead)
	})
}

// reset ends the connection on both sides with a TCP reset, also when a gateway is in
// between.
func (p *session) reset() {
	if p.behindGateway {
		p.conn.abort()
	}
	p.kill(true)
}

// hangUp closes a socket, with a reset where abort is set. Errors do not matter: the
// socket is gone either way.
func hangUp(c *net.TCPConn, abort bool) {
	if abort {
		_ = c.SetLinger(0)
	}
	_ = c.Close()
}

// buffers lends large buffers to connections.
type buffers struct{ pool sync.Pool }

func (b *buffers) get() *[largeRead]byte {
	if buf, ok := b.pool.Get().(*[largeRead]byte); ok {
		return buf
	}
	return new([largeRead]byte)
}

// pump feeds the link from a socket until the socket ends or breaks.
func (l *link) pump(src *net.TCPConn) {
	small := make([]byte, smallRead)
	for full := false; ; {
		n, err := l.readOnce(src, small, full)
		full = n >= smallRead
		if errors.Is(err, errStopped) {
			return
		}
		if err != nil {
			// A socket that we have closed ourselves is no reset by its peer.
			l.aborted.Store(!errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed))
			l.finish()
			return
		}
	}
}

// errStopped means that a pump cannot go on although its source could.
var errStopped = errors.New("stopped")

// readOnce reads from the source once and delivers what it has read. It returns the
// number of bytes.
func (l *link) readOnce(src *net.TCPConn, small []byte, bulk bool) (int, error) {
	buf := small
	if bulk || l.chain.Load() != nil {
		large := l.session.conn.proxy.buffers.get()
		defer l.session.conn.proxy.buffers.pool.Put(large)
		buf = large[:]
	}
	n, err := src.Read(buf)
	if l.direction == stream.Downstream {
		l.session.stopwatch.read(n, err)
	}
	if n > 0 {
		l.counts().received[l.direction].Add(int64(n))
		if err := l.deliver(buf[:n]); err != nil {
			return n, errStopped
		}
	}
	return n, err
}
