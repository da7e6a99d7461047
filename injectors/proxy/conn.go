package proxy

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/Shopify/toxiproxy/v2/stream"
)

// A toxicSet is all toxics of a proxy at one time.
type toxicSet struct {
	version int64
	toxics  []*toxic
}

// A conn is one client's connection.
type conn struct {
	id     uint64
	proxy  *proxy
	client *net.TCPConn
	ctx    context.Context // ends with the connection; a conn is the work that it bounds
	cancel context.CancelFunc

	mu     sync.Mutex // held while toxics come and go; nobody waits for a peer under it
	set    *toxicSet
	meters map[int64]*meter // by toxic
	pairs  []*pair
	down   bool // a down toxic ended it
	over   bool
}

// apply makes set the toxics that act on the connection, and tells whether it is
// down. Sets may come in any order; the newest wins.
func (c *conn) apply(set *toxicSet) (down bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.set != nil && c.set.version >= set.version {
		return c.down
	}
	c.set = set
	c.measure()
	for _, p := range c.pairs {
		c.lay(p)
	}
	if c.downed() {
		c.down = true
		c.abort()
	}
	return c.down
}

// measure has a meter for each toxic of the set, and for no other.
func (c *conn) measure() {
	for id := range c.meters {
		if !slices.ContainsFunc(c.set.toxics, func(t *toxic) bool { return t.id == id }) {
			delete(c.meters, id)
		}
	}
	for _, t := range c.set.toxics {
		if t.message != nil { // counts requests
			continue
		}
		m := c.meters[t.id]
		if m == nil {
			m = &meter{tally: t.tally}
			t.tally.of.Add(1)
			if c.meters == nil {
				c.meters = map[int64]*meter{}
			}
			c.meters[t.id] = m
		}
		m.toxic.Store(t)
	}
}

func (c *conn) meter(t *toxic) *meter { return c.meters[t.id] }

// downed counts and tells whether a down toxic hits the connection.
func (c *conn) downed() bool {
	hit := false
	for _, t := range c.set.toxics {
		if t.isDown() && t.selects(c.draw(t)) {
			c.meter(t).count()
			hit = true
		}
	}
	return hit
}

// draw is the connection's lot for a toxic, 0 <= draw < 1. It depends on the
// server's seed and on who comes when, and on nothing else.
func (c *conn) draw(t *toxic) float32 {
	x := c.proxy.seed + c.id*0x9e3779b97f4a7c15 + uint64(t.id)*0xd1b54a32d192ed03
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9 // the mixing of SplitMix64
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float32(x>>40) / (1 << 24)
}

// attach gives a pair the toxics. It is false when the connection is over.
func (c *conn) attach(p *pair) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return false
	}
	c.pairs = append(c.pairs, p)
	c.lay(p)
	return true
}

func (c *conn) detach(p *pair) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pairs = slices.DeleteFunc(c.pairs, func(other *pair) bool { return other == p })
}

// lay puts the toxics that hit this connection on a pair's links.
func (c *conn) lay(p *pair) {
	var wanted [stream.NumDirections][]*toxic
	for _, t := range c.set.toxics {
		if t.impl != nil && !t.isDown() && t.selects(c.draw(t)) {
			wanted[t.direction] = append(wanted[t.direction], t)
		}
	}
	p.up.apply(wanted[stream.Upstream])
	p.down.apply(wanted[stream.Downstream])
}

// abort resets the client and ends all that is done for it. The caller may hold
// mu.
func (c *conn) abort() {
	hangUp(c.client, true)
	c.cancel()
}

// close ends the connection in good order.
func (c *conn) close() {
	hangUp(c.client, false)
	c.cancel()
}

// finish ends what is left of the connection: no toxic acts on it any more.
func (c *conn) finish() {
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.close()
}

// carry serves the client until it has gone.
func (c *conn) carry() {
	if g := c.proxy.messages(); g != nil {
		c.carryMessages(g)
		return
	}
	upstream, err := c.proxy.dial(c.ctx)
	if err != nil {
		if c.ctx.Err() == nil {
			c.proxy.notReached(err, err)
		}
		hangUp(c.client, true)
		return
	}
	p := newPair(c, upstream, false)
	stop := context.AfterFunc(c.ctx, func() { p.kill(false) })
	defer stop()
	if !c.attach(p) {
		p.kill(false)
	}
	p.relay()
}
