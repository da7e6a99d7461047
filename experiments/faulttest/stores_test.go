package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/faulttest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// installed gives the URL of a server of this test's own.
func installed(t *testing.T, start func(context.Context) (*checkout.LocalServer, error)) string {
	t.Helper()
	server, err := start(t.Context())
	required.NoError(t, err, checkout.ErrNotInstalled)
	t.Cleanup(func() { server.Close() })
	return server.URL
}

func TestRedis(t *testing.T) {
	t.Parallel()
	carts := faulttest.Proxy(t, "carts", installed(t, checkout.StartRedis)+"/0")
	o, err := redis.ParseURL(carts.URL)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries = -1
	c := redis.NewClient(o)
	t.Cleanup(func() { _ = c.Close() })
	set := func() error { return c.Set(t.Context(), "cart:1", "ball", 0).Err() }
	if err := set(); err != nil {
		t.Fatal(err)
	}
	carts.During(t, faulttest.RedisError("READONLY"), func() {
		if err := set(); err == nil || !strings.HasPrefix(err.Error(), "READONLY ") {
			t.Errorf("a write on a replica: %v", err)
		}
		if got, err := c.Get(t.Context(), "cart:1").Result(); got != "ball" {
			t.Errorf("a read on a replica: %q, %v", got, err)
		}
	})
	carts.During(t, faulttest.RedisEmpty(faulttest.Match("key", "cart:*")), func() {
		if got, err := c.Get(t.Context(), "cart:1").Result(); !errors.Is(err, redis.Nil) {
			t.Errorf("a read of what is lost: %q, %v", got, err)
		}
	})
	carts.Met(t)
	if err := set(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// An order whose commit succeeds, and is reported as failed, is there all the same.
func TestACommitThatIsReportedAsFailed(t *testing.T) {
	t.Parallel()
	orders := faulttest.Proxy(t, "orders", installed(t, checkout.StartPostgres))
	c, err := pgx.Connect(t.Context(), orders.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.Background()) }()
	if _, err := c.Exec(t.Context(), "CREATE TEMPORARY TABLE orders (id int)"); err != nil {
		t.Fatal(err)
	}
	place := func() error {
		return pgx.BeginFunc(t.Context(), c, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO orders VALUES (1)")
			return err
		})
	}
	orders.During(t, faulttest.PostgresError("40001", faulttest.After(), faulttest.Match("statement", "commit")), func() {
		if wrong, ok := errors.AsType[*pgconn.PgError](place()); !ok || wrong.Code != "40001" {
			t.Errorf("the commit: %v", wrong)
		}
	})
	orders.Met(t)
	var n int
	if err := c.QueryRow(t.Context(), "SELECT count(*) FROM orders").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d orders, %v, want 1", n, err)
	}
}

// A call over HTTP/2 without TLS, as gRPC makes it.
func TestGRPC(t *testing.T) {
	t.Parallel()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		w.WriteHeader(http.StatusOK)
		w.Header().Set("Grpc-Status", "0")
	}))
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Start()
	t.Cleanup(srv.Close)
	inventory := faulttest.Proxy(t, "inventory", strings.Replace(srv.URL, "http://", "h2c://", 1))
	transport := &http.Transport{Protocols: srv.Config.Protocols}
	t.Cleanup(transport.CloseIdleConnections)
	call := func(method string) string {
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+inventory.Addr+method, strings.NewReader("\x00\x00\x00\x00\x00"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("Te", "trailers")
		answer, err := (&http.Client{Transport: transport, Timeout: soon}).Do(r)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = answer.Body.Close() }() // it was only read
		_, _ = io.Copy(io.Discard, answer.Body)
		return fmt.Sprint(answer.Header.Get("Grpc-Status"), answer.Trailer.Get("Grpc-Status"))
	}
	inventory.Inject(t, faulttest.GRPCError("UNAVAILABLE", faulttest.Match("grpc", "/shop.Inventory/Reserve")))
	if got := call("/shop.Inventory/Reserve"); got != "14" {
		t.Errorf("under grpc_error: status %s, want 14", got)
	}
	if got := call("/shop.Inventory/Count"); got != "0" {
		t.Errorf("another method: status %s, want 0", got)
	}
	inventory.Met(t)
}

// Faults on bytes reach connections that are open already.
func TestBytes(t *testing.T) {
	t.Parallel()
	bytes, _ := strings.CutPrefix(shop(t), "http://")
	d := faulttest.Proxy(t, "anything", bytes)
	c := client(t)
	if status, text := get(t, c, "http://"+d.Addr); status != 200 {
		t.Fatalf("without a fault: %d %s", status, text)
	}
	d.During(t, faulttest.Latency(150*time.Millisecond), func() {
		begun := time.Now()
		if status, _ := get(t, c, "http://"+d.Addr); status != 200 || time.Since(begun) < 150*time.Millisecond {
			t.Errorf("under latency: %d after %v", status, time.Since(begun))
		}
	})
	d.During(t, faulttest.LimitData(20), func() {
		if status, text := get(t, client(t), "http://"+d.Addr); status != 0 {
			t.Errorf("under limit_data: %d %s", status, text)
		}
	})
	d.During(t, faulttest.Down(faulttest.Share(0.999999)), func() {
		if status, text := get(t, client(t), "http://"+d.Addr); status != 0 {
			t.Errorf("under down: %d %s", status, text)
		}
	})
	d.Met(t)
	d.During(t, faulttest.Down(), func() {
		if status, text := get(t, client(t), "http://"+d.Addr); status != 0 {
			t.Errorf("under down: %d %s", status, text)
		}
	})
	if status, text := get(t, client(t), "http://"+d.Addr); status != 200 {
		t.Errorf("afterwards: %d %s", status, text)
	}
}
