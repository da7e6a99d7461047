package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/injectors/gateway"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// pgRig is a gateway in front of a PostgreSQL that is this test's own.
type pgRig struct {
	*rig
	direct string // URL of the server
	via    string // URL of the gateway
	calls  atomic.Int64
}

// TestPostgres runs all that needs a server on one, as making it takes longest.
func TestPostgres(t *testing.T) {
	t.Parallel()
	r := realPostgres(t)
	for name, test := range map[string]func(*testing.T, *pgRig){
		"statements fail":            postgresStatementsFail,
		"commits fail":               postgresCommitsFail,
		"after the work":             postgresAfterTheWork,
		"errors are the servers own": postgresErrorsAreTheServersOwn,
		"connections fail":           postgresConnectionsFail,
		"calls":                      postgresCalls,
		"match":                      postgresMatches,
		"passes":                     postgresPasses,
		"writes":                     postgresWrites,
		"function calls":             postgresFunctionCalls,
		"pipelines":                  postgresPipelines,
		"copies":                     postgresCopies,
		"psql":                       postgresCLI,
		"late statements end":        postgresLateStatementsEnd,
		"under a thousand faults":    postgresUnderAThousandFaults,
		"and foreigners":             postgresAndForeigners,
	} {
		t.Run(name, func(t *testing.T) {
			r.T = t
			r.Set(nil)
			r.exec(r.open(r.direct, pgx.QueryExecModeExec), "TRUNCATE t")
			test(t, r)
		})
	}
	t.Run("over TLS", func(t *testing.T) {
		r.T = t
		r.Set(nil)
		postgresOverTLS(t, r)
	})
}

func realPostgres(t *testing.T) *pgRig {
	t.Helper()
	server, err := checkout.StartPostgres(t.Context())
	required.NoError(t, err, checkout.ErrNotInstalled)
	t.Cleanup(func() { server.Close() })
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := &pgRig{direct: server.URL + "?sslmode=disable"}
	r.rig = newRig(t, gateway.Options{Scheme: "postgres", Address: u.Host, Seed: 7, Calls: &r.calls})
	u.Host = r.address
	u.RawQuery = "sslmode=prefer" // so that it asks for encryption, and is told that there is none
	r.via = u.String()
	c := r.open(r.direct, pgx.QueryExecModeExec)
	r.exec(c, "CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL)")
	return r
}

func (r *pgRig) open(url string, mode pgx.QueryExecMode) *pgx.Conn {
	r.Helper()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		r.Fatal(err)
	}
	config.DefaultQueryExecMode = mode
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func (r *pgRig) exec(c *pgx.Conn, sql string, args ...any) {
	r.Helper()
	if _, err := c.Exec(r.Context(), sql, args...); err != nil {
		r.Fatal(sql, err)
	}
}

// wantCode wants an error of the server's with this SQLSTATE.
func (r *pgRig) wantCode(err error, code string) *pgconn.PgError {
	r.Helper()
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || e.Code != code {
		r.Fatalf("%v, want SQLSTATE %s", err, code)
	}
	return e
}

// wantState wants the session to be in a state.
func (r *pgRig) wantState(c *pgx.Conn, state byte) {
	r.Helper()
	if got := c.PgConn().TxStatus(); got != state {
		r.Fatalf("the session is in state %c, want %c", got, state)
	}
}

// However a client sends its statements, what it was told to do counts.
func postgresCalls(t *testing.T, r *pgRig) {
	for _, mode := range modes() {
		t.Run(mode.String(), func(t *testing.T) {
			r.T = t
			ctx, before := t.Context(), r.calls.Load()
			c := r.open(r.via, mode)
			r.exec(c, "SET application_name = 'shop'")
			if err := c.Ping(ctx); err != nil {
				t.Fatal(err)
			}
			tx, err := c.Begin(ctx) // 1
			if err != nil {
				t.Fatal(err)
			}
			for id := range 2 { // 3
				if _, err := tx.Exec(ctx, "INSERT INTO t VALUES ($1, $2)", id, 1); err != nil {
					t.Fatal(err)
				}
			}
			if err := tx.Rollback(ctx); err != nil { // 4
				t.Fatal(err)
			}
			if _, err := c.Query(ctx, "SELECT v FROM t WHERE id = $1", 1); err != nil { // 5
				t.Fatal(err)
			}
			if err := c.Close(ctx); err != nil {
				t.Fatal(err)
			}
			if got := r.calls.Load() - before; got != 5 {
				t.Errorf("%d calls, want 5", got)
			}
		})
	}
}

