package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey"
)

var started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A till is a database with charges, and how invariants reach it.
type till struct {
	name string
	dsn  string
	dir  string
	db   *sql.DB
}

// tills returns a function for each kind of database that makes a till.
func tills(t *testing.T) map[string]func(t *testing.T) till {
	t.Helper()
	open := func(t *testing.T, driver, native string) *sql.DB {
		t.Helper()
		db, err := sql.Open(driver, native)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() }) // nothing was left open where it fails
		return db
	}
	ready := func(driver string, dsn func(string) string) func(string) error {
		return func(address string) error {
			db, err := sql.Open(driver, dsn(address))
			if err != nil {
				return err
			}
			return errors.Join(db.Ping(), db.Close())
		}
	}
	escaped := url.QueryEscape(password)
	escaped = strings.ReplaceAll(escaped, "+", "%20")
	return map[string]func(t *testing.T) till{
		"sqlite": func(t *testing.T) till {
			dir := t.TempDir()
			return till{"sqlite", "sqlite:shop.db", dir, open(t, "sqlite", filepath.Join(dir, "shop.db"))}
		},
		"postgres": func(t *testing.T) till {
			dsn := func(address string) string {
				return "postgres://shop:" + escaped + "@" + address + "/postgres?sslmode=disable"
			}
			address := postgres(t, ready("pgx", dsn))
			return till{"postgres", dsn(address), "", open(t, "pgx", dsn(address))}
		},
		"mysql": func(t *testing.T) till {
			native := func(address string) string { return "shop:" + password + "@tcp(" + address + ")/shop" }
			address := mariadb(t, ready("mysql", native))
			return till{"mysql", "mysql://shop:" + escaped + "@" + address + "/shop", "", open(t, "mysql", native(address))}
		},
	}
}

func (b till) exec(t *testing.T, text string, args ...any) {
	t.Helper()
	if b.name == "postgres" {
		for i := range args {
			text = strings.Replace(text, "?", fmt.Sprintf("$%d", i+1), 1)
		}
	}
	if _, err := b.db.Exec(text, args...); err != nil {
		t.Fatal(err)
	}
}

// ask checks an invariant by a query, with the DSN in the environment.
func (b till) ask(t *testing.T, query string) journal.CheckResult {
	t.Helper()
	env := map[string]string{"DSN": b.dsn, "SHOP": "north's"}
	system := &experiments.System{File: filepath.Join(b.dir, "blastgauge.yaml")}
	facts := journey.Facts{Run: "r1", Started: started, Env: func(name string) (string, bool) { v, ok := env[name]; return v, ok }}
	r := Invariant(t.Context(), system, experiments.Invariant{Name: "charged once", SQL: query, DSN: "${env:DSN}"}, facts, nil)
	if text := fmt.Sprintf("%+v", r); strings.Contains(text, "s3cret") || strings.Contains(text, b.dsn) {
		t.Errorf("a secret is told: %s", text)
	}
	return r
}

const twice = "SELECT order_id, count(*) FROM charges WHERE at >= ${started} AND shop = ${env:SHOP} GROUP BY order_id HAVING count(*) > 1 ORDER BY 1"

func TestRowsAreViolations(t *testing.T) {
	t.Parallel()
	for name, start := range tills(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			b.exec(t, map[string]string{
				"sqlite":   "CREATE TABLE charges (order_id TEXT, at TEXT, shop TEXT)",
				"postgres": "CREATE TABLE charges (order_id TEXT, at TIMESTAMPTZ, shop TEXT)",
				"mysql":    "CREATE TABLE charges (order_id VARCHAR(40), at DATETIME(6), shop VARCHAR(40))",
			}[name])
			charge := func(order string, at time.Time, shop string) {
				var moment any = at
				if name == "sqlite" {
					moment = at.Format(time.RFC3339Nano)
				}
				b.exec(t, "INSERT INTO charges VALUES (?, ?, ?)", order, moment, shop)
			}
			charge("order-1", started.Add(time.Minute), "north's")
			for range 2 { // before the experiment, and elsewhere
				charge("order-0", started.Add(-time.Minute), "north's")
				charge("order-5", started.Add(time.Minute), "south")
			}
			if got := b.ask(t, twice); !got.Holds || got.Violations != 0 || got.Error != "" || got.Invariant != "charged once" {
				t.Fatalf("the books are right, and the answer is %+v", got)
			}
			charge("order-1", started.Add(time.Minute), "north's")
			charge("order-2", started.Add(time.Minute), "north's")
			charge("order-2", started.Add(time.Minute), "north's")
			want := journal.CheckResult{Invariant: "charged once", Violations: 2, Detail: "2 rows, expected none", Keys: []string{"order-1", "order-2"}}
			want.All = []string{"order-1", "order-2"}
			if got := b.ask(t, twice); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
				t.Errorf("answer %+v\nwant %+v", got, want)
			}
			for i := range 30 {
				charge(fmt.Sprintf("order-%d", 100+i/2), started.Add(time.Minute), "north's")
				charge(fmt.Sprintf("order-%d", 200+i/2), started.Add(time.Minute), "north's")
			}
			if got := b.ask(t, twice); got.Violations != 32 || len(got.Keys) != maxKeys {
				t.Errorf("%g violations and %d keys, want 32 and %d", got.Violations, len(got.Keys), maxKeys)
			}
			b.cannotWrite(t)
			b.trouble(t)
		})
	}
}

