package live

import (
	"net"
	"net/http"
	"sync"
)

// mostConnections leaves room for every page, its stream and its forms.
const mostConnections = 3 * mostReaders

// connections bounds how many there are. The zero value has none.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]bool
}

// track closes what is one too many. It is the server's ConnState.
func (c *connections) track(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		if len(c.open) >= mostConnections {
			_ = conn.Close() // its server finds that out
			return
		}
		if c.open == nil {
			c.open = map[net.Conn]bool{}
		}
		c.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
}
