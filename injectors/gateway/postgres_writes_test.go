package gateway_test

import (
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// The gateway takes for a write what a real server refuses in a read-only transaction, and
// nothing else, under the name that the server has for it. Where the table says otherwise
// it says why.
func postgresWrites(t *testing.T, r *pgRig) {
	table, err := os.ReadFile("postgres/testdata/writes.txt")
	if err != nil {
		t.Fatal(err)
	}
	admin := r.open(r.direct, pgx.QueryExecModeSimpleProtocol)
	r.exec(admin, `CREATE SEQUENCE s; CREATE VIEW w AS SELECT * FROM t;
		CREATE PROCEDURE quiet() LANGUAGE sql AS 'SELECT 1'; CREATE PROCEDURE loud() LANGUAGE sql AS 'INSERT INTO t VALUES (99, 1)';
		CREATE FUNCTION place() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (98, 1) RETURNING 1';
		CREATE FUNCTION reckon() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
	version, err := strconv.Atoi(strings.Split(admin.PgConn().ParameterStatus("server_version"), ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	server, client := r.open(r.direct, pgx.QueryExecModeSimpleProtocol), r.open(r.via, pgx.QueryExecModeSimpleProtocol)
	for _, c := range []*pgx.Conn{server, client} { // both refuse, so that nothing is written on the way
		r.exec(c, "CREATE TEMP TABLE tt (v int); CREATE TEMP SEQUENCE ts; SET default_transaction_read_only = on")
	}
	refuses := r.inject("postgres_error", `{'sqlstate':'25006'}`)
	rows := 0
	for line := range strings.Lines(string(table)) {
		columns := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if line[0] == '#' || len(columns) != 3 {
			continue
		}
		wantServer, wantGateway, sql := columns[0], columns[1], columns[2]
		if first, rest, ok := strings.Cut(wantServer, " "); ok {
			if since, err := strconv.Atoi(first); err == nil {
				if wantServer = rest; version < since {
					continue
				}
			}
		}
		if wantGateway == "=" {
			wantGateway = wantServer
		}
		rows++
		if got := r.refusal(server, sql); got != wantServer {
			t.Errorf("the server refuses %q of %s, want %q", got, sql, wantServer)
		}
		if got := r.refusalOfOurs(client, refuses, sql); got != wantGateway {
			t.Errorf("the gateway refuses %q of %s, want %q", got, sql, wantGateway)
		}
	}
	if rows < 90 {
		t.Errorf("%d rows were compared", rows)
	}
}

// refusal returns how a server names what it refuses of statements because a transaction
// is read-only; - where it serves them.
func (r *pgRig) refusal(c *pgx.Conn, sql string) string {
	r.Helper()
	_, err := c.PgConn().Exec(r.Context(), sql).ReadAll()
	if err == nil {
		return "-"
	}
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || e.Code != "25006" {
		r.Fatalf("%s: %v", sql, err)
	}
	if c.PgConn().TxStatus() != 'I' {
		r.exec(c, "ROLLBACK")
	}
	_, rest, _ := strings.Cut(e.Message, "cannot execute ")
	name, _, _ := strings.Cut(rest, " in a read-only transaction")
	return name
}

// refusalOfOurs is refusal, but for what the server refuses and the gateway does not.
func (r *pgRig) refusalOfOurs(c *pgx.Conn, f *gateway.Fault, sql string) string {
	r.Helper()
	before := f.Counts().Affected
	name := r.refusal(c, sql)
	if f.Counts().Affected == before {
		return "-"
	}
	return name
}

// A function that is called by its number meets what a SELECT of it would: the server
// answers as it would in a read-only transaction, within a block and outside, and what is
// refused is not done.
func postgresFunctionCalls(t *testing.T, r *pgRig) {
	admin := r.open(r.direct, pgx.QueryExecModeSimpleProtocol)
	r.exec(admin, "CREATE SEQUENCE numbers")
	rows, err := admin.Query(t.Context(), "SELECT oid, proname, pronargs FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace "+
		"AND (proname ~ '^lo_|^lo(read|write)$' OR proname IN ('nextval', 'setval', 'currval', 'pg_backend_pid'))")
	if err != nil {
		t.Fatal(err)
	}
	type function struct {
		Number    uint32
		Name      string
		Arguments int
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[function])
	if err != nil || len(all) < 23 {
		t.Fatal(all, err)
	}
	refuses := r.inject("postgres_error", `{'sqlstate':'25006'}`)
	c := r.open(r.via, pgx.QueryExecModeSimpleProtocol)
	for _, f := range all {
		served := slices.Contains([]string{"lo_open", "lo_close", "loread", "lo_lseek", "lo_lseek64", "lo_tell", "lo_tell64", "lo_get", "lo_export", "currval", "pg_backend_pid"}, f.Name)
		want := "cannot execute " + f.Name + "() in a read-only transaction"
		if e := r.call(c, 'I', f.Number, make([][]byte, f.Arguments)...); (e == nil) != served || e != nil && e.Message != want {
			t.Errorf("%+v: %+v", f, e)
		}
	}
	const loOpen, loCreat, nextval, pid, read, write = 952, 957, 1574, 2026, 0x40000, 0x20000
	if e := r.call(c, 'I', loOpen, number(1), number(read|write)); e == nil || e.Message != "cannot execute lo_open(INV_WRITE) in a read-only transaction" {
		t.Errorf("a large object is opened to write: %+v", e)
	}
	r.exec(c, "BEGIN")
	if e := r.call(c, 'E', loCreat, number(-1)); e == nil || e.Code != "25006" {
		t.Errorf("in a block: %+v", e)
	}
	if e := r.call(c, 'E', loCreat, number(-1)); e == nil || e.Code != "25P02" {
		t.Errorf("in one that has failed: %+v", e)
	}
	r.exec(c, "ROLLBACK")
	var n int
	var sequence []byte
	if err := admin.QueryRow(t.Context(), "SELECT 'numbers'::regclass::oid::int").Scan(&n); err != nil {
		t.Fatal(err)
	}
	sequence = number(n)
	if e := r.call(c, 'I', nextval, sequence); e == nil || refuses.Counts().Affected == 0 {
		t.Errorf("the next number of a sequence: %+v", e)
	}
	late := r.inject("postgres_latency", `{'latency':1,'match':{'sql':'select lo_creat*'}}`)
	full := fault(t, "postgres_error", 1, `{'sqlstate':'53100','when':'after'}`)
	r.Set([]*gateway.Fault{late, full})
	if e := r.call(c, 'I', loCreat, number(-1)); e == nil || e.Code != "53100" {
		t.Errorf("a large object on a disk that is full: %+v", e)
	}
	for _, e := range []*pgproto3.ErrorResponse{r.call(c, 'I', nextval, sequence), r.call(c, 'I', pid)} {
		if e != nil {
			t.Errorf("what needs no room on it: %+v", e)
		}
	}
	wantCounts(t, late, 3, 1, 1)
	wantCounts(t, full, 3, 1, 1)
	r.Set(nil)
	if err := c.QueryRow(t.Context(), "SELECT nextval('numbers') * 10 + (SELECT count(*) FROM pg_largeobject_metadata)").Scan(&n); err != nil || n != 21 {
		t.Errorf("numbers and large objects after what was served: %d (%v)", n, err)
	}
}

// number is a number of four bytes as it is sent.
func number(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

// call calls a function by its number, with values as they are sent, and returns its error;
// nil where it has none. It wants the session to be in a state then.
func (r *pgRig) call(c *pgx.Conn, state byte, function uint32, values ...[]byte) *pgproto3.ErrorResponse {
	r.Helper()
	front := c.PgConn().Frontend()
	front.Send(&pgproto3.FunctionCall{Function: function, ArgFormatCodes: []uint16{1}, Arguments: values, ResultFormatCode: 1})
	if err := front.Flush(); err != nil {
		r.Fatal(err)
	}
	var failed *pgproto3.ErrorResponse
	for {
		m, err := front.Receive()
		if err != nil {
			r.Fatal(err)
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			e := *m
			failed = &e
		case *pgproto3.ReadyForQuery:
			if m.TxStatus != state {
				r.Fatalf("the session is in state %c, want %c", m.TxStatus, state)
			}
			return failed
		}
	}
}
