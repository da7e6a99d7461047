package gateway_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/injectors/gateway"
	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
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

// Clients of a Redis that encrypts may encrypt on their way to the gateway, or not.
func TestRedisClientsMayUseTLS(t *testing.T) {
	t.Parallel()
	certificate, roots := selfSigned(t)
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	crt, pk := filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	for file, block := range map[string]*pem.Block{crt: {Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}, pk: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &redisState{}
	s.start(t)
	if err := s.admin.ConfigSet(t.Context(), "tls-cert-file", crt).Err(); err != nil {
		t.Skip("this Redis is built without TLS: ", err)
	}
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	defer free.Close()
	_, port, _ := net.SplitHostPort(free.Addresses()[0])
	s.do(t, "CONFIG", "SET", "tls-key-file", pk, "tls-ca-cert-file", crt, "tls-auth-clients", "no", "tls-port", port)
	plain := gateway.Options{Scheme: "redis", Address: s.address, ClientTLS: &tls.Config{Certificates: []tls.Certificate{certificate}}}
	secured := plain
	secured.Scheme, secured.Address, secured.UpstreamTLS = "rediss", net.JoinHostPort("127.0.0.1", port), &tls.Config{RootCAs: roots}
	for _, o := range []gateway.Options{plain, secured} {
		r := newRig(t, o)
		for _, config := range []*tls.Config{nil, {RootCAs: roots}} {
			c := redis.NewClient(&redis.Options{Addr: r.address, TLSConfig: config, MaxRetries: -1})
			if err := c.Set(t.Context(), "a", strings.Repeat("x", 1<<20), 0).Err(); err != nil {
				t.Errorf("%s: %v", o.Scheme, err)
			}
			f := r.inject("redis_error", `{'error':'READONLY'}`)
			if err := c.Eval(t.Context(), "return redis.call('set', KEYS[1], 1)", []string{"a"}).Err(); err == nil || !strings.HasPrefix(err.Error(), "READONLY") {
				t.Errorf("%s: %v, want READONLY", o.Scheme, err)
			}
			if v, err := c.Get(t.Context(), "a").Result(); err != nil || len(v) != 1<<20 {
				t.Errorf("%s: %d bytes, %v", o.Scheme, len(v), err)
			}
			wantCounts(t, f, 5, 1, 1) // the client opens another connection after READONLY, and says hello
			r.Set(nil)
			c.Close()
		}
		strange := redis.NewClient(&redis.Options{Addr: r.address, TLSConfig: &tls.Config{}, MaxRetries: -1})
		if err := strange.Ping(t.Context()).Err(); err == nil {
			t.Error("a client took a certificate that nobody vouches for")
		}
		strange.Close()
	}
}

// selfSigned is a certificate for this machine, and what makes clients trust it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	certificate, err := gateway.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return certificate, roots
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
	certificate, ca := serveTLS(t, r)
	u, err := url.Parse(r.direct)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	for query, works := range map[string]bool{
		"sslmode=require&sslrootcert=" + foreignCA(t): false, // as PostgreSQL's clients do
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
	for _, query := range []string{"sslmode=verify-full", "sslmode=verify-ca"} {
		values, _ := url.ParseQuery(query)
		over := newRig(t, gateway.Options{Scheme: "postgres", Address: u.Host, Query: values, UpstreamRoots: roots})
		via := *u
		via.Host, via.RawQuery = over.address, "sslmode=disable"
		c, err := pgx.Connect(t.Context(), via.String())
		if err != nil {
			t.Errorf("%s with roots for every upstream: %v", query, err)
			continue
		}
		c.Close(t.Context())
	}
	postgresClientsOverTLS(t, u, certificate)
	for _, wrong := range []string{"sslmode=prefer", "dbname=x", "sslrootcert=/nowhere"} {
		values, _ := url.ParseQuery(wrong)
		if _, err := gateway.New(gateway.Options{Scheme: "postgres", Address: u.Host, Query: values}); err == nil {
			t.Errorf("%s was accepted", wrong)
		}
	}
}

// foreignCA is the file of a certificate that signs for nobody here.
func foreignCA(t *testing.T) string {
	t.Helper()
	certificate, err := gateway.SelfSigned("elsewhere.test")
	if err != nil {
		t.Fatal(err)
	}
	return certificateFile(t, certificate)
}

func certificateFile(t *testing.T, certificate tls.Certificate) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// Clients get in with and without encryption, however they ask for it, and faults meet
// their statements. A login that is bound to the encryption works under the server's own
// certificate alone.
func postgresClientsOverTLS(t *testing.T, u *url.URL, servers tls.Certificate) {
	own, err := gateway.SelfSigned("127.0.0.1", "db.test")
	if err != nil {
		t.Fatal(err)
	}
	trusted, strange := certificateFile(t, own), foreignCA(t)
	behind := func(upstream string, certificate tls.Certificate) *pgRig {
		values, _ := url.ParseQuery(upstream)
		o := gateway.Options{Scheme: "postgres", Address: u.Host, Query: values, ClientTLS: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate}}}
		return &pgRig{rig: newRig(t, o)}
	}
	secured, plain, same := behind("sslmode=require", own), behind("", own), behind("sslmode=require", servers)
	for _, tt := range []struct {
		name         string
		via          *pgRig
		user, client string
		works        bool
	}{
		{"disable", secured, "free", "sslmode=disable", true},
		{"prefer", secured, "free", "sslmode=prefer", true},
		{"require", secured, "free", "sslmode=require", true},
		{"require, plain upstream", plain, "free", "sslmode=require", true},
		{"verify-full", secured, "free", "sslmode=verify-full&sslrootcert=" + trusted, true},
		{"verify-ca", secured, "free", "sslmode=verify-ca&sslrootcert=" + trusted, true},
		{"verify-full of another", secured, "free", "sslmode=verify-full&sslrootcert=" + strange, false},
		{"direct", secured, "free", "sslmode=require&sslnegotiation=direct", true},
		{"direct, verify-full", plain, "free", "sslmode=verify-full&sslnegotiation=direct&sslrootcert=" + trusted, true},
		{"bound, disable", secured, "bound", "sslmode=disable", true},
		{"bound, prefer", secured, "bound", "sslmode=prefer", true},
		{"bound, require", secured, "bound", "sslmode=require", false},
		{"bound, require, off", secured, "bound", "sslmode=require&channel_binding=disable", true},
		{"bound, require, plain upstream", plain, "bound", "sslmode=require", true},
		{"bound, the server's certificate", same, "bound", "sslmode=require", true},
		{"bound by force, the server's certificate", same, "bound", "sslmode=require&channel_binding=require", true},
	} {
		t.Run("clients/"+tt.name, func(t *testing.T) {
			tt.via.T = t
			via := *u
			via.User, via.Host, via.RawQuery = url.UserPassword(tt.user, "secret"), tt.via.address, tt.client
			c, err := pgx.Connect(t.Context(), via.String())
			if (err == nil) != tt.works {
				t.Fatalf("it works: %v (%v)", err == nil, err)
			}
			if err != nil {
				if e, ok := errors.AsType[*pgconn.PgError](err); ok && !strings.Contains(e.Hint, "channel_binding=disable") {
					t.Errorf("%v says nothing of what to do", e)
				}
				return
			}
			defer c.Close(t.Context())
			tt.via.inject("postgres_error", `{'sqlstate':'40001','match':{'statement':'select'}}`)
			defer tt.via.Set(nil)
			_, err = c.Exec(t.Context(), "SELECT 1")
			tt.via.wantCode(err, "40001")
		})
	}
	secured.T = t
	wantRefusals(t, secured)
	requirePSQL(t, secured, u)
}

