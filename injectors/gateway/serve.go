package gateway

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
)

// Serve forwards between a client and the dependency until the client has gone, or ctx
// ends. It closes the client's connection, and resets it where the client would have
// met a reset without a gateway. Its error says why a connection was not served: the
// dependency could not be reached, or did not agree on TLS. A client that has not spoken
// yet is then left in good order: a reset can overtake its connect(), which would look as
// if nobody listened here.
func (g *Gateway) Serve(ctx context.Context, client net.Conn, dial Dial) error {
	defer func() { _ = client.Close() }() // it is over
	calls := &callCounter{total: g.options.Calls}
	defer calls.end()
	upstream, err := dial(ctx)
	if err != nil {
		return fmt.Errorf("dial %s: %w", g.options.Address, err)
	}
	defer func() { _ = upstream.Close() }() // it is over
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close() // ends what is under way
		_ = upstream.Close()
	})
	defer stop()
	c := &connection{gateway: g, client: client, upstream: upstream, calls: calls}
	return g.protocol.serve(ctx, c)
}

// A connection is a client's connection, and the one to the dependency that belongs to
// it.
type connection struct {
	gateway         *Gateway
	client          net.Conn
	upstream        Upstream
	upstreamSecured bool // TLS with the upstream has been set up
	calls           *callCounter
}

// A callCounter counts the calls of one client's connection.
type callCounter struct {
	total  *atomic.Int64 // of all connections
	called atomic.Bool
}

// count counts a call.
func (c *callCounter) count() {
	c.called.Store(true)
	c.total.Add(1)
}

// spare notes that the connection is not a call even if none comes on it.
func (c *callCounter) spare() { c.called.Store(true) }

// end counts a connection on which no call came.
func (c *callCounter) end() {
	if !c.called.Load() {
		c.count()
	}
}