func modes() []pgx.QueryExecMode {
	return []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol}
}

// A statement that fails leaves the session as the server would: outside a
// transaction, within one, and at its end, in the simple and in the extended
// protocol.
func postgresStatementsFail(t *testing.T, r *pgRig) {
	for _, mode := range modes() {
		t.Run(mode.String(), func(t *testing.T) {
			r.T = t
			c, ctx := r.open(r.via, mode), t.Context()
			r.exec(c, "DELETE FROM t WHERE v = $1", 1)
			f := r.inject("postgres_error", `{'sqlstate':'40001','match':{'statement':'insert'}}`)
			_, err := c.Exec(ctx, "INSERT INTO t VALUES ($1, 1)", 1)
			if e := r.wantCode(err, "40001"); e.Severity != "ERROR" || e.Message != "could not serialize access due to concurrent update" {
				t.Errorf("%+v", e)
			}
			r.wantState(c, 'I')
			tx, err := c.Begin(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(ctx, "UPDATE t SET v = v"); err != nil {
				t.Fatal(err)
			}
			_, err = tx.Exec(ctx, "INSERT INTO t VALUES ($1, 1)", 2)
			r.wantCode(err, "40001")
			r.wantState(c, 'E')
			_, err = tx.Exec(ctx, "SELECT 1")
			r.wantCode(err, "25P02")
			_, err = tx.Exec(ctx, "INSERT INTO t VALUES ($1, 1)", 3) // a transaction that has failed meets no fault
			r.wantCode(err, "25P02")
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
			r.wantState(c, 'I')
			if c := f.Counts(); c.Matched != 2 || c.Affected != 2 {
				t.Errorf("it counted %+v", c)
			}
			r.Set(nil)
			if _, err := c.Exec(ctx, "INSERT INTO t VALUES ($1, 1)", 1); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A COMMIT that fails before it happened has rolled back; one that fails after it
// happened has not. A session that the server ends has ended.
func postgresCommitsFail(t *testing.T, r *pgRig) {
	for i, tt := range []struct {
		attributes, code string
		stored, ends     bool
	}{
		{`{'sqlstate':'40001','match':{'statement':'commit'}}`, "40001", false, false},
		{`{'sqlstate':'57P01','match':{'statement':'commit'}}`, "57P01", false, true},
		{`{'sqlstate':'40001','when':'after','match':{'statement':'commit'}}`, "40001", true, false},
		{`{'sqlstate':'57P01','when':'after','match':{'statement':'commit'}}`, "57P01", true, true},
	} {
		for j, prepared := range []bool{false, true} {
			t.Run(fmt.Sprint(tt.attributes, prepared), func(t *testing.T) {
				r.T = t
				id := 10*i + j
				c, ctx := r.open(r.via, pgx.QueryExecModeCacheStatement), t.Context()
				if prepared { // COMMIT goes by the extended protocol, too
					if _, err := c.Prepare(ctx, "done", "COMMIT"); err != nil {
						t.Fatal(err)
					}
				}
				r.exec(c, "BEGIN")
				r.exec(c, "INSERT INTO t VALUES ($1, 5)", id)
				f := r.inject("postgres_error", tt.attributes)
				var err error
				if prepared {
					err = c.PgConn().ExecPrepared(ctx, "done", nil, nil, nil).Read().Err
				} else {
					_, err = c.Exec(ctx, "commit")
				}
				r.wantCode(err, tt.code)
				r.Set(nil)
				if tt.ends {
					if err := c.Ping(ctx); err == nil {
						t.Error("the session goes on")
					}
				} else {
					r.wantState(c, 'I')
					r.exec(c, "SELECT $1::int", 1)
				}
				if c := f.Counts(); c.Affected != 1 || c.Matched != 1 {
					t.Errorf("it counted %+v", c)
				}
				var n int
				if err := r.open(r.direct, pgx.QueryExecModeExec).QueryRow(ctx, "SELECT count(*) FROM t WHERE id = $1", id).Scan(&n); err != nil {
					t.Fatal(err)
				}
				if (n == 1) != tt.stored {
					t.Errorf("%d rows are stored", n)
				}
			})
		}
	}
}

// After is about what commits: a statement outside a transaction, with its rows.
func postgresAfterTheWork(t *testing.T, r *pgRig) {
	for i, mode := range modes() {
		t.Run(mode.String(), func(t *testing.T) {
			r.T = t
			c, ctx := r.open(r.via, mode), t.Context()
			f := r.inject("postgres_error", `{'sqlstate':'55P03','when':'after','match':{'sql':'*INTO T *'}}`)
			var id int
			err := c.QueryRow(ctx, "INSERT INTO t VALUES ($1, 1) RETURNING id", 100+i).Scan(&id)
			r.wantCode(err, "55P03")
			r.wantState(c, 'I')
			r.exec(c, "BEGIN")
			r.exec(c, "INSERT INTO t VALUES ($1, 1)", 200+i)
			r.wantState(c, 'T')
			r.exec(c, "COMMIT")
			r.Set(nil)
			var n int
			if err := c.QueryRow(ctx, "SELECT count(*) FROM t WHERE id IN ($1, $2)", 100+i, 200+i).Scan(&n); err != nil || n != 2 {
				t.Errorf("%d rows are stored (%v)", n, err)
			}
			if f.Counts().Affected != 1 {
				t.Errorf("it counted %+v", f.Counts())
			}
		})
	}
}

// The errors are, letter by letter, those that the server gives when it is really
// so.
func postgresErrorsAreTheServersOwn(t *testing.T, r *pgRig) {
	admin := r.open(r.direct, pgx.QueryExecModeSimpleProtocol)
	r.exec(admin, "CREATE SEQUENCE id_seq AS int MAXVALUE 2147483647 START 2147483647")
	r.exec(admin, "SELECT nextval('id_seq')")
	r.exec(admin, "INSERT INTO t VALUES (1, 1)")
	for name, tt := range map[string]struct {
		before []string
		asked  string
		inject string
	}{
		"25006 of INSERT":       {[]string{"SET default_transaction_read_only = on"}, "INSERT INTO t VALUES (7, 7)", "{}"},
		"25006 of CREATE TABLE": {[]string{"SET default_transaction_read_only = on"}, "CREATE TABLE u (a int)", "{}"},
		"25006 of TRUNCATE":     {[]string{"SET default_transaction_read_only = on"}, "TRUNCATE t", "{}"},
		"25006 of COPY":         {[]string{"SET default_transaction_read_only = on"}, "COPY t FROM STDIN", "{}"},
		"57014":                 {[]string{"SET statement_timeout = 20"}, "SELECT pg_sleep(5)", "{}"},
		"55P03":                 {[]string{"SET lock_timeout = 20"}, "UPDATE t SET v = v", "{}"},
		"2200H":                 {nil, "INSERT INTO t VALUES (nextval('id_seq'), 1)", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			r.T = t
			code := name[:5]
			c := r.open(r.direct, pgx.QueryExecModeSimpleProtocol)
			for _, sql := range tt.before {
				r.exec(c, sql)
			}
			if code == "55P03" {
				r.exec(admin, "BEGIN")
				r.exec(admin, "LOCK TABLE t")
				defer r.exec(admin, "ROLLBACK")
			}
			_, err := c.Exec(t.Context(), tt.asked)
			original := r.wantCode(err, code)
			r.inject("postgres_error", "{'sqlstate':'"+code+"'}")
			defer r.Set(nil)
			_, err = r.open(r.via, pgx.QueryExecModeSimpleProtocol).Exec(t.Context(), tt.asked)
			injected := r.wantCode(err, code)
			if original.Message != injected.Message || original.Severity != injected.Severity || original.Hint != injected.Hint {
				t.Errorf("the server says %s %q (%s), the fault %s %q (%s)", original.Severity, original.Message, original.Hint, injected.Severity, injected.Message, injected.Hint)
			}
		})
	}
}

// Clients are kept out, and let in again; those that are in stay.
func postgresConnectionsFail(t *testing.T, r *pgRig) {
	inside := r.open(r.via, pgx.QueryExecModeExec)
	f := r.inject("postgres_error", `{'sqlstate':'53300','first':2}`)
	for range 2 {
		_, err := pgx.Connect(t.Context(), r.via)
		if e := r.wantCode(err, "53300"); e.Severity != "FATAL" || e.Message != "sorry, too many clients already" {
			t.Errorf("%+v", e)
		}
	}
	r.exec(r.open(r.via, pgx.QueryExecModeExec), "SELECT 1")
	r.exec(inside, "SELECT 1")
	if c := f.Counts(); c.Affected != 2 {
		t.Errorf("it counted %+v", c)
	}
}

// What is not a statement passes: COPY both ways, notifications, cancellations.
func postgresPasses(t *testing.T, r *pgRig) {
	r.inject("postgres_error", `{'sqlstate':'40001','match':{'statement':'delete'}}`)
	c, ctx := r.open(r.via, pgx.QueryExecModeCacheStatement), t.Context()
	var rows [][]any
	for i := range 5000 {
		rows = append(rows, []any{i, i})
	}
	if n, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"id", "v"}, pgx.CopyFromRows(rows)); err != nil || n != 5000 {
		t.Fatal(n, err)
	}
	var out strings.Builder
	if _, err := c.PgConn().CopyTo(ctx, &out, "COPY t TO STDOUT"); err != nil || strings.Count(out.String(), "\n") != 5000 {
		t.Fatal(out.Len(), err)
	}
	r.exec(c, "LISTEN news")
	r.exec(r.open(r.direct, pgx.QueryExecModeExec), "NOTIFY news, 'hello'")
	if n, err := c.WaitForNotification(ctx); err != nil || n.Payload != "hello" {
		t.Fatal(n, err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := c.Exec(ctx, "SELECT pg_sleep(60)")
		done <- err
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		if err := c.PgConn().CancelRequest(ctx); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			r.wantCode(err, "57014")
			_, err = c.Exec(ctx, "DELETE FROM t")
			r.wantCode(err, "40001")
			return
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("it was not cancelled")
		}
	}
}

// A pipeline fails from the statement on that meets a fault, as on the server, and
// the session goes on.
func postgresPipelines(t *testing.T, r *pgRig) {
	c, ctx := r.open(r.via, pgx.QueryExecModeExec), t.Context()
	f := r.inject("postgres_error", `{'sqlstate':'40001','match':{'statement':'update'}}`)
	b := &pgx.Batch{}
	b.Queue("INSERT INTO t VALUES ($1, 1)", 1)
	b.Queue("UPDATE t SET v = $1", 2)
	b.Queue("INSERT INTO t VALUES ($1, 1)", 3)
	results := c.SendBatch(ctx, b)
	if _, err := results.Exec(); err != nil {
		t.Fatal(err)
	}
	_, err := results.Exec()
	r.wantCode(err, "40001")
	results.Close()
	r.wantState(c, 'I')
	var n int
	if err := c.QueryRow(ctx, "SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows are left of a batch that failed (%v)", n, err)
	}
	wantCounts(t, f, 4, 1, 1)
	postgresLatePipelines(t, r)
}

// A statement of a pipeline that a fault holds up, and that statement_timeout ends, takes
// what stands behind it in its round with it, as on the server. The rounds before and
// behind it are done, and the answers come in their order.
func postgresLatePipelines(t *testing.T, r *pgRig) {
	c := r.open(r.via, pgx.QueryExecModeExec)
	asked := func(sql string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.Parse{Query: sql}, &pgproto3.Bind{}, &pgproto3.Execute{}}
	}
	sync := &pgproto3.Sync{}
	sent := slices.Concat(asked("INSERT INTO t VALUES (1, 1)"), []pgproto3.FrontendMessage{sync},
		asked("INSERT INTO t VALUES (2, 1)"), asked("UPDATE t SET v = 2"), asked("INSERT INTO t VALUES (3, 1)"), []pgproto3.FrontendMessage{sync},
		asked("INSERT INTO t VALUES (4, 1)"), []pgproto3.FrontendMessage{sync})
	for kind, tt := range map[string]struct{ attributes, limit, answers, left string }{
		"passes": {`{'latency':1,'match':{'statement':'update'}}`, "0", "CZCCCZCZ", "1:2 2:2 3:1 4:1"},
		"ends":   {`{'latency':3600000,'match':{'statement':'update'}}`, "500ms", "CZCEZCZ", "1:1 4:1"},
	} {
		r.exec(c, "SET statement_timeout = 0")
		r.exec(c, "TRUNCATE t")
		r.exec(c, "SET statement_timeout = '"+tt.limit+"'")
		f := r.inject("postgres_latency", tt.attributes)
		if got := converse(t, c.PgConn().Frontend(), sent, "ZZZ"); got != tt.answers {
			t.Errorf("%s: it is answered with %s, want %s", kind, got, tt.answers)
		}
		wantCounts(t, f, f.Counts().Seen, 1, 1)
		r.Set(nil)
		var left string
		if err := c.QueryRow(t.Context(), "SELECT string_agg(id || ':' || v, ' ' ORDER BY id) FROM t").Scan(&left); err != nil || left != tt.left {
			t.Errorf("%s: %q is left, want %q (%v)", kind, left, tt.left, err)
		}
	}
}

