package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// serveThroughGateway lets the gateway serve the client. The gateway's upstream is a
// session, so byte-level toxics act between the two.
func (c *conn) serveThroughGateway(g *gateway.Gateway) {
	var unreachable error
	err := g.Serve(c.ctx, c.client, func(ctx context.Context) (gateway.Upstream, error) {
		upstream, err := c.dial(ctx)
		if err != nil {
			unreachable = err
			return nil, err
		}
		p := newGatewayUpstream(c, upstream)
		context.AfterFunc(c.ctx, func() { p.kill(false) })
		if !c.addSession(p.session) {
			p.kill(false)
		}
		return p, nil
	})
	if err != nil && c.ctx.Err() == nil {
		c.proxy.logUnreachable(unreachable, err)
	}
	c.close()
	c.mu.Lock()
	pairs := append([]*session(nil), c.sessions...)
	c.mu.Unlock()
	for _, p := range pairs {
		p.kill(false)
		p.wait()
	}
}

// logUnreachable counts and logs a connection that ended before it was served.
func (p *proxy) logUnreachable(unreachable, err error) {
	if unreachable != nil {
		p.counters.dialFailed.Add(1)
	}
	p.log.Warn("the upstream cannot be reached", "proxy", p.name, "error", err)
}

// A gatewayUpstream is a session whose client's side is a gateway: the gateway reads
// and writes it as if it were the upstream.
//
// As long as no toxic acts on what the upstream sends, Read reads from the socket.
// When the first toxic comes, a pump takes over for the rest of the connection, and
// Read reads what comes out at the end of the chain.
type gatewayUpstream struct {
	*session
	out    *io.PipeReader
	pumped bool // the pump reads the socket; belongs to Read
	close  sync.Once
}

func newGatewayUpstream(c *conn, upstream *net.TCPConn) *gatewayUpstream {
	f := &gatewayUpstream{session: newSession(c, upstream, true)}
	f.out, f.outlet = io.Pipe()
	f.down.sink, f.down.end = f.outlet, f.outlet.Close
	return f
}

// errReset is the error that a gateway reads from a connection that was reset.
var errReset = errors.New("the connection was reset")

func (f *gatewayUpstream) Read(b []byte) (int, error) {
	if !f.pumped {
		if n, direct, err := f.readDirectly(b); direct {
			return n, err
		}
	}
	return f.out.Read(b)
}

// readDirectly reads from the socket. It reports false when the bytes that it read,
// and all that follow, go through the toxics instead.
func (f *gatewayUpstream) readDirectly(b []byte) (n int, direct bool, err error) {
	if f.down.chain.Load() == nil {
		n, err = f.upstream.Read(b)
		f.stopwatch.read(n, err)
		f.down.counts().received[stream.Downstream].Add(int64(n))
		if f.down.chain.Load() == nil {
			f.down.counts().sent[stream.Downstream].Add(int64(n))
			return n, true, f.noteEnd(err)
		}
	}
	f.pumped = true
	first, end := bytes.Clone(b[:n]), err
	f.work.Go(func() { f.pumpRest(first, end) })
	return 0, false, nil
}

// pumpRest gives the down link what was read already, and then everything that
// follows.
func (f *gatewayUpstream) pumpRest(first []byte, end error) {
	if len(first) > 0 {
		if err := f.down.deliver(first); err != nil {
			return
		}
	}
	if end == nil {
		f.down.pump(f.upstream)
		return
	}
	f.down.aborted.Store(!errors.Is(end, io.EOF))
	f.down.finish()
}

// noteEnd notes the end of what the upstream sends. It turns the error of a socket
// that was closed because the session ended in good order into io.EOF.
func (f *gatewayUpstream) noteEnd(err error) error {
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		f.down.endSink()
	case errors.Is(err, net.ErrClosed):
		<-f.dead
		if !f.broken {
			return io.EOF
		}
	}
	return err
}

func (f *gatewayUpstream) Write(b []byte) (int, error) {
	f.up.counts().received[stream.Upstream].Add(int64(len(b)))
	if err := f.up.deliver(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (f *gatewayUpstream) CloseWrite() error {
	f.close.Do(f.up.finish)
	return nil
}

func (f *gatewayUpstream) Close() error {
	f.kill(false)
	return nil
}

// Abort resets the connection to the upstream.
func (f *gatewayUpstream) Abort() { f.kill(true) }
