package proxy

import (
	"context"
	"net"
	"slices"
	"sync"

	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/blastgauge/blastgauge/experiments/sampling"
)

// A toxicSet is all toxics of a proxy at one time. A set does not change: every
// change makes another one, with the next version.
type toxicSet struct {
	version int64
	toxics  []*toxic
}

// refusesAll reports whether the set leaves no connection to anybody.
func (s *toxicSet) refusesAll() bool { return slices.ContainsFunc(s.toxics, (*toxic).refusesAll) }

// A conn is one client's connection.
type conn struct {
	id     uint64
	proxy  *proxy
	client *net.TCPConn
	ends   ends            // of the client's socket
	served *sync.WaitGroup // waits for the connection
	ctx    context.Context // ends with the connection
	cancel context.CancelFunc

	dialled ends // of the socket to the upstream; belongs to the goroutine that serves

	mu       sync.Mutex // guards what is below; never held while waiting for a peer
	set      *toxicSet
	meters   map[int64]*meter // by the toxic's id
	sessions []*session
	refused  bool // a down toxic ended the connection
	finished bool
}

// apply makes the toxics of a set act on the connection. It reports whether a down
// toxic refuses the connection. Sets may come in any order; the newest wins.
func (c *conn) apply(set *toxicSet) (refused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished || c.set != nil && c.set.version >= set.version {
		return c.refused
	}
	c.set = set
	c.updateMeters()
	for _, p := range c.sessions {
		c.applyTo(p)
	}
	if c.hitByDown() {
		c.refused = true
		c.abort()
	}
	return c.refused
}

// updateMeters makes the meters those of the set's toxics.
func (c *conn) updateMeters() {
	for id := range c.meters {
		if !slices.ContainsFunc(c.set.toxics, func(t *toxic) bool { return t.id == id }) {
			delete(c.meters, id)
		}
	}
	for _, t := range c.set.toxics {
		if t.message != nil { // the gateway counts its requests
			continue
		}
		m := c.meters[t.id]
		if m == nil {
			m = &meter{counts: t.counts}
			t.counts.of.Add(1)
			if c.meters == nil {
				c.meters = map[int64]*meter{}
			}
			c.meters[t.id] = m
		}
		m.toxic.Store(t)
	}
}

func (c *conn) meter(t *toxic) *meter { return c.meters[t.id] }

// hitByDown reports whether a down toxic selects the connection, and counts it.
func (c *conn) hitByDown() bool {
	hit := false
	for _, t := range c.set.toxics {
		if t.isDown() && t.selects(c.sample(t)) {
			c.meter(t).count()
			hit = true
		}
	}
	return hit
}

// sample returns the connection's random number for a toxic, from 0 to below 1. It
// depends only on the server's seed and on the order of connections and toxics.
func (c *conn) sample(t *toxic) float32 {
	return float32(sampling.Draw(c.proxy.seed, uint64(t.id), c.id)>>40) / (1 << 24)
}

// addSession makes the toxics act on a session. It reports false when the connection
// is over.
func (c *conn) addSession(p *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return false
	}
	c.sessions = append(c.sessions, p)
	c.applyTo(p)
	return true
}

func (c *conn) removeSession(p *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sessions = slices.DeleteFunc(c.sessions, func(other *session) bool { return other == p })
}

// applyTo puts the toxics that select this connection on a session's links.
func (c *conn) applyTo(p *session) {
	var wanted [stream.NumDirections][]*toxic
	for _, t := range c.set.toxics {
		if t.impl != nil && !t.isDown() && t.selects(c.sample(t)) {
			wanted[t.direction] = append(wanted[t.direction], t)
		}
	}
	p.up.apply(wanted[stream.Upstream])
	p.down.apply(wanted[stream.Downstream])
}

// abort resets the client's connection and ends all work for it. The caller may hold
// mu.
func (c *conn) abort() {
	hangUp(c.client, true)
	c.cancel()
}

// close ends the client's connection in good order, and all work for it.
func (c *conn) close() {
	hangUp(c.client, false)
	c.cancel()
}

// finish ends the connection. No toxic acts on it from now on.
func (c *conn) finish() {
	c.mu.Lock()
	c.finished = true
	c.mu.Unlock()
	c.close()
}

// serve carries bytes for the client until one side has gone.
func (c *conn) serve() {
	if g := c.proxy.currentGateway(); g != nil {
		c.serveThroughGateway(g)
		return
	}
	upstream, err := c.dial(c.ctx)
	if err != nil {
		if c.ctx.Err() == nil {
			c.proxy.logUnreachable(err, err)
		}
		// In good order, as Toxiproxy ends it: a reset can overtake the client's connect(),
		// which would look as if the proxy were down.
		hangUp(c.client, false)
		return
	}
	p := newSession(c, upstream, false)
	stop := context.AfterFunc(c.ctx, func() { p.kill(false) })
	defer stop()
	if !c.addSession(p) {
		p.kill(false)
	}
	p.carry()
}
