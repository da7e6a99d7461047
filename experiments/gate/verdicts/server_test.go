package verdicts

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/result"
)

func newRequest(t *testing.T, path, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func serve(h http.Handler, r *http.Request) int {
	got := httptest.NewRecorder()
	h.ServeHTTP(got, r)
	return got.Code
}

// listen begins to answer, and ends with the test.
func (w *world) listen(e Endpoint) *Server {
	w.t.Helper()
	s, err := Listen(e, w.handler())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := s.Shutdown(); err != nil {
			w.t.Error(err)
		}
	})
	return s
}

// Only who calls the server by its own names is answered, and no page of others.
func TestHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	hostname, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	near := w.listen(Endpoint{Address: "127.0.0.1:0", Hosts: []string{"Verdicts.gate.svc"}})
	far := w.listen(Endpoint{Address: "0.0.0.0:0", Hosts: []string{"verdicts.gate.svc"}})
	if near.Exposed() || !far.Exposed() {
		t.Errorf("exposed: %t, %t", near.Exposed(), far.Exposed())
	}
	for host, want := range map[string][2]int{
		"127.0.0.1": {200, 200}, "localhost": {200, 200}, "[::1]": {200, 200}, "verdicts.gate.svc": {200, 200}, "verdicts.gate.svc:8480": {200, 200},
		"attacker.test": {421, 421}, "verdicts.gate": {421, 421}, "10.0.0.7:8480": {421, 200}, hostname + ":1": {421, 200},
	} {
		for i, s := range []*Server{near, far} {
			if host == hostname+":1" && i == 0 && strings.HasPrefix(hostname, "localhost") {
				continue
			}
			_, port, _ := net.SplitHostPort(s.listener.Addr().String())
			r, err := http.NewRequestWithContext(t.Context(), "GET", "http://127.0.0.1:"+port+"/verdicts/"+sha(), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Host = host
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = got.Body.Close()
			if got.StatusCode != want[i] {
				t.Errorf("%s: %d of %s, want %d", host, got.StatusCode, s.URL(), want[i])
			}
		}
	}
	r := httptest.NewRequest("GET", "http://localhost/verdicts/"+sha(), nil)
	r.Header.Set("Origin", "http://attacker.test")
	if code := serve(near.http.Handler, r); code != http.StatusForbidden {
		t.Errorf("the page of a stranger gets %d", code)
	}
}

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	roots = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(parsed)
	return write("tls.crt", "CERTIFICATE", der), write("tls.key", "PRIVATE KEY", pkcs8), roots
}

func TestTLS(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.write("a.intoto.jsonl", w.lines(measured("r1", 0, result.Held), w.ada))
	cert, key, roots := certificate(t)
	s := w.listen(Endpoint{Address: "127.0.0.1:0", Cert: cert, Key: key})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	got, err := client.Get(s.URL() + "/verdicts/" + sha())
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != 200 || got.TLS == nil || !strings.HasPrefix(s.URL(), "https://") {
		t.Errorf("%d of %s", got.StatusCode, s.URL())
	}
	if _, err := Listen(Endpoint{Address: "127.0.0.1:0", Cert: key, Key: cert}, w.handler()); err == nil {
		t.Error("a certificate that is none is served")
	}
	if _, err := Listen(Endpoint{Address: s.listener.Addr().String()}, w.handler()); err == nil {
		t.Error("two servers have one port")
	}
}
