package gateway

import (
	"bytes"
	"context"
	"fmt"
	"net"
)

// Serve forwards between a client and the dependency until the client has gone,
// or ctx ends. It closes the client's connection, and resets it where the client
// would have met a reset without a gateway. Its error says why a connection was
// not served: the dependency could not be reached, or did not agree on TLS.
func (g *Gateway) Serve(ctx context.Context, client net.Conn, dial Dial) error {
	defer client.Close()
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
	if err := l.secure(ctx); err != nil {
		reset(client)
		return err
	}
	c := g.newConn(ctx, l.client)
	defer c.cancel()
	if g.options.Scheme == "https" && !l.agreed {
		// What the client speaks decides what to agree on with the dependency.
		if l.upstream, err = g.handshake(ctx, l.upstream, c.alpn()); err != nil {
			reset(client)
			return err
		}
	}
	c.reach(l.upstream)
	c.serve()
	return nil
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
