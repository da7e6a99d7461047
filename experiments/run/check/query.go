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

// mostRows bounds how many violations are counted.
const mostRows = 100_000

// A query is an invariant that a database knows.
type query struct {
	db     *sql.DB
	filler *filler
	text   string
	args   []any
	tx     *sql.TxOptions // nil where the connection cannot write anyway
}

func newQuery(s *experiments.System, inv experiments.Invariant, f journey.Facts) (*query, error) {
	fill := newFiller(f)
	name, ok := strings.CutPrefix(inv.DSN, "${env:")
	if !ok {
		return nil, errors.New("the DSN is no ${env:NAME}")
	}
	name = strings.TrimSuffix(name, "}")
	dsn, err := fill.env(name)
	if err != nil {
		return nil, err
	}
	d, err := openDatabase(dsn, s, fill)
	if err != nil {
		return nil, fmt.Errorf("${env:%s}: %s", name, fill.clean(err.Error()))
	}
	q := &query{db: d.db, filler: fill}
	q.db.SetMaxOpenConns(1)
	if !d.readOnly {
		q.tx = &sql.TxOptions{ReadOnly: true}
	}
	if err := q.parameters(inv.SQL, d); err != nil {
		q.close()
		return nil, err
	}
	return q, nil
}

func (q *query) close() { _ = q.db.Close() }

// parameters puts a placeholder in the place of each variable: a value is never a
// part of the query's text.
func (q *query) parameters(text string, d database) error {
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
		value, err := q.filler.value(p)
		if err != nil {
			return err
		}
		if p.Name == "started" && d.times {
			q.args = append(q.args, q.filler.Started.UTC())
		} else {
			q.args = append(q.args, value)
		}
		b.WriteString(d.placeholder(len(q.args)))
	}
	q.text = b.String()
	return nil
}

// ask runs the query once, in a transaction that cannot write. Every row is a
// violation, and its first column the key.
func (q *query) ask(ctx context.Context) journal.CheckResult {
	ctx, cancel := context.WithTimeout(ctx, askFor)
	defer cancel()
	r, err := q.violations(ctx)
	if err != nil {
		if ctx.Err() != nil && !errors.Is(err, experiments.ErrRefused) {
			err = fmt.Errorf("no answer within %s", askFor)
		}
		return journal.CheckResult{Error: q.filler.clean(told(err))}
	}
	return r
}

func (q *query) violations(ctx context.Context) (journal.CheckResult, error) {
	rows, done, err := q.rows(ctx)
	if err != nil {
		return journal.CheckResult{}, err
	}
	defer done()
	columns, err := rows.Columns()
	if err != nil {
		return journal.CheckResult{}, err
	}
	r := journal.CheckResult{}
	for rows.Next() && r.Violations < mostRows {
		r.Violations++
		if len(r.Keys) == mostKeys {
			continue
		}
		key, err := first(rows, len(columns))
		if err != nil {
			return journal.CheckResult{}, err
		}
		r.Keys = append(r.Keys, q.filler.clean(short(key)))
	}
	if err := rows.Err(); err != nil {
		return journal.CheckResult{}, err
	}
	r.Holds = r.Violations == 0
	if !r.Holds {
		r.Detail = strconv.Itoa(int(r.Violations)) + " rows, expected none"
		if r.Violations == 1 {
			r.Detail = "1 row, expected none"
		}
	}
	return r, nil
}

func (q *query) rows(ctx context.Context) (*sql.Rows, func(), error) {
	if q.tx == nil {
		rows, err := q.db.QueryContext(ctx, q.text, q.args...)
		return rows, func() { _ = rows.Close() }, err
	}
	tx, err := q.db.BeginTx(ctx, q.tx)
	if err != nil {
		return nil, nil, err
	}
	rows, err := tx.QueryContext(ctx, q.text, q.args...)
	if err != nil {
		_ = tx.Rollback()
		return nil, nil, err
	}
	return rows, func() { _ = rows.Close(); _ = tx.Rollback() }, nil
}

// first is the first column of a row as people write it.
func first(rows *sql.Rows, columns int) (string, error) {
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
