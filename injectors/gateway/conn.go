package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// drainLimit is how much of a request is read to keep a connection that could
	// as well be closed.
	drainLimit = 256 << 10
	// settleLimit and settleTime are how much of an answer that is replaced is
	// read, and for how long, for the same reason.
	settleLimit = 4 << 20
	settleTime  = 250 * time.Millisecond
	// lingerTime is how long a client that is told of the end may go on sending:
	// to close earlier would reset the connection, and could cost it the answer.
	lingerTime = time.Second
)

// How a connection ends, when it is not the client's or the dependency's doing.
var (
	errLast   = errors.New("the last answer has been sent")
	errBroken = errors.New("a fault broke the connection")
)

// A conn is one client's HTTP/1.1 connection. Two goroutines serve it: one passes
// requests on, the other answers; the queue is between them. The first also
// writes to the client, but only while no answer is due.
type conn struct {
	gateway  *Gateway
	ctx      context.Context // ends with the connection; a conn is the work that it bounds
	cancel   context.CancelFunc
	client   net.Conn
	upstream Upstream
	up, down byteStream
	queue    *queue
	calls    *caller

	begun   bool                   // a part of the answer that is due has been sent; the answering goroutine's
	refusal atomic.Pointer[answer] // to be sent instead of the answer that is due
	uploads atomic.Bool            // a request's body is under way
	closing atomic.Bool            // the client has been told of the end
}

func (g *Gateway) newConn(ctx context.Context, client net.Conn) *conn {
	c := &conn{gateway: g, client: client, queue: newQueue()}
	c.ctx, c.cancel = context.WithCancel(ctx)
	c.up = newStream(client, nil, &g.bulk)
	c.up.strict, c.up.reads = true, true
	return c
}

// reach says where requests go.
func (c *conn) reach(upstream Upstream) {
	c.upstream = upstream
	c.up.dst = upstream
	c.down = newStream(upstream, c.client, &c.gateway.bulk)
}

// serve returns when the client has gone.
func (c *conn) serve() {
	var answers sync.WaitGroup
	answers.Go(c.answers)
	err := c.requests()
	switch {
	case errors.Is(err, errHTTP2):
		c.serveHTTP2()
		c.upstream.Close()
	case errors.Is(err, errLast) || c.closing.Load():
	case err == nil: // the client has ended its side
		c.upstream.CloseWrite()
	default:
		c.cancel()
		abort(c.upstream)
	}
	c.queue.leave()
	answers.Wait()
	if c.closing.Load() {
		io.Copy(io.Discard, c.client) // ends by the deadline that linger has set
	}
	c.up.release()
}

// answers passes answers on until there are no more, and ends the client's side
// in the way in which they ended.
func (c *conn) answers() {
	err := c.relay()
	c.queue.end(err)
	c.down.release()
	if c.queue.http2(false) != nil {
		return // the session ends the client's side
	}
	c.cancel()
	refusal := c.refusal.Load()
	switch {
	case c.closing.Load():
	case errors.Is(err, errLast):
		c.linger()
		c.upstream.Close()
	case refusal != nil:
		if !c.begun {
			c.client.Write(refusal.bytes(false, true))
		}
		c.linger()
	case orderly(err) && (c.uploads.Load() || c.queue.isRaw(false)):
		closeWrite(c.client)
	case orderly(err):
		c.linger()
	default:
		reset(c.client)
		abort(c.upstream)
	}
}

// linger tells the client that no more will come.
func (c *conn) linger() {
	c.closing.Store(true)
	closeWrite(c.client)
	c.client.SetReadDeadline(time.Now().Add(lingerTime))
}

// say carries out an exchange of ours.
func (c *conn) say(x exchange) error {
	if x.breaks {
		return errBroken
	}
	if x.local != nil {
		if _, err := c.client.Write(x.local.bytes(x.toHEAD, x.last)); err != nil {
			return err
		}
	}
	if x.last {
		return errLast
	}
	return nil
}

// orderly says whether a stream ended because its sender said so. A TLS peer may
// do so without TLS's own ceremony.
func orderly(err error) bool {
	return err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

func closeWrite(c net.Conn) {
	if h, ok := c.(interface{ CloseWrite() error }); ok {
		h.CloseWrite()
		return
	}
	c.Close()
}

// reset closes a connection so that the peer learns of it as an error.
func reset(c net.Conn) {
	for {
		wrapped, ok := c.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		c = wrapped.NetConn()
	}
	if tcp, ok := c.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

// abort ends an upstream as a client does that breaks its connection.
func abort(u Upstream) {
	if a, ok := u.(interface{ Abort() }); ok {
		a.Abort()
		return
	}
	u.Close()
}
