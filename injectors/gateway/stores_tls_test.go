package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// The way to a Redis is encrypted, the one from the client is not.
func TestRedisOverTLS(t *testing.T) {
	t.Parallel()
	_, direct := realRedis(t)
	certificate, err := gateway.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	secured, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { secured.Close(); serving.Wait() })
	serving.Go(func() { unwrap(secured, direct, &serving) })
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	r := newRig(t, gateway.Options{Scheme: "rediss", Address: secured.Addr().String(), UpstreamTLS: &tls.Config{RootCAs: roots}})
	c := asker(t, r.address, 3)
	f := r.inject("redis_error", `{'error':'READONLY'}`)
	if err := c.Set(t.Context(), "a", 1, 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "READONLY") {
		t.Errorf("%v, want READONLY", err)
	}
	r.Set(nil)
	if err := c.Set(t.Context(), "a", strings.Repeat("x", 1<<20), 0).Err(); err != nil {
		t.Error(err)
	}
	if v, err := c.Get(t.Context(), "a").Result(); err != nil || len(v) != 1<<20 {
		t.Errorf("%d bytes, %v", len(v), err)
	}
	wantCounts(t, f, 3, 1, 1)
	c.Close()

	strange := newRig(t, gateway.Options{Scheme: "rediss", Address: secured.Addr().String()})
	if err := asker(t, strange.address, 2).Ping(t.Context()).Err(); err == nil {
		t.Error("a certificate that nobody vouches for was accepted")
	}
}

// unwrap takes encryption off connections on their way to an address.
func unwrap(l net.Listener, address string, serving *sync.WaitGroup) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		serving.Go(func() {
			defer c.Close()
			plain, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer plain.Close()
			serving.Go(func() { io.Copy(c, plain); c.Close() })
			io.Copy(plain, c)
		})
	}
}

// postgresOverTLS runs last: the server encrypts from then on. It offers to log in
// by way of the encryption, which clients do not have.
func postgresOverTLS(t *testing.T, r *pgRig) {
	ca := serveTLS(t, r)
	u, err := url.Parse(r.direct)
	if err != nil {
		t.Fatal(err)
	}
	for query, works := range map[string]bool{
		"sslmode=require": true, "sslmode=verify-full&sslrootcert=" + ca: true, "sslmode=verify-ca&sslrootcert=" + ca: true, "sslmode=verify-full": false,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		over := &pgRig{rig: newRig(t, gateway.Options{Scheme: "postgres", Address: u.Host, Query: values})}
		via := *u
		via.Host, via.RawQuery = over.address, "sslmode=disable"
		c, err := pgx.Connect(t.Context(), via.String())
		if (err == nil) != works {
			t.Errorf("%s: %v", query, err)
		}
		if err != nil {
			continue
		}
		var encrypted bool
		if err := c.QueryRow(t.Context(), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&encrypted); err != nil || !encrypted {
			t.Errorf("%s: encrypted: %v (%v)", query, encrypted, err)
		}
		over.inject("postgres_error", `{'sqlstate':'25006'}`)
		_, err = c.Exec(t.Context(), "INSERT INTO t VALUES (1, 1)")
		r.wantCode(err, "25006")
		c.Close(t.Context())
	}
	for _, wrong := range []string{"sslmode=prefer", "dbname=x", "sslrootcert=/nowhere"} {
		values, _ := url.ParseQuery(wrong)
		if _, err := gateway.New(gateway.Options{Scheme: "postgres", Address: u.Host, Query: values}); err == nil {
			t.Errorf("%s was accepted", wrong)
		}
	}
}

// serveTLS makes the server encrypt, and gives the file of its certificate.
func serveTLS(t *testing.T, r *pgRig) string {
	t.Helper()
	certificate, err := gateway.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	admin := r.open(r.direct, pgx.QueryExecModeSimpleProtocol)
	var data string
	if err := admin.QueryRow(t.Context(), "SHOW data_directory").Scan(&data); err != nil {
		t.Fatal(err)
	}
	owner, err := os.Stat(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"server.crt": {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, "server.key": {Type: "PRIVATE KEY", Bytes: key}} {
		file := filepath.Join(data, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if s := owner.Sys().(*syscall.Stat_t); os.Geteuid() == 0 {
			if err := os.Chown(file, int(s.Uid), int(s.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.exec(admin, "ALTER SYSTEM SET ssl = on")
	r.exec(admin, "SELECT pg_reload_conf()")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c, err := pgx.Connect(t.Context(), strings.Replace(r.direct, "sslmode=disable", "sslmode=require", 1))
		if err == nil {
			c.Close(t.Context())
			return filepath.Join(data, "server.crt")
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