// cannotWrite checks that the database refuses a query that writes.
func (b till) cannotWrite(t *testing.T) {
	t.Helper()
	if got := b.ask(t, "DELETE FROM charges"); got.Error == "" || got.Holds {
		t.Errorf("a query that deletes was answered with %+v", got)
	}
	var left int
	if err := b.db.QueryRow("SELECT count(*) FROM charges").Scan(&left); err != nil || left == 0 {
		t.Errorf("%d charges are left, %v", left, err)
	}
}

// trouble checks queries that fail: the result has an error and no violation.
func (b till) trouble(t *testing.T) {
	t.Helper()
	for query, want := range map[string]string{
		"SELECT id FROM nowhere": "nowhere",
		"SELECT ${env:NONE}":     "${env:NONE}",
		"SELECT ${cart}":         "${cart} is not available in an invariant",
	} {
		if got := b.ask(t, query); got.Holds || got.Violations != 0 || !strings.Contains(got.Error, want) {
			t.Errorf("%s: %+v, want an error with %q", query, got, want)
		}
	}
}

func TestKeysOfEveryKind(t *testing.T) {
	t.Parallel()
	b := tills(t)["sqlite"](t)
	b.exec(t, "CREATE TABLE x (a)")
	got := b.ask(t, "SELECT 7 UNION ALL SELECT NULL UNION ALL SELECT 2.5 UNION ALL SELECT 'two words' UNION ALL SELECT x'ff00'")
	slices.Sort(got.Keys)
	if want := []string{"2.5", "7", "ff00", "null", "two words"}; !slices.Equal(got.Keys, want) {
		t.Errorf("keys %q, want %q", got.Keys, want)
	}
}

// No driver dials a host that the policy does not allow, and no error shows the
// DSN.
func TestDatabasesObeyTheHostPolicy(t *testing.T) {
	t.Parallel()
	nobody := closed
	for dsn, want := range map[string]string{
		"postgres://shop:s3cret@192.0.2.1/shop":                    "192.0.2.1 is not allowed",
		"postgresql://shop:s3cret@db.example:5432/shop":            "db.example is not allowed",
		"postgres://shop:s3cret@127.0.0.1,192.0.2.1/shop?port=1,2": "",
		"mysql://shop:s3cret@192.0.2.1/shop":                       "192.0.2.1 is not allowed",
		"mysql://shop:s3cret@db.example:3306/shop":                 "db.example is not allowed",
		"postgres://shop:s3cret@" + nobody + "/shop":               "refused",
		"mysql://shop:s3cret@" + nobody + "/shop":                  "refused",
		"sqlite:nowhere/shop.db":                                   "unable to open database file",
		"shop:s3cret@tcp(127.0.0.1:1)/shop":                        "a DSN starts with postgres://, mysql:// or sqlite:",
		"mysql://%zz:s3cret@":                                      "not a DSN of MySQL",
		"postgres://shop:s3cret@127.0.0.1:x/shop":                  "not a DSN of PostgreSQL",
		"sqlite:": "not a DSN of SQLite",
		"":        "a DSN starts with",
	} {
		b := till{dsn: dsn, dir: t.TempDir()}
		env := func(string) (string, bool) { return dsn, true }
		r := Invariant(t.Context(), &experiments.System{File: filepath.Join(b.dir, "blastgauge.yaml")},
			experiments.Invariant{Name: "x", SQL: "SELECT 1", DSN: "${env:DSN}"}, journey.Facts{Env: env}, nil)
		if r.Error == "" || !strings.Contains(r.Error, want) {
			t.Errorf("%s: %+v, want an error with %q", dsn, r, want)
		}
		if strings.Contains(r.Error, "s3cret") || dsn != "" && strings.Contains(r.Error, dsn) {
			t.Errorf("%s is told: %s", dsn, r.Error)
		}
	}
}

// A server that accepts connections and never answers does not hold up a run.
func TestADatabaseThatHangs(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it is never accepted from: the kernel completes the connection
	stopped, stop := context.WithCancelCause(t.Context())
	stop(errors.New("enough"))
	for _, scheme := range []string{"postgres", "mysql"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			facts := journey.Facts{Env: func(string) (string, bool) { return scheme + "://shop:s3cret@" + l.Addr().String() + "/shop", true }}
			again := Invariant(stopped, &experiments.System{}, experiments.Invariant{SQL: "SELECT 1", DSN: "${env:DSN}"}, facts, nil)
			if again.Error != "enough" { // and not that its time was over
				t.Errorf("told to stop it says %q", again.Error)
			}
			r := Invariant(t.Context(), &experiments.System{}, experiments.Invariant{SQL: "SELECT 1", DSN: "${env:DSN}"}, facts, nil)
			if r.Error == "" || strings.Contains(r.Error, "s3cret") || time.Since(begun) > time.Minute {
				t.Errorf("%+v after %s", r, time.Since(begun))
			}
		})
	}
}
