package gateway

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync/atomic"
)

// Serve forwards between a client and the dependency until the client has gone,
// or ctx ends. It closes the client's connection, and resets it where the client
// would have met a reset without a gateway. Its error says why a connection was
// not served: the dependency could not be reached, or did not agree on TLS.
func (g *Gateway) Serve(ctx context.Context, client net.Conn, dial Dial) error {
	defer client.Close()
	calls := &caller{gateway: g}
	defer calls.end()
	upstream, err := dial(ctx)
	if err != nil {
		reset(client)
		return fmt.Errorf("dial %s: %w", g.options.Address, err)
	}
	defer upstream.Close()
	stop := context.AfterFunc(ctx, func() {
		client.Close()
		upstream.Close()
	})
	defer stop()
	l := leg{gateway: g, client: client, upstream: upstream}
	if !g.speaksHTTP() {
		return l.converse(ctx, calls)
	}
	return l.exchange(ctx, calls)
}

// exchange serves HTTP.
func (l *leg) exchange(ctx context.Context, calls *caller) (err error) {
	c := l.gateway.newConn(ctx, l.client)
	defer func() { c.cancel() }()
	if l.gateway.options.ClientTLS != nil && c.secured() {
		if err := l.secure(ctx, c.up.ahead()); err != nil {
			reset(l.client)
			return err
		}
		c.cancel()
		c = l.gateway.newConn(ctx, l.client)
	}
	c.calls = calls
	if l.gateway.options.Scheme == "https" && !l.agreed {
		// What the client speaks decides what to agree on with the dependency.
		if l.upstream, err = l.gateway.handshake(ctx, l.upstream, c.alpn()); err != nil {
			reset(l.client)
			return err
		}
	}
	c.reach(l.upstream)
	c.serve()
	return nil
}

// A caller counts the calls of one client's connection.
type caller struct {
	gateway *Gateway
	called  atomic.Bool
}

// call counts a request.
func (c *caller) call() {
	c.called.Store(true)
	c.gateway.options.Calls.Add(1)
}

// spare says that the connection is no call even if none comes on it.
func (c *caller) spare() { c.called.Store(true) }

// end counts a connection on which no request came.
func (c *caller) end() {
	if !c.called.Load() {
		c.call()
	}
}

// secured tells whether the client speaks TLS: no request begins as that does.
func (c *conn) secured() bool {
	const handshake = 0x16
	for len(c.up.ahead()) == 0 {
		if c.up.fill() != nil {
			return false
		}
	}
	return c.up.ahead()[0] == handshake
}

// alpn is the protocol that the client speaks, as TLS calls it, by its first bytes.
// A client that does not say enough speaks HTTP/1.1.
func (c *conn) alpn() string {
	const opening = "PRI"
	for {
		b := c.up.ahead()
		if len(b) >= len(opening) || !bytes.HasPrefix([]byte(opening), b) {
			if bytes.HasPrefix(b, []byte(opening)) {
				return protoHTTP2
			}
			return protoHTTP1
		}
		if c.up.fill() != nil {
			return protoHTTP1
		}
	}
}
