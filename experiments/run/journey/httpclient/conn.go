package httpclient

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

	"github.com/blastgauge/blastgauge/experiments/run/journey/rawconn"
)

const (
	// maxIdle is how long a connection may wait for its next request. Servers close
	// connections after 2 s or more without one; a request that meets the closing
	// would count as harm that no user has.
	maxIdle = time.Second

	dialTimeout     = 10 * time.Second // where a request has no deadline
	readBufferSize  = 16 << 10         // bytes; also the limit of an answer's headers
	writeBufferSize = 4 << 10          // bytes
)

// errTooManyConns means that a client has as many connections as it may have.
var errTooManyConns = errors.New("too many connections are open")

// A conn is a connection that carries one request at a time.
type conn struct {
	net.Conn
	in        *bufio.Reader
	out       *bufio.Writer
	idleSince time.Time
	fresh     bool // it has carried no request yet
}

func newConn(raw net.Conn) *conn {
	return &conn{Conn: raw, fresh: true, in: bufio.NewReaderSize(raw, readBufferSize), out: bufio.NewWriterSize(raw, writeBufferSize)}
}

// An endpoint is one host and port, with the connections to it.
type endpoint struct {
	client *Client
	host   string // name or address
	port   string
	tls    *tls.Config

	mu     sync.Mutex
	idle   []*conn // the most recently used last
	closed bool
}

// acquire returns an idle connection, or a new one.
func (e *endpoint) acquire(ctx context.Context, deadline time.Time) (*conn, error) {
	e.mu.Lock()
	var c *conn
	var stale []*conn
	if n := len(e.idle); n > 0 {
		if time.Since(e.idle[n-1].idleSince) < maxIdle {
			c, e.idle[n-1] = e.idle[n-1], nil
			e.idle = e.idle[:n-1]
		} else { // all others are older still
			stale, e.idle = e.idle, nil
		}
	}
	e.mu.Unlock()
	for _, old := range stale {
		e.discard(old)
	}
	if c != nil {
		return c, nil
	}
	return e.dial(ctx, deadline)
}

// release keeps a connection for another request. It also closes the oldest
// connection that has been idle for too long.
func (e *endpoint) release(c *conn) {
	c.idleSince, c.fresh = time.Now(), false
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		e.discard(c)
		return
	}
	var stale *conn
	if len(e.idle) > 0 && c.idleSince.Sub(e.idle[0].idleSince) > maxIdle {
		stale = e.idle[0]
		e.idle = slices.Delete(e.idle, 0, 1)
	}
	e.idle = append(e.idle, c)
	e.mu.Unlock()
	if stale != nil {
		e.discard(stale)
	}
}

func (e *endpoint) discard(c *conn) {
	_ = c.Close() // its request is over: how it closes says nothing
	e.client.conns.Add(-1)
}

// close closes idle connections now, and those in use when they come back.
func (e *endpoint) close() {
	e.mu.Lock()
	idle := e.idle
	e.idle, e.closed = nil, true
	e.mu.Unlock()
	for _, c := range idle {
		e.discard(c)
	}
}

// dial opens a connection to an address that the host policy allows.
func (e *endpoint) dial(ctx context.Context, deadline time.Time) (*conn, error) {
	if e.client.conns.Add(1) > e.client.maxConns {
		e.client.conns.Add(-1)
		return nil, fmt.Errorf("%w: %d", errTooManyConns, e.client.maxConns)
	}
	if deadline.IsZero() {
		deadline = time.Now().Add(dialTimeout)
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
	raw, err := e.client.dial(ctx, "tcp", net.JoinHostPort(e.host, e.port))
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
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrHandshake, err), raw.Close())
	}
	return secured, nil
}
