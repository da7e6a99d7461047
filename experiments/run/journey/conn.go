package journey

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/run/journey/rawconn"
)

const (
	// idleFor is how long a connection may wait for its next request. Servers
	// close connections after 2 s or more without one; a request that meets the
	// closing would count as harm that no user has.
	idleFor = time.Second

	dialFor    = 10 * time.Second // where a request has no deadline
	readBytes  = 16 << 10         // also the most that headers may hold
	writeBytes = 4 << 10
)

// errCrowded means that a client has as many connections as it may have.
var errCrowded = errors.New("too many connections are open")

// A conn is a connection that carries one request at a time.
type conn struct {
	net.Conn
	in    *bufio.Reader
	out   *bufio.Writer
	since time.Time // when it became idle
	fresh bool      // it has carried no request yet
}

func newConn(raw net.Conn) *conn {
	return &conn{Conn: raw, fresh: true, in: bufio.NewReaderSize(raw, readBytes), out: bufio.NewWriterSize(raw, writeBytes)}
}

// An endpoint is where connections lead to.
type endpoint struct {
	client    *Client
	host      string // to be resolved
	port      string
	authority string // the Host header
	tls       *tls.Config

	mu     sync.Mutex
	idle   []*conn // the most recently used last
	closed bool
}

// take gives a connection that nobody uses, or a new one.
func (e *endpoint) take(ctx context.Context, deadline time.Time) (*conn, error) {
	e.mu.Lock()
	var c *conn
	var stale []*conn
	if n := len(e.idle); n > 0 {
		if time.Since(e.idle[n-1].since) < idleFor {
			c, e.idle[n-1] = e.idle[n-1], nil
			e.idle = e.idle[:n-1]
		} else { // all others are older still
			stale, e.idle = e.idle, nil
		}
	}
	e.mu.Unlock()
	for _, old := range stale {
		e.drop(old)
	}
	if c != nil {
		return c, nil
	}
	return e.dial(ctx, deadline)
}

// give takes a connection back that can carry another request. It also closes
// those that no request has needed for long.
func (e *endpoint) give(c *conn) {
	c.since, c.fresh = time.Now(), false
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		e.drop(c)
		return
	}
	var stale *conn
	if len(e.idle) > 0 && c.since.Sub(e.idle[0].since) > idleFor {
		stale = e.idle[0]
		e.idle = slices.Delete(e.idle, 0, 1)
	}
	e.idle = append(e.idle, c)
	e.mu.Unlock()
	if stale != nil {
		e.drop(stale)
	}
}

func (e *endpoint) drop(c *conn) {
	_ = c.Close() // nothing is read from it any more: how it closes says nothing
	e.client.conns.Add(-1)
}

// close closes idle connections now, and those in use when they come back.
func (e *endpoint) close() {
	e.mu.Lock()
	idle := e.idle
	e.idle, e.closed = nil, true
	e.mu.Unlock()
	for _, c := range idle {
		e.drop(c)
	}
}

// dial opens a connection to an address that the host policy allows.
func (e *endpoint) dial(ctx context.Context, deadline time.Time) (*conn, error) {
	if e.client.conns.Add(1) > e.client.maxConns {
		e.client.conns.Add(-1)
		return nil, fmt.Errorf("%w: %d", errCrowded, e.client.maxConns)
	}
	if deadline.IsZero() {
		deadline = time.Now().Add(dialFor)
	}
	raw, err := e.connect(ctx, deadline)
	if err != nil {
		e.client.conns.Add(-1)
		return nil, err
	}
	return newConn(raw), nil
}

func (e *endpoint) connect(ctx context.Context, deadline time.Time) (net.Conn, error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	raw, err := hosts.Dialer{Policy: e.client.hosts}.DialContext(ctx, "tcp", net.JoinHostPort(e.host, e.port))
	if err == nil {
		raw, err = rawconn.Wrap(raw)
	}
	if err == nil && e.tls != nil {
		raw, err = e.handshake(ctx, raw, deadline)
	}
	return raw, err
}

func (e *endpoint) handshake(ctx context.Context, raw net.Conn, deadline time.Time) (net.Conn, error) {
	secured := tls.Client(raw, e.tls)
	err := secured.SetDeadline(deadline)
	if err == nil {
		err = secured.HandshakeContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("tls: %w", err), raw.Close())
	}
	return secured, nil
}
