package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

const (
	maxRows    = 100_000 // bounds how many violations are counted
	maxRefusal = 4096    // bytes of an error, which may say what to write in a document
)

// An sqlChecker checks an invariant by a query that returns violations.
type sqlChecker struct {
	db       *sql.DB
	allowed  *allowance
	resolver resolver
	text     string
	args     []any
	tx       *sql.TxOptions // nil where the connection cannot write anyway
}

func newSQLChecker(s *experiments.System, inv experiments.Invariant, f journey.Facts) (*sqlChecker, error) {
	c := &sqlChecker{resolver: newResolver(f), allowed: &allowance{}}
	name, ok := strings.CutPrefix(inv.DSN, "${env:")
	if !ok {
		return nil, errors.New("the DSN must be ${env:NAME}, the name of an environment variable that holds it")
	}
	name = strings.TrimSuffix(name, "}")
	dsn, err := c.resolver.value(experiments.Part{Name: "env", Arg: name})
	if err != nil {
		return nil, err
	}
	d, err := openDatabase(dsn, s, &c.resolver, c.allowed)
	if err != nil {
		return nil, fmt.Errorf("${env:%s}: %s", name, c.resolver.hidden.Line(err.Error(), maxText))
	}
	c.db = d.db
	c.db.SetMaxOpenConns(1)
	if !d.readOnly {
		c.tx = &sql.TxOptions{ReadOnly: true}
	}
	if err := c.setQuery(inv.SQL, d); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *sqlChecker) close() { _ = c.db.Close() }

// setQuery replaces each variable by a placeholder: a value is never a part of the
// query's text.
func (c *sqlChecker) setQuery(text string, d database) error {
	t, err := experiments.ParseTemplate(text)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Name == "" {
			b.WriteString(p.Literal)
			continue
		}
		value, err := c.resolver.value(p)
		if err != nil {
			return err
		}
		if p.Name == "started" && d.times {
			c.args = append(c.args, c.resolver.Started.UTC())
		} else {
			c.args = append(c.args, value)
		}
		b.WriteString(d.placeholder(len(c.args)))
	}
	c.text = b.String()
	return nil
}

// check runs the query once, in a transaction that cannot write. Every row is a
// violation, and its first column the key.
func (c *sqlChecker) check(ctx context.Context) journal.CheckResult {
	ctx, cancel := context.WithTimeoutCause(ctx, checkTimeout, fmt.Errorf("no answer within %s", checkTimeout))
	defer cancel()
	c.allowed.renew()
	r, err := c.violations(ctx)
	if err != nil {
		switch {
		case errors.Is(err, experiments.ErrRefused):
		case c.allowed.spent():
			err = errTooMuch // some drivers say only that the connection is bad
		case ctx.Err() != nil:
			err = context.Cause(ctx)
		}
		return journal.CheckResult{Error: c.resolver.hidden.Line(driverError(err), maxText), Err: c.resolver.hidden.Error(err, maxRefusal)}
	}
	return r
}

func (c *sqlChecker) violations(ctx context.Context) (journal.CheckResult, error) {
	rows, done, err := c.rows(ctx)
	if err != nil {
		return journal.CheckResult{}, err
	}
	defer done()
	columns, err := rows.Columns()
	if err != nil {
		return journal.CheckResult{}, err
	}
	r := journal.CheckResult{}
	var keys []string
	for rows.Next() && r.Violations < maxRows {
		r.Violations++
		if len(keys) == maxCompared {
			continue
		}
		key, err := firstColumn(rows, len(columns))
		if err != nil {
			return journal.CheckResult{}, err
		}
		keys = append(keys, c.resolver.hidden.Text(key, maxText))
	}
	if err := rows.Err(); err != nil {
		return journal.CheckResult{}, err
	}
	setKeys(&r, keys)
	r.Holds = r.Violations == 0
	if !r.Holds {
		r.Detail = strconv.Itoa(int(r.Violations)) + " rows, expected none"
		if r.Violations == 1 {
			r.Detail = "1 row, expected none"
		}
	}
	return r, nil
}

func (c *sqlChecker) rows(ctx context.Context) (*sql.Rows, func(), error) {
	if c.tx == nil {
		return c.rowsOfFile(ctx)
	}
	tx, err := c.db.BeginTx(ctx, c.tx)
	if err != nil {
		return nil, nil, err
	}
	rows, err := tx.QueryContext(ctx, c.text, c.args...)
	if err != nil {
		_ = tx.Rollback()
		return nil, nil, err
	}
	return rows, func() { _ = rows.Close(); _ = tx.Rollback() }, nil
}

// rowsOfFile are the rows of SQLite, which computes them in this process.
func (c *sqlChecker) rowsOfFile(ctx context.Context) (*sql.Rows, func(), error) {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	var rows *sql.Rows
	if err = boundSQLite(conn); err == nil {
		rows, err = conn.QueryContext(ctx, c.text, c.args...)
	}
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close())
	}
	return rows, func() { _, _ = rows.Close(), conn.Close() }, nil
}

// firstColumn returns the first column of a row as people write it.
func firstColumn(rows *sql.Rows, columns int) (string, error) {
	values := make([]any, columns)
	for i := range values {
		values[i] = new(any)
	}
	if err := rows.Scan(values...); err != nil {
		return "", err
	}
	switch v := (*values[0].(*any)).(type) {
	case nil:
		return "null", nil
	case []byte:
		if !utf8.Valid(v) {
			return fmt.Sprintf("%x", v), nil
		}
		return string(v), nil
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:]), nil
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), nil
	default:
		return fmt.Sprint(v), nil
	}
}
