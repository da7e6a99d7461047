package checkout

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// started is a server for one test, from this machine's packages.
func started(t *testing.T, start func(context.Context) (*LocalServer, error)) *LocalServer {
	t.Helper()
	s, err := start(t.Context())
	required.NoError(t, err, ErrNotInstalled)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("end of the server: %v", err)
		}
	})
	return s
}

// openGiven is openShop with servers that are given.
func openGiven(t *testing.T, o Options, wired ...string) (*System, map[string]*wire) {
	t.Helper()
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	wires, proxied := make(map[string]*wire), make(map[string]string)
	for _, name := range wired {
		wires[name] = newWire(t, upstreamOf(t, s, name))
		proxied[name] = wires[name].address
	}
	if err := s.Open(t.Context(), proxied); err != nil {
		t.Fatal(err)
	}
	return s, wires
}

// query is one number from a database.
func query(t *testing.T, url, statement string) (n int) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if err := c.QueryRow(t.Context(), statement).Scan(&n); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return n
}

const countSchemas = "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, 'blastgauge_demo_')"

// What a shop does with real servers, one after the other: starting them takes
// longer than all of it.
func TestRealServers(t *testing.T) {
	t.Parallel()
	database, carts := started(t, StartPostgres), started(t, StartRedis)
	for _, build := range []string{Naive, Hardened} {
		o := Options{Storefront: build, Postgres: database.URL, Redis: carts.URL}
		t.Run(build+" works", func(t *testing.T) { checkoutsAreKept(t, o) })
		t.Run(build+" without the database", func(t *testing.T) { withoutDatabase(t, o) })
		t.Run(build+" loses a commit's answer", func(t *testing.T) { loseCommit(t, o) })
	}
	t.Run("schemas of the dead go, those of the living stay", func(t *testing.T) { dropAbandoned(t, database.URL) })
	t.Run("Close while the database hangs", func(t *testing.T) { closeHung(t, database.URL) })
	if n := query(t, database.URL, countSchemas); n != 0 {
		t.Errorf("%d schemas are left", n)
	}
}

func checkoutsAreKept(t *testing.T, o Options) {
	s, _ := openGiven(t, o, "orders", ordersDB, "carts")
	if got, want := upstreamOf(t, s, ordersDB), "postgres://"+strings.SplitN(strings.SplitN(o.Postgres, "@", 2)[1], "/", 2)[0]; got != want {
		t.Errorf("upstream of the database = %s, want %s", got, want)
	}
	service := newCustomer(t, upstreamOf(t, s, "orders"), patient)
	for _, url := range []string{s.URL(), s.ControlURL()} {
		r := newCustomer(t, url, patient).works(bySKUCard)
		// Not at once: on a slow machine the hardened build loses its patience, and
		// writes later.
		want := order{r.ID, bySKUCard, 1, r.Charged, r.Payment}
		eventually(t, "the order as it was placed", func() bool {
			var kept order
			return service.send("GET", "/orders/"+r.ID, nil, &kept) == 200 && kept == want
		})
	}
	eventually(t, "404 for an order that is none", func() bool { return service.send("GET", "/orders/order-none", nil, nil) == 404 })
	eventually(t, "two orders with their lines", func() bool { // more where one was tried again
		return query(t, o.Postgres, "SELECT count(*) FROM "+s.database.schema+".orders JOIN "+s.database.schema+".order_lines USING (number)") >= 2
	})
	address, err := parseRedis(o.Redis)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&redis.Options{Addr: address.address, Username: address.user, Password: address.password, DB: address.database})
	defer func() { _ = c.Close() }()
	if keys, err := c.Keys(t.Context(), prefix+"*").Result(); err != nil || len(keys) < 2 {
		t.Errorf("carts in Redis: %v %v, want two more", keys, err)
	}
}

