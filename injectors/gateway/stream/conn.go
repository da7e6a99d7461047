package stream

import (
	"errors"
	"io"
	"net"
	"time"
)

// Upstream is the dependency's side of one connection.
//
// Read and Write are called by one goroutine each. Read gives io.EOF when the
// dependency has ended its side in good order; any other error means that the
// connection broke, and the client's is broken the same way. Close ends Reads and
// Writes that are under way; it may be called more than once. An Upstream that also
// has Abort() can be reset instead of closed.
type Upstream interface {
	io.Reader
	io.Writer
	CloseWrite() error
	Close() error
}

// LingerTime is how long a client that has been told of the end may go on sending: to
// close earlier would reset the connection, and could cost the client the answer.
const LingerTime = time.Second

// Orderly reports whether a stream ended because its sender said so. A TLS peer may do
// so without TLS's own ceremony.
func Orderly(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// The functions below end a connection. Their errors say that it has ended already, or
// that the other side will learn of it later, and there is nothing to be done about
// either.

// Linger tells a client that nothing more will come, and bounds how long it may go on
// sending.
func Linger(client net.Conn) {
	CloseWrite(client)
	_ = client.SetReadDeadline(time.Now().Add(LingerTime))
}

// CloseWrite ends what is written to a connection: what comes from it can still be
// read, where that is possible.
func CloseWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
		return
	}
	_ = c.Close()
}

// Reset closes a connection so that the peer learns of it as an error.
func Reset(c net.Conn) {
	for {
		wrapped, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = wrapped.NetConn()
	}
	if tcp, ok := c.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}

// Abort ends an upstream as a client does that breaks its connection.
func Abort(u Upstream) {
	if a, ok := u.(interface{ Abort() }); ok {
		a.Abort()
		return
	}
	_ = u.Close()
}

// A Prefixed connection is one of which something has been read already: that is read
// again first.
type Prefixed struct {
	net.Conn
	Prefix []byte
}

// Read reads what is left of the prefix, then the connection.
func (p *Prefixed) Read(b []byte) (int, error) {
	if len(p.Prefix) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.Prefix)
	p.Prefix = p.Prefix[n:]
	return n, nil
}

// More reads more from the connection, behind the prefix.
func (p *Prefixed) More() error {
	b := make([]byte, smallSize)
	n, err := p.Conn.Read(b)
	p.Prefix = append(p.Prefix, b[:n]...)
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// CloseWrite ends what is written to the connection.
func (p *Prefixed) CloseWrite() error {
	CloseWrite(p.Conn)
	return nil
}

// NetConn returns the connection itself.
func (p *Prefixed) NetConn() net.Conn { return p.Conn }
