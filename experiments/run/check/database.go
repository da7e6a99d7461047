package check

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// A database is an open database, and how it differs from others.
type database struct {
	db       *sql.DB
	numbered bool // placeholders are $1, $2; otherwise ?
	times    bool // a parameter may be a time; otherwise times are text
	readOnly bool // the connection cannot write
}

func (d database) placeholder(n int) string {
	if d.numbered {
		return "$" + strconv.Itoa(n)
	}
	return "?"
}

// openDatabase opens the database of a DSN, and hides the secrets in the DSN. It
// dials nothing yet.
func openDatabase(dsn string, s *experiments.System, r *resolver, a *allowance) (database, error) {
	dial := a.bound(hosts.Dialer{Policy: s.Hosts(), Timeout: dialTimeout}.DialContext)
	scheme, rest, ok := strings.Cut(dsn, ":")
	if !ok {
		scheme = ""
	}
	if (scheme == "postgres" || scheme == "postgresql" || scheme == "mysql") && splitsPassword(dsn) {
		return database{}, errors.New("not a DSN: what stands before the host holds one of / ? # that is not escaped; in a password write %2F, %3F, %23, and %40 for @, %25 for %")
	}
	switch scheme {
	case "postgres", "postgresql":
		return openPostgres(dsn, dial, r)
	case "mysql":
		return openMySQL(dsn, dial)
	case "sqlite":
		file := strings.TrimPrefix(rest, "//")
		if file == "" {
			return database{}, errors.New("not a DSN of SQLite: write for instance sqlite:shop.db")
		}
		return openSQLite(s.Resolve(file))
	}
	return database{}, errors.New("a DSN starts with postgres://, mysql:// or sqlite: and a file")
}

// splitsPassword reports whether a DSN's password may reach beyond what is read as its
// host: a piece of the password would be looked up, dialled, and shown.
func splitsPassword(dsn string) bool {
	_, rest, _ := strings.Cut(dsn, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return false
	}
	behind := rest[end:]
	if strings.Contains(behind, "#") { // neither protocol has fragments
		return true
	}
	path, query, _ := strings.Cut(behind, "?")
	if strings.Contains(path, "@") {
		return true
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		named := name == "user" || name == "password" || name == "application_name" || name == "options"
		if strings.Contains(name, "@") || strings.Contains(value, "@") && !named {
			return true
		}
	}
	return false
}

func openPostgres(dsn string, dial dialFunc, r *resolver) (database, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return database{}, errors.New("not a DSN of PostgreSQL: write for instance postgres://user:password@127.0.0.1:5432/shop")
	}
	r.hidden.Hide(config.Password, redact.Hidden)
	// The dialer looks names up, so that the host policy checks the address that is
	// connected to.
	config.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.DialFunc = pgconn.DialFunc(dial)
	config.BuildFrontend = boundMessages(config.BuildFrontend)
	config.ConnectTimeout = dialTimeout
	config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec // nothing stays behind in a pooler's connection
	return database{db: sql.OpenDB(stdlib.GetConnector(*config)), numbered: true, times: true}, nil
}

func openMySQL(dsn string, dial dialFunc) (database, error) {
	bad := errors.New("not a DSN of MySQL: write for instance mysql://user:password@127.0.0.1:3306/shop")
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		return database{}, bad
	}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	config, err := mysql.ParseDSN("tcp(" + net.JoinHostPort(u.Hostname(), port) + ")/" + strings.TrimPrefix(u.Path, "/") + "?" + u.RawQuery)
	if err != nil {
		return database{}, bad
	}
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.AllowAllFiles = false // a server could ask for files of ours
	config.Timeout = dialTimeout
	config.DialFunc = dial
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return database{}, bad
	}
	return database{db: sql.OpenDB(connector), times: true}, nil
}

func openSQLite(file string) (database, error) {
	path := (&url.URL{Path: file}).EscapedPath()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro&_pragma=query_only(1)&_pragma=busy_timeout(2000)")
	if err != nil {
		return database{}, err
	}
	return database{db: db, readOnly: true}, nil
}

// driverError returns the text of a driver's error; where the driver could not
// connect, only the reason. It may hold secrets.
func driverError(err error) string {
	connect, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err.Error()
	}
	// It tries each address with TLS and without. What the server itself says of a login
	// is the reason; a server without TLS says nothing of the login in the first attempt.
	if said, ok := errors.AsType[*pgconn.PgError](connect.Unwrap()); ok {
		return fmt.Sprintf("cannot connect: %s (%s:%d)", said, connect.Config.Host, connect.Config.Port)
	}
	last := connect.Unwrap()
	if attempts, ok := last.(interface{ Unwrap() []error }); ok {
		last = attempts.Unwrap()[len(attempts.Unwrap())-1]
	}
	return "cannot connect: " + last.Error()
}
