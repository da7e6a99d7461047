package checkout

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A database is a PostgreSQL that was given. The shop has a schema of its own in it.
type database struct {
	config *pgx.ConnConfig
	schema string
	owner  *pgx.Conn // its session holds the advisory lock of the schema, which is therefore in use
}

var errPostgresAddress = fmt.Errorf("%w of PostgreSQL: it looks like postgres://user:password@host:port/database", ErrAddress)

// postgresOptions reads the URL of a PostgreSQL. Connections are plain unless it
// asks for something else: what goes through a proxy should be readable there.
func postgresOptions(address string) (*pgx.ConnConfig, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Hostname() == "" || strings.Contains(u.Host, ",") || splitsPassword(address) {
		return nil, errPostgresAddress // the cause may repeat the address, and with it a password
	}
	if q := u.Query(); !q.Has("sslmode") {
		q.Set("sslmode", "disable")
		u.RawQuery = q.Encode()
	}
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, errPostgresAddress
	}
	config.ConnectTimeout = 0 // each caller has its own timeout
	return config, nil
}

const (
	schemaPrefix  = "blastgauge_demo_"
	databaseLimit = 10 * time.Second // for making and dropping a schema
	deadlock      = "40P01"          // SQLSTATE deadlock_detected
)

// openDatabase creates a schema for one shop. The hardened build's has a unique index,
// so that an order exists at most once; the naive build's has none.
func openDatabase(ctx context.Context, address, build string) (*database, error) {
	config, err := postgresOptions(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, databaseLimit)
	defer cancel()
	d := &database{config: config, schema: schemaPrefix + strings.ToLower(rand.Text()[:12])}
	if d.owner, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	if err := d.prepare(ctx, build); err != nil {
		return nil, errors.Join(fmt.Errorf("PostgreSQL: %w", err), d.owner.Close(ctx))
	}
	return d, nil
}

func (d *database) prepare(ctx context.Context, build string) error {
	if err := d.dropAbandoned(ctx); err != nil {
		return err
	}
	unique := ""
	if build == Hardened {
		unique = "UNIQUE"
	}
	for _, statement := range []string{
		"SELECT pg_advisory_lock(hashtext('" + d.schema + "'))",
		"CREATE SCHEMA " + d.schema,
		"SET search_path TO " + d.schema,
		`CREATE TABLE orders (
			number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
			id      text NOT NULL,
			total   bigint NOT NULL,
			payment text NOT NULL,
			placed  timestamptz NOT NULL)`,
		"CREATE " + unique + " INDEX orders_id ON orders (id)",
		`CREATE TABLE order_lines (
			number   bigint NOT NULL REFERENCES orders,
			sku      text NOT NULL,
			quantity bigint NOT NULL)`,
		"CREATE INDEX order_lines_number ON order_lines (number)",
	} {
		if _, err := d.owner.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// dropAbandoned drops the schemas of shops that were killed: their locks are free. A
// schema that belongs to another role stays.
func (d *database) dropAbandoned(ctx context.Context) error {
	rows, err := d.owner.Query(ctx, "SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1)", schemaPrefix)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		var free bool
		if err := d.owner.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext($1))", name).Scan(&free); err != nil {
			return err
		}
		if !free {
			continue
		}
		_, err := d.owner.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{name}.Sanitize()+" CASCADE")
		if _, refused := errors.AsType[*pgconn.PgError](err); err != nil && !refused {
			return err
		}
		if _, err := d.owner.Exec(ctx, "SELECT pg_advisory_unlock(hashtext($1))", name); err != nil {
			return err
		}
	}
	return nil
}

// address is where PostgreSQL is, as host:port.
func (d *database) address() string {
	return net.JoinHostPort(d.config.Host, strconv.Itoa(int(d.config.Port)))
}

// upstream is the address for a proxy: without user and password, but with the TLS
// parameters that were given, because it is the proxy that encrypts from then on.
func (d *database) upstream() string {
	u := url.URL{Scheme: "postgres", Host: d.address()}
	if given, err := url.Parse(d.config.ConnString()); err == nil && d.config.TLSConfig != nil && len(d.config.Fallbacks) == 0 {
		asked := url.Values{}
		for _, name := range []string{"sslmode", "sslrootcert"} {
			if v := given.Query().Get(name); v != "" {
				asked.Set(name, v)
			}
		}
		u.RawQuery = asked.Encode()
	}
	return u.String()
}

// configVia returns the configuration of a connection through address, host:port. A
// proxy that knows the protocol declines encryption, so the connection to it falls
// back to plain text, which it can read. A proxy that knows bytes alone passes the
// negotiation on.
func (d *database) configVia(address string) (*pgx.ConnConfig, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q of the database: %w", text, err)
	}
	config := d.config.Copy()
	config.Host, config.Port = host, uint16(port)
	if address != d.address() && config.TLSConfig != nil {
		config.Fallbacks = []*pgconn.FallbackConfig{{}}
	}
	for _, f := range config.Fallbacks { // the same place the other way
		f.Host, f.Port = host, uint16(port)
	}
	config.RuntimeParams["search_path"] = d.schema
	return config, nil
}

// close drops the schema, with a fresh connection if the owner's has broken. Orders that
// hung, and come to an end meanwhile, can lock its tables the other way round: the server
// then ends one of the two, and what it ended here is tried again.
func (d *database) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), databaseLimit)
	defer cancel()
	drop := func() error {
		for {
			_, err := d.owner.Exec(ctx, "DROP SCHEMA IF EXISTS "+d.schema+" CASCADE")
			if said, ok := errors.AsType[*pgconn.PgError](err); !ok || said.Code != deadlock {
				return err
			}
		}
	}
	err := drop()
	if err != nil && d.owner.IsClosed() {
		var fresh *pgx.Conn
		if fresh, err = pgx.ConnectConfig(ctx, d.config); err == nil {
			d.owner = fresh
			err = drop()
		}
	}
	if err != nil {
		err = fmt.Errorf("PostgreSQL: schema %s is left: %w", d.schema, err)
	}
	return cmp.Or(err, d.owner.Close(ctx))
}
