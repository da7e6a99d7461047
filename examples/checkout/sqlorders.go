package checkout

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// sqlOrders keeps orders in PostgreSQL, by one pool of connections.
type sqlOrders struct {
	db     *sql.DB
	conns  *connections
	insert string
}

// poolSize is more than the demo needs, and small enough for two shops with two routes
// each to fit into the 100 connections that PostgreSQL allows.
const poolSize = 16

const (
	insertOrder = "INSERT INTO orders (id, total, payment, placed) VALUES ($1, $2, $3, $4)"
	insertLine  = "INSERT INTO order_lines (number, sku, quantity) VALUES ($1, $2, $3)"
	selectOrder = "SELECT id, sku, quantity, total, payment FROM orders JOIN order_lines USING (number) WHERE id = $1 ORDER BY number LIMIT 1"
	selectTwice = "SELECT id FROM orders GROUP BY id HAVING count(*) > 1 AND max(placed) >= $1 ORDER BY id"
)

// newOrderStore connects to the database at address, host:port. How it deals with
// errors depends on the build.
func newOrderStore(d *database, address, build string, log *slog.Logger) (orderStore, error) {
	config, err := d.configVia(address)
	if err != nil {
		return nil, err
	}
	life, cut := context.WithCancel(context.Background())
	s := &sqlOrders{conns: &connections{life, cut}, insert: insertOrder + " RETURNING number"}
	config.DialFunc = s.conns.dial
	s.db = sql.OpenDB(stdlib.GetConnector(*config))
	s.db.SetMaxOpenConns(poolSize)
	s.db.SetMaxIdleConns(poolSize)
	if build != Hardened {
		return naiveOrders{s}, nil
	}
	s.insert = insertOrder + " ON CONFLICT (id) DO NOTHING RETURNING number"
	return newGuardedOrders(s, log), nil
}

// write stores an order and its line, both or none. known reports whether the order was
// there before; it is always false in the naive build's schema, which has no unique
// index.
func (s *sqlOrders) write(ctx context.Context, o order) (known bool, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, blameDatabase(err)
	}
	defer func() { _ = tx.Rollback() }() // without effect after a commit
	var number int64
	err = tx.QueryRowContext(ctx, s.insert, o.ID, int64(o.Total), o.Payment, time.Now()).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return true, nil
	}
	if err == nil {
		_, err = tx.ExecContext(ctx, insertLine, number, o.SKU, o.Quantity)
	}
	if err == nil {
		err = tx.Commit()
	}
	return false, blameDatabase(err)
}

func (s *sqlOrders) find(ctx context.Context, id string) (o order, found bool, err error) {
	var total int64
	err = s.db.QueryRowContext(ctx, selectOrder, id).Scan(&o.ID, &o.SKU, &o.Quantity, &total, &o.Payment)
	if errors.Is(err, sql.ErrNoRows) {
		return order{}, false, nil
	}
	o.Total = cents(total)
	return o, err == nil, blameDatabase(err)
}

func (s *sqlOrders) duplicates(ctx context.Context, since time.Time) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, selectTwice, since)
	if err != nil {
		return nil, blameDatabase(err)
	}
	defer func() { _ = rows.Close() }()
	ids := []string{} // never null in JSON
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, blameDatabase(err)
		}
		ids = append(ids, id)
	}
	return ids, blameDatabase(rows.Err())
}

func (s *sqlOrders) close() error {
	s.conns.cut()
	return s.db.Close()
}

// blameDatabase makes errors about the data permanent, because PostgreSQL would answer
// the same again. All other errors are transient.
func blameDatabase(err error) error {
	said, ok := errors.AsType[*pgconn.PgError](err)
	if ok && (strings.HasPrefix(said.Code, "22") || strings.HasPrefix(said.Code, "23")) { // data exceptions, violated constraints
		return &upstreamError{ordersDB, 422, err}
	}
	return blame(ordersDB, err)
}

// naiveOrders waits for as long as the database takes, and believes that an
// error means that nothing was written. When only the answer to the commit was
// lost, the retry writes the order again.
type naiveOrders struct{ *sqlOrders }

func (s naiveOrders) put(ctx context.Context, o order) (order, bool, error) {
	var err error
	for range 1 + naiveRetries {
		_, err = s.write(ctx, o)
		if err == nil || permanent(err) || ctx.Err() != nil {
			break
		}
	}
	return o, false, err
}

func (s naiveOrders) get(ctx context.Context, id string) (order, error) {
	o, found, err := s.find(ctx, id)
	if err == nil && !found {
		err = errNoOrder
	}
	return o, err
}

// guardedOrders limits every call. An order that cannot be written now is
// accepted and written when the database is back; as an order is there at most
// once, one whose answer was lost is not written again.
type guardedOrders struct {
	*sqlOrders
	guard guard
	later *backlog[order]
}

func newGuardedOrders(s *sqlOrders, log *slog.Logger) *guardedOrders {
	g := &guardedOrders{sqlOrders: s, guard: newGuard(patientDatabase, 1)}
	g.later = newBacklog("order", 10_000, log, func(ctx context.Context, o order) error {
		_, err := g.write(ctx, o)
		return err
	})
	return g
}

// work writes deferred orders until ctx ends.
func (g *guardedOrders) work(ctx context.Context) { g.later.work(ctx) }

// write is sqlOrders.write behind the guard.
func (g *guardedOrders) write(ctx context.Context, o order) (known bool, err error) {
	err = g.guard.do(ctx, func(ctx context.Context) error {
		var err error
		known, err = g.sqlOrders.write(ctx, o)
		return err
	})
	return known, blame(ordersDB, err)
}

func (g *guardedOrders) put(ctx context.Context, o order) (order, bool, error) {
	known, err := g.write(ctx, o)
	switch {
	case err == nil && known:
		kept, err := g.get(ctx, o.ID)
		return kept, true, err
	case err == nil, permanent(err):
		return o, false, err
	case !g.later.add(o):
		return o, false, errors.Join(err, errors.New("too many orders wait for the database already"))
	}
	return o, false, errDeferred
}

func (g *guardedOrders) get(ctx context.Context, id string) (order, error) {
	var o order
	var found bool
	err := g.guard.do(ctx, func(ctx context.Context) error {
		var err error
		o, found, err = g.find(ctx, id)
		return err
	})
	if err == nil && !found {
		err = errNoOrder
	}
	return o, err
}

// connections are the connections of one pool. Closing the pool cuts them: the driver
// alone would wait for an answer to its goodbye on a connection that hangs.
type connections struct {
	life context.Context
	cut  context.CancelFunc
}

func (l *connections) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(l.life, stop)()
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &pooledConn{c, context.AfterFunc(l.life, func() { _ = c.Close() })}, nil
}

type pooledConn struct {
	net.Conn
	forget func() bool
}

func (o *pooledConn) Close() error {
	if !o.forget() {
		return nil // it was cut, or closed before
	}
	return o.Conn.Close()
}