// A thousand random faults on transactions: a model that believes what the
// sessions say foresees what is stored.
func postgresUnderAThousandFaults(t *testing.T, r *pgRig) {
	ctx := t.Context()
	direct := r.open(r.direct, pgx.QueryExecModeExec)
	r.exec(direct, "INSERT INTO t SELECT i, 0 FROM generate_series(0, 4) i")
	r.exec(direct, "SET synchronous_commit = off")
	faults := []*gateway.Fault{
		fault(t, "postgres_error", 0.2, `{'sqlstate':'40001','match':{'statement':'write'}}`),
		fault(t, "postgres_error", 0.2, `{'sqlstate':'40P01','match':{'statement':'commit'}}`),
		fault(t, "postgres_error", 0.2, `{'sqlstate':'55P03','when':'after','match':{'statement':'commit'}}`),
		fault(t, "postgres_error", 0.1, `{'sqlstate':'57014','match':{'statement':'read'}}`),
	}
	met := func() (n int64) {
		for _, f := range faults {
			n += f.Counts().Affected
		}
		return n
	}
	draw := rand.New(rand.NewPCG(5, 5))
	var stored [5]int
	var sessions []*pgx.Conn
	for _, mode := range modes() {
		sessions = append(sessions, r.open(r.via, mode))
	}
	for round := 0; met() < 1000; round++ {
		if round > 10_000 {
			t.Fatalf("only %d faults were met", met())
		}
		r.Set([][]*gateway.Fault{nil, faults, faults[:2], faults[1:]}[draw.IntN(4)])
		c := sessions[draw.IntN(len(sessions))]
		next, done := transact(ctx, t, c, draw, stored)
		if done {
			stored = next
		}
		if got := c.PgConn().TxStatus(); got != 'I' {
			t.Fatalf("round %d: the session is left in state %c", round, got)
		}
	}
	r.Set(nil)
	for id, want := range stored {
		var got int
		if err := direct.QueryRow(ctx, "SELECT v FROM t WHERE id = $1", id).Scan(&got); err != nil || got != want {
			t.Errorf("row %d is %d (%v), the model says %d", id, got, err, want)
		}
	}
}

