package http

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

const (
	// drainLimit is how much of a request is read to keep a connection that could
	// as well be closed.
	drainLimit = 256 << 10
	// settleLimit and settleTime are how much of an answer that is replaced is
	// read, and for how long, for the same reason.
	settleLimit = 4 << 20
	settleTime  = 250 * time.Millisecond
)

// A Proxy forwards HTTP to one dependency.
type Proxy struct {
	// Address is the dependency's host:port.
	Address string
	// Faults are those that are active.
	Faults *faultset.Set[*Rule]
	// Buffers are shared by all connections.
	Buffers *stream.Buffers
	// Log gets errors that no client learns of.
	Log *slog.Logger
}

// A Connection is a client's connection, and the one to the dependency that belongs to
// it.
type Connection struct {
	Client   net.Conn
	Upstream stream.Upstream
	// CountCall is called for every request.
	CountCall func()
}

// Serve forwards between a client and the dependency until the client has gone, or ctx
// ends.
func (p *Proxy) Serve(ctx context.Context, served Connection) {
	c := &conn{
		proxy: p, client: served.Client, upstream: served.Upstream, countCall: served.CountCall, queue: newQueue(),
		up:   messageStream{Stream: stream.New(served.Client, served.Upstream, p.Buffers), strict: true},
		down: messageStream{Stream: stream.New(served.Upstream, served.Client, p.Buffers)},
	}
	c.up.ReadOn() // what the dependency still answers counts
	c.ctx, c.cancel = context.WithCancel(ctx)
	defer c.cancel()
	c.serve()
}

// How a connection ends, when it is not the client's or the dependency's doing.
var (
	errLast   = errors.New("the last answer has been sent")
	errBroken = errors.New("a fault broke the connection")
)

// A conn is one client's HTTP/1.1 connection. Two goroutines serve it: one passes
// requests on, the other answers; the queue is between them. The first also
// writes to the client, but only while no answer is due.
type conn struct {
	proxy     *Proxy
	ctx       context.Context // ends with the connection; a conn is the work that it bounds
	cancel    context.CancelFunc
	client    net.Conn
	upstream  stream.Upstream
	countCall func()
	up, down  messageStream
	queue     *queue

	begun   bool                   // a part of the answer that is due has been sent; of the answering goroutine
	refusal atomic.Pointer[answer] // to be sent instead of the answer that is due
	uploads atomic.Bool            // a request's body is under way
	closing atomic.Bool            // the client has been told of the end
}

// serve returns when the client has gone.
func (c *conn) serve() {
	var answers sync.WaitGroup
	answers.Go(c.serveAnswers)
	err := c.passRequests()
	switch {
	case errors.Is(err, errHTTP2):
		c.serveHTTP2()
		_ = c.upstream.Close() // the client learns how it ended
	case errors.Is(err, errLast) || c.closing.Load():
	case err == nil: // the client has ended its side
		_ = c.upstream.CloseWrite() // an upstream that has gone already ends the answers, too
	default:
		c.cancel()
		stream.Abort(c.upstream)
	}
	c.queue.endRequests()
	answers.Wait()
	if c.closing.Load() {
		_, _ = io.Copy(io.Discard, c.client) // ends by the deadline that linger has set
	}
	c.up.Release()
}

// serveAnswers passes answers on until there are no more, and ends the client's side in
// the way in which they ended.
func (c *conn) serveAnswers() {
	err := c.passAnswers()
	c.queue.endAnswers()
	c.down.Release()
	if w := c.queue.http2Sink(false); w != nil {
		w.upstreamEnded(err)
		return // the session has ended the client's side
	}
	c.cancel()
	refusal := c.refusal.Load()
	switch {
	case c.closing.Load():
	case errors.Is(err, errLast):
		c.linger()
		_ = c.upstream.Close() // nothing is wanted of it any more
	case refusal != nil:
		if !c.begun {
			_ = c.writeClient(refusal.bytes(false, true)) // the connection ends in either case
		}
		c.linger()
	case stream.Orderly(err) && (c.uploads.Load() || c.queue.isRaw(false)):
		stream.CloseWrite(c.client)
	case stream.Orderly(err):
		c.linger()
	default:
		stream.Reset(c.client)
		stream.Abort(c.upstream)
	}
}

// linger tells the client that no more will come.
func (c *conn) linger() {
	c.closing.Store(true)
	stream.Linger(c.client)
}

// carryOut carries out an exchange of the proxy's own.
func (c *conn) carryOut(x exchange) error {
	if x.breaks {
		return errBroken
	}
	if x.own != nil {
		if err := c.writeClient(x.own.bytes(x.toHEAD, x.last)); err != nil {
			return err
		}
	}
	if x.last {
		return errLast
	}
	return nil
}
