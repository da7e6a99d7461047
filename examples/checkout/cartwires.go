package checkout

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gomodule/redigo/redis"
)

const (
	mostCartWires = 64
	dialPatience  = 5 * time.Second  // of who waits for ever for an answer
	wirePatience  = 30 * time.Second // and until a connection is free
)

// cartWires are the connections of one storefront to Redis.
type cartWires struct {
	server  redisServer
	timeout time.Duration // of a dial, a command and the wait for a connection; 0: none
	pool    *redis.Pool

	mu     sync.Mutex
	open   map[net.Conn]struct{}
	closed bool
}

func newCartWires(server redisServer, timeout time.Duration) *cartWires {
	w := &cartWires{server: server, timeout: timeout, open: map[net.Conn]struct{}{}}
	w.pool = &redis.Pool{MaxActive: mostCartWires, MaxIdle: mostCartWires, Wait: true, DialContext: w.dial, TestOnBorrow: stillOpen}
	return w
}

// do sends one command. Without a timeout it waits for the answer, whatever becomes of
// the customer.
func (w *cartWires) do(ctx context.Context, command string, args ...any) (any, error) {
	waiting, cancel := context.WithTimeout(ctx, cmp.Or(w.timeout, wirePatience))
	defer cancel()
	c, err := w.pool.GetContext(waiting)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // it goes back, or is dropped where it is broken
	if w.timeout == 0 {
		return c.Do(command, args...)
	}
	return redis.DoContext(c, ctx, command, args...)
}

// A cartWire is one connection of the pool.
type cartWire struct {
	redis.ConnWithContext
	socket net.Conn
	gone   func()
}

func (w *cartWire) Close() error {
	w.gone()
	return w.ConnWithContext.Close()
}

// dial connects and logs in.
func (w *cartWires) dial(ctx context.Context) (redis.Conn, error) {
	d := net.Dialer{Timeout: cmp.Or(w.timeout, dialPatience)}
	socket, err := d.DialContext(ctx, "tcp", w.server.address)
	if err != nil {
		return nil, err
	}
	protocol, ok := redis.NewConn(socket, w.timeout, w.timeout).(redis.ConnWithContext)
	if !ok || !w.keep(socket) {
		return nil, errors.Join(net.ErrClosed, socket.Close())
	}
	c := &cartWire{protocol, socket, func() { w.forget(socket) }}
	if err := w.logIn(c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (w *cartWires) logIn(c redis.Conn) error {
	credentials := []any{w.server.user, w.server.password}
	if w.server.user == "" {
		credentials = credentials[1:]
	}
	var err error
	if w.server.password != "" {
		_, err = c.Do("AUTH", credentials...)
	}
	if err == nil && w.server.database != 0 {
		_, err = c.Do("SELECT", w.server.database)
	}
	return err
}

// keep notes a connection, and reports whether it is still wanted.
func (w *cartWires) keep(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.open[c] = struct{}{}
	}
	return !w.closed
}

func (w *cartWires) forget(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, c)
}

// close cuts every connection, even in the middle of a call.
func (w *cartWires) close() error {
	w.mu.Lock()
	w.closed = true
	for c := range w.open {
		_ = c.Close() // whoever uses it gets the error
	}
	w.mu.Unlock()
	return w.pool.Close()
}

// stillOpen refuses a connection that Redis, or a fault on the way, has closed while it
// was idle: a call on it would fail although Redis answers.
func stillOpen(c redis.Conn, _ time.Time) error {
	wire, ok := c.(*cartWire)
	if !ok {
		return net.ErrClosed
	}
	socket, ok := wire.socket.(*net.TCPConn)
	if !ok {
		return net.ErrClosed
	}
	if err := socket.SetDeadline(time.Time{}); err != nil { // that of the last call
		return err
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var said error
	err = raw.Read(func(fd uintptr) bool {
		_, said = syscall.Read(int(fd), make([]byte, 1))
		return true
	})
	if err == nil && !errors.Is(said, syscall.EAGAIN) { // its end, or an answer that nobody has asked for
		err = net.ErrClosed
	}
	return err
}
