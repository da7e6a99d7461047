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

// carryMessages lets the gateway serve the client. The gateway's upstream is a
// pair of links, so byte-level toxics act between the two.
func (c *conn) carryMessages(g *gateway.Gateway) {
	var unreachable error
	err := g.Serve(c.ctx, c.client, func(ctx context.Context) (gateway.Upstream, error) {
		upstream, err := c.proxy.dial(ctx)
		if err != nil {
			unreachable = err
			return nil, err
		}
		p := newFused(c, upstream)
		context.AfterFunc(c.ctx, func() { p.kill(false) })
		if !c.attach(p.pair) {
			p.kill(false)
		}
		return p, nil
	})
	if err != nil && c.ctx.Err() == nil {
		c.proxy.notReached(unreachable, err)
	}
	c.close()
	c.mu.Lock()
	pairs := append([]*pair(nil), c.pairs...)
	c.mu.Unlock()
	for _, p := range pairs {
		p.kill(false)
		p.release()
	}
}

// notReached counts and logs a connection that ended before it was served.
func (p *proxy) notReached(unreachable, err error) {
	if unreachable != nil {
		p.counters.dialFailed.Add(1)
	}
	p.log.Warn("the upstream cannot be reached", "proxy", p.name, "error", err)
}

// A fused is a pair whose client's side is a gateway, which reads and writes it.
//
// While no toxic acts on what the upstream sends, Read takes it from the socket.
// When the first one comes, a pump takes over for the rest of the connection, and
// Read gets what comes out at the end of the chain.
type fused struct {
	*pair
	out    *io.PipeReader
	pumped bool // Read's own
	close  sync.Once
}

func newFused(c *conn, upstream *net.TCPConn) *fused {
	f := &fused{pair: newPair(c, upstream, true)}
	f.out, f.outlet = io.Pipe()
	f.down.sink, f.down.end = f.outlet, f.outlet.Close
	return f
}

// errReset is what a gateway reads from a connection that did not end in good
// order.
var errReset = errors.New("the connection was reset")

func (f *fused) Read(b []byte) (int, error) {
	if !f.pumped {
		if n, err, ok := f.direct(b); ok {
			return n, err
		}
	}
	return f.out.Read(b)
}

// direct reads from the socket. It is false when what was read, or will be, goes
// by way of the toxics.
func (f *fused) direct(b []byte) (n int, err error, ok bool) {
	if f.down.chain.Load() == nil {
		n, err = f.upstream.Read(b)
		f.down.counts().received[stream.Downstream].Add(int64(n))
		if f.down.chain.Load() == nil {
			f.down.counts().sent[stream.Downstream].Add(int64(n))
			return n, f.over(err), true
		}
	}
	f.pumped = true
	first, end := bytes.Clone(b[:n]), err
	f.work.Go(func() { f.feed(first, end) })
	return 0, nil, false
}

// feed gives the down link what was read already, and then all that comes.
func (f *fused) feed(first []byte, end error) {
	if len(first) > 0 {
		if _, err := f.down.deliver(first); err != nil {
			return
		}
	}
	if end == nil {
		f.down.pump(f.upstream)
		return
	}
	f.down.aborted.Store(end != io.EOF)
	f.down.finish()
}

// over notes the end of what the upstream sends. A socket that was closed because
// the pair ended in good order is no broken one.
func (f *fused) over(err error) error {
	switch {
	case err == io.EOF:
		f.down.ended()
	case errors.Is(err, net.ErrClosed):
		<-f.dead
		if !f.broken {
			return io.EOF
		}
	}
	return err
}

func (f *fused) Write(b []byte) (int, error) {
	f.up.counts().received[stream.Upstream].Add(int64(len(b)))
	if _, err := f.up.deliver(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (f *fused) CloseWrite() error {
	f.close.Do(f.up.finish)
	return nil
}

func (f *fused) Close() error {
	f.kill(false)
	return nil
}

// Abort resets the connection to the upstream.
func (f *fused) Abort() { f.kill(true) }
