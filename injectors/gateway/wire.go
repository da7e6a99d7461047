package gateway

import (
	"io"
	"net"
	"sync"
	"time"
)

// resumed is a client's connection with what has been read from it in front, which
// tells when it is closed.
type resumed struct {
	net.Conn
	rest []byte
	once sync.Once
	done chan struct{}
}

func (r *resumed) Read(p []byte) (int, error) {
	if len(r.rest) > 0 {
		n := copy(p, r.rest)
		r.rest = r.rest[n:]
		return n, nil
	}
	return r.Conn.Read(p)
}

func (r *resumed) Close() error {
	r.once.Do(func() { close(r.done) })
	return r.Conn.Close()
}

// once is a listener for one connection: it ends when that has.
type once struct {
	conn  *resumed
	taken bool
}

func (o *once) Accept() (net.Conn, error) {
	if !o.taken {
		o.taken = true
		return o.conn, nil
	}
	<-o.conn.done
	return nil, net.ErrClosed
}

func (o *once) Close() error   { return nil }
func (o *once) Addr() net.Addr { return o.conn.LocalAddr() }

// upstreamConn is an upstream as a net.Conn that remembers how it ended.
type upstreamConn struct {
	Upstream
	read    io.Reader // what it sends; nil: the upstream itself
	opening *opening  // nil: of no interest

	mu   sync.Mutex
	last error
}

// An opening is the first frame that an HTTP/2 server sends, its SETTINGS.
type opening struct {
	head []byte // of the frame, as far as it has come
	left int    // bytes of the frame to come, once its head has
	read chan struct{}
}

func newOpening() *opening { return &opening{read: make(chan struct{})} }

// over says whether all of it has been read.
func (o *opening) over() bool {
	const frameHead = 9
	return len(o.head) == frameHead && o.left <= 0
}

// saw goes on with what has been read.
func (o *opening) saw(p []byte) {
	const frameHead = 9
	if n := min(frameHead-len(o.head), len(p)); n > 0 {
		o.head = append(o.head, p[:n]...)
		if p = p[n:]; len(o.head) == frameHead {
			o.left = int(o.head[0])<<16 | int(o.head[1])<<8 | int(o.head[2])
		}
	}
	o.left -= len(p)
}

func (u *upstreamConn) Read(p []byte) (int, error) {
	if u.opening != nil && u.opening.over() { // who asks for more has understood it
		u.opened()
	}
	from := u.read
	if from == nil {
		from = u.Upstream
	}
	n, err := from.Read(p)
	switch {
	case u.opening == nil:
	case err != nil:
		u.opened()
	default:
		u.opening.saw(p[:n])
	}
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.last = err
	}
	return n, err
}

// opened lets go of what waits for the opening.
func (u *upstreamConn) opened() {
	close(u.opening.read)
	u.opening = nil
}

func (u *upstreamConn) err() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last
}

func (u *upstreamConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (u *upstreamConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (u *upstreamConn) SetDeadline(time.Time) error      { return nil }
func (u *upstreamConn) SetReadDeadline(time.Time) error  { return nil }
func (u *upstreamConn) SetWriteDeadline(time.Time) error { return nil }