// transact does a few updates in one transaction, and says what should be stored
// then, and whether it is.
func transact(ctx context.Context, t *testing.T, c *pgx.Conn, draw *rand.Rand, stored [5]int) (next [5]int, done bool) {
	t.Helper()
	is := func(err error, codes ...string) bool {
		e, ok := errors.AsType[*pgconn.PgError](err)
		if !ok {
			t.Fatalf("%v is no error of the server's", err)
		}
		return slices.Contains(codes, e.Code)
	}
	tx, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 1 + draw.IntN(4) {
		id, add, got := draw.IntN(5), 1+draw.IntN(9), 0
		if draw.IntN(3) == 0 {
			err = tx.QueryRow(ctx, "SELECT v FROM t WHERE id = $1", id).Scan(&got)
		} else {
			stored[id] += add
			err = tx.QueryRow(ctx, "UPDATE t SET v = v + $2 WHERE id = $1 RETURNING v", id, add).Scan(&got)
		}
		if err == nil && got != stored[id] {
			t.Fatalf("row %d is %d, the model says %d", id, got, stored[id])
		}
		if err != nil {
			if !is(err, "40001", "57014") {
				t.Fatal(err)
			}
			if err := tx.Rollback(ctx); err != nil {
				t.Fatal(err)
			}
			return stored, false
		}
	}
	err = tx.Commit(ctx)
	if err != nil && !is(err, "40P01", "55P03") {
		t.Fatal(err)
	}
	return stored, err == nil || is(err, "55P03") // which comes after the work
}

// What is not the protocol is the server's to judge, and a client that leaves
// early holds nothing up.
func postgresAndForeigners(t *testing.T, r *pgRig) {
	r.inject("postgres_error", `{'sqlstate':'40001'}`)
	w := r.connect()
	w.send("GET / HTTP/1.1\r\n\r\n")
	w.rest() // it ends, in one way or the other
	for _, start := range []string{"", "\x00\x00\x00\x08\x04\xd2\x16\x2f", "\x00\x00\x00\x20\x00\x03\x00\x00user"} {
		c, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		c.Write([]byte(start))
		c.Close()
	}
	for deadline := time.Now().Add(patience); r.rig.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are still open", r.rig.open.Load())
		}
	}
}
