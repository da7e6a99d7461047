package gateway_test

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