func withoutDatabase(t *testing.T, o Options) {
	type want struct{ down, hung outcome }
	wants := map[string]want{
		Naive:    {outcome{"pay", 502}, outcome{"pay", hung}},
		Hardened: {outcome{"", 201}, outcome{"", 201}},
	}[o.Storefront]
	for m, want := range map[mode]outcome{refused: wants.down, hang: wants.hung} {
		s, wires := openGiven(t, o, ordersDB)
		newCustomer(t, s.URL(), patient).works(bySKUInvoice)
		wires[ordersDB].set(m)
		patience := patient
		if want.status == hung {
			patience = 3 * time.Second
		}
		r, got := newCustomer(t, s.URL(), patience).until(o.Storefront, bySKUInvoice, func(_ receipt, o outcome) bool { return o == want })
		if got != want {
			t.Errorf("%s: %v, want %v", m, got, want)
		}
		newCustomer(t, s.ControlURL(), patient).works(bySKUInvoice)
		if got.step != "" {
			continue
		}
		wires[ordersDB].set(pass)
		eventually(t, "the deferred order", func() bool { return ordersOf(t, s, r.ID) == 1 })
	}
}

func ordersOf(t *testing.T, s *System, id string) int {
	t.Helper()
	url := s.database.config.ConnString()
	return query(t, url, "SELECT count(*) FROM "+s.database.schema+".orders WHERE id = '"+id+"'")
}

// loseCommit cuts the connection once, after a commit was passed on and before
// it is answered.
func loseCommit(t *testing.T, o Options) {
	s, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	address, lost := commitLoser(t, s.database.address())
	if err := s.Open(t.Context(), map[string]string{ordersDB: address}); err != nil {
		t.Fatal(err)
	}
	r, step, status := newCustomer(t, s.URL(), patient).checkout(bySKUInvoice)
	if step != "" {
		t.Fatalf("stopped at %q with %d", step, status)
	}
	eventually(t, "a commit whose answer is lost", lost.Load)
	want := map[string]int{Naive: 2, Hardened: 1}[o.Storefront]
	eventually(t, "the order", func() bool { return ordersOf(t, s, r.ID) == want })
	audit := newCustomer(t, s.control.orders.server.url(), patient)
	var all, later finding
	audit.send("GET", "/orders/duplicates", nil, &all)
	audit.send("GET", "/orders/duplicates?since="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339), nil, &later)
	if all.Count != want-1 || want == 2 && all.Keys[0] != r.ID || later.Count != 0 {
		t.Errorf("duplicates = %+v, later %+v, want %d of %s, and none later", all, later, want-1, r.ID)
	}
	if status := audit.send("GET", "/orders/duplicates?since=yesterday", nil, nil); status != 400 {
		t.Errorf("duplicates since yesterday = %d, want 400", status)
	}
}

// commitLoser is a way to the database on which the first commit is never
// answered.
func commitLoser(t *testing.T, database string) (address string, lost *atomic.Bool) {
	t.Helper()
	l, err := loopback.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	lost = new(atomic.Bool)
	go func() {
		for {
			down, err := l.Accept()
			if err != nil {
				return
			}
			up, err := net.Dial("tcp", database)
			if err != nil {
				_ = down.Close()
				continue
			}
			var last atomic.Bool
			go func() {
				carryAll(up, down, func(piece []byte) bool {
					if bytes.Contains(piece, []byte("commit")) && !lost.Swap(true) {
						last.Store(true)
					}
					return true
				})
			}()
			go func() { carryAll(down, up, func([]byte) bool { return !last.Load() }) }()
		}
	}()
	return l.Addr().String(), lost
}

// carryAll carries pieces for as long as pass lets it, and then ends both.
func carryAll(to, from net.Conn, pass func([]byte) bool) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil || !pass(buf[:n]) {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func dropAbandoned(t *testing.T, url string) {
	living, err := openDatabase(t.Context(), url, Naive)
	if err != nil {
		t.Fatal(err)
	}
	dead, err := openDatabase(t.Context(), url, Naive)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.owner.Close(t.Context()); err != nil { // what is left of a process that was killed
		t.Fatal(err)
	}
	var third *database
	eventually(t, "the end of the dead one's session", func() bool {
		if third, err = openDatabase(t.Context(), url, Naive); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := third.close(); err != nil {
				t.Error(err)
			}
		}()
		return query(t, url, countSchemas) == 2
	})
	if n := query(t, url, "SELECT count(*) FROM pg_namespace WHERE nspname = '"+living.schema+"'"); n != 1 {
		t.Error("the schema of a living shop is gone")
	}
	if err := living.close(); err != nil {
		t.Error(err)
	}
}