// wantRefusals: what a server takes for an attack is refused.
func wantRefusals(t *testing.T, r *pgRig) {
	early := r.connect()
	early.send("\x00\x00\x00\x08\x04\xd2\x16\x2f" + "\x00\x00\x00\x0a\x00\x03\x00\x00u\x00")
	if b, _ := early.rest(); b != "" {
		t.Errorf("a client that goes on before it is encrypted is told %q", b)
	}
	direct := r.connect()
	c := tls.Client(direct.TCPConn, &tls.Config{InsecureSkipVerify: true})
	if err := c.HandshakeContext(t.Context()); err == nil {
		if b, err := io.ReadAll(c); err == nil && len(b) > 0 {
			t.Errorf("TLS without the name of a protocol is served with %q", b)
		}
	}
}

// requirePSQL has PostgreSQL's own client require encryption.
func requirePSQL(t *testing.T, r *pgRig, u *url.URL) {
	psql := required.Program(t, "psql", "apt install postgresql-client")
	via := *u
	via.User, via.Host, via.RawQuery = url.User("free"), r.address, "sslmode=require"
	out, err := exec.CommandContext(t.Context(), psql, via.String(), "-Atc", "SELECT 'in'").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "in" {
		t.Errorf("psql says %q (%v)", out, err)
	}
}

// serveTLS makes the server encrypt, and gives its certificate, also as a file. The user
// "bound" logs in with a password, "free" without.
func serveTLS(t *testing.T, r *pgRig) (tls.Certificate, string) {
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
	hba := filepath.Join(data, "pg_hba.conf")
	rules, err := os.ReadFile(hba)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(hba, append([]byte("host all bound all scram-sha-256\nhost all free all trust\n"), rules...), 0o600); err != nil {
		t.Fatal(err)
	}
	r.exec(admin, "SET password_encryption = 'scram-sha-256'")
	r.exec(admin, "CREATE ROLE bound LOGIN PASSWORD 'secret'")
	r.exec(admin, "CREATE ROLE free LOGIN")
	r.exec(admin, "ALTER SYSTEM SET ssl = on")
	r.exec(admin, "SELECT pg_reload_conf()")
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c, err := pgx.Connect(t.Context(), strings.Replace(r.direct, "sslmode=disable", "sslmode=require", 1))
		if err == nil {
			c.Close(t.Context())
			return certificate, filepath.Join(data, "server.crt")
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
