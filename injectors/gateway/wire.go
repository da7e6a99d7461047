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
	read io.Reader // what it sends; nil: the upstream itself

	mu   sync.Mutex
	last error
}

func (u *upstreamConn) Read(p []byte) (int, error) {
	from := u.read
	if from == nil {
		from = u.Upstream
	}
	n, err := from.Read(p)
	if err != nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.last = err
	}
	return n, err
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
