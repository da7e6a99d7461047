package http

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A clientConn is a client's connection that announces when it is closed.
type clientConn struct {
	net.Conn
	once sync.Once
	done chan struct{}
}

func newClientConn(client net.Conn) *clientConn {
	return &clientConn{Conn: client, done: make(chan struct{})}
}

// Close closes the connection.
func (c *clientConn) Close() error {
	c.once.Do(func() { close(c.done) })
	return c.Conn.Close()
}

// A singleListener is a listener for one connection: it ends when that has.
type singleListener struct {
	conn  *clientConn
	taken bool
}

// Accept returns the connection, and later waits until it is closed.
func (l *singleListener) Accept() (net.Conn, error) {
	if !l.taken {
		l.taken = true
		return l.conn, nil
	}
	<-l.conn.done
	return nil, net.ErrClosed
}

// Close does nothing: there is no socket.
func (l *singleListener) Close() error { return nil }

// Addr returns the connection's own address.
func (l *singleListener) Addr() net.Addr { return l.conn.LocalAddr() }

// An upstreamConn is an upstream as a net.Conn that remembers how it ended.
type upstreamConn struct {
	stream.Upstream
	read    io.Reader // what it sends
	opening *opening  // nil: it has come

	mu   sync.Mutex
	last error
}

// An opening is the first frame that an HTTP/2 server sends, its SETTINGS, as it comes.
type opening struct {
	head []byte // of the frame, as far as it has come
	left int    // bytes of the frame to come, once its head has
	read chan struct{}
}

// frameHead is the length of a frame's head.
const frameHead = 9

func newOpening() *opening { return &opening{read: make(chan struct{})} }

// isComplete reports whether all of it has been read.
func (o *opening) isComplete() bool {
	return len(o.head) == frameHead && o.left <= 0
}

// add goes on with what has been read.
func (o *opening) add(p []byte) {
	if n := min(frameHead-len(o.head), len(p)); n > 0 {
		o.head = append(o.head, p[:n]...)
		if p = p[n:]; len(o.head) == frameHead {
			o.left = int(o.head[0])<<16 | int(o.head[1])<<8 | int(o.head[2])
		}
	}
	o.left -= len(p)
}

// Read reads what the dependency sends.
func (u *upstreamConn) Read(p []byte) (int, error) {
	if u.opening != nil && u.opening.isComplete() { // a reader that wants more has understood it
		u.announceOpening()
	}
	n, err := u.read.Read(p)
	switch {
	case u.opening == nil:
	case err != nil:
		u.announceOpening()
	default:
		u.opening.add(p[:n])
	}
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.last = err
	}
	return n, err
}

// announceOpening lets go of what waits for the opening.
func (u *upstreamConn) announceOpening() {
	close(u.opening.read)
	u.opening = nil
}

// err returns how the upstream ended; nil while it has not.
func (u *upstreamConn) err() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last
}

// LocalAddr returns an empty address: net/http wants one, and uses it for nothing.
func (u *upstreamConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr returns an empty address.
func (u *upstreamConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline does nothing: the connection is closed instead.
func (u *upstreamConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (u *upstreamConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (u *upstreamConn) SetWriteDeadline(time.Time) error { return nil }
