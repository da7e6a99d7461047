package gateway

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

// Serve forwards between a client and the dependency until the client has gone,
// or ctx ends. It closes the client's connection, and resets it where the client
// would have met a reset without a gateway. Its error says why a connection was
// not served: the dependency could not be reached.
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
	var down sync.WaitGroup
	down.Go(func() {
		if _, err := io.Copy(client, upstream); err != nil {
			reset(client)
		}
		client.Close()
	})
	io.Copy(upstream, client)
	upstream.CloseWrite()
	down.Wait()
	return nil
}

// reset closes a connection so that the peer learns of it as an error.
func reset(c net.Conn) {
	if tcp, ok := c.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}