// closeHung wants an end within seconds although every connection hangs.
func closeHung(t *testing.T, url string) {
	for _, build := range []string{Naive, Hardened} {
		s, wires := openGiven(t, Options{Storefront: build, Postgres: url}, ordersDB)
		c := newCustomer(t, s.URL(), time.Minute)
		var f filled
		c.send("POST", "/carts", line{bySKUInvoice, 1}, &f)
		c.send("POST", "/orders", purchase{Cart: f.ID}, nil)
		wires[ordersDB].set(hang)
		waiting := crowd(c, f, 40) // more than the pool
		if build == Naive {
			eventually(t, "hung orders", func() bool { return s.fault.storefront.counters.report(time.Time{}, time.Time{}).InFlight >= 40 })
		}
		from := time.Now()
		if err := s.Close(); err != nil {
			t.Errorf("%s: Close() = %v", build, err)
		}
		if took := time.Since(from); took > 20*time.Second {
			t.Errorf("%s: Close() took %v", build, took)
		}
		waiting.Wait()
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"secret/x", "1234/secret", "secret?x", "1234#secret", "secret x"} {
		for _, address := range []string{"redis://app:" + password + "@127.0.0.1:1", ":" + password + "@127.0.0.1", "redis://:" + password + "@127.0.0.1", "postgres://app:" + password + "@127.0.0.1:1/x"} {
			parse := func() error { _, err := parseRedis(address); return err }
			if strings.HasPrefix(address, "postgres") {
				parse = func() error { _, err := postgresOptions(address); return err }
			}
			if err := parse(); !errors.Is(err, ErrAddress) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "1234") {
				t.Errorf("%s: %v, want ErrAddress without a password", address, err)
			}
		}
	}
	for name, address := range map[string]string{
		"no scheme": "127.0.0.1:5432", "another": "mysql://user:secret@127.0.0.1/x", "two hosts": "postgres://secret@a,b/x",
		"no host": "postgres:///x", "odd port": "postgres://user:secret@127.0.0.1:port/x", "option": "postgres://user:secret@127.0.0.1/x?sslmode=maybe",
	} {
		_, err := postgresOptions(address)
		if !errors.Is(err, ErrAddress) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want ErrAddress without a password", name, err)
		}
	}
	config, err := postgresOptions("postgresql://user@db.test/orders")
	if err != nil || config.TLSConfig != nil || config.Port != 5432 {
		t.Errorf("%+v, %v", config, err)
	}
	config, err = postgresOptions("postgres://user@db.test/orders?sslmode=verify-full")
	if err != nil {
		t.Fatal(err)
	}
	d := &database{config: config, schema: "s"}
	if near, err := d.configVia("127.0.0.1:1234"); err != nil || near.Host != "127.0.0.1" || near.Port != 1234 || near.TLSConfig == nil || near.TLSConfig.ServerName != "db.test" ||
		len(near.Fallbacks) != 1 || near.Fallbacks[0].TLSConfig != nil || near.Fallbacks[0].Host != "127.0.0.1" || near.Fallbacks[0].Port != 1234 {
		t.Errorf("by way of a proxy: %+v, %v", near, err)
	}
	if straight, err := d.configVia("db.test:5432"); err != nil || straight.TLSConfig == nil || straight.TLSConfig.ServerName != "db.test" {
		t.Errorf("without one: %+v, %v", straight, err)
	}
	if got := d.upstream(); got != "postgres://db.test:5432?sslmode=verify-full" {
		t.Errorf("a proxy is sent to %s", got)
	}
}

// A server that is not there is an error at the start, which shows no password.
func TestServersThatAreNotThere(t *testing.T) {
	t.Parallel()
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	port := free.Addresses()
	for name, o := range map[string]Options{
		"Redis":      {Redis: "redis://user:secret@" + port[0]},
		"PostgreSQL": {Postgres: "postgres://user:secret@" + port[0] + "/x"},
	} {
		s, err := Start(t.Context(), o)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: Start() = nil, want an error", name)
			continue
		}
		if !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
