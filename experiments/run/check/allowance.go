package check

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"sync/atomic"

	"modernc.org/sqlite"
)

const (
	maxAnswer  = 16 << 20 // bytes that a database may send for one check
	maxMessage = 8 << 20  // bytes of one message of PostgreSQL
	// sqliteLength is SQLITE_LIMIT_LENGTH, of a string, a blob and a row.
	sqliteLength = 0
)

var errTooMuch = errors.New("the database sends more than 16 MiB")

// An allowance is how many bytes a database may still send for a check. Drivers hold
// a row whole, however long it is, and some hold what a length announces.
type allowance struct{ left atomic.Int64 }

func (a *allowance) renew() { a.left.Store(maxAnswer) }

func (a *allowance) spent() bool { return a.left.Load() < 0 }

// bound returns a dialer whose connections end when the allowance is spent.
func (a *allowance) bound(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return boundConn{c, a}, nil
	}
}

type boundConn struct {
	net.Conn
	allowance *allowance
}

// Read fails where the allowance is spent.
func (c boundConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.allowance.left.Add(-int64(n)) < 0 {
		return 0, errTooMuch
	}
	return n, err
}

// boundMessages returns what build does, with a bound of what the length of a message
// may announce.
func boundMessages[F interface{ SetMaxBodyLen(int) }](build func(io.Reader, io.Writer) F) func(io.Reader, io.Writer) F {
	return func(r io.Reader, w io.Writer) F {
		f := build(r, w)
		f.SetMaxBodyLen(maxMessage)
		return f
	}
}

// boundSQLite bounds what SQLite makes within a connection.
func boundSQLite(c *sql.Conn) error {
	_, err := sqlite.Limit(c, sqliteLength, maxAnswer)
	return err
}
