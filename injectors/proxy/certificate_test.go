package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/gateway"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A client of a proxy in front of an https:// upstream may speak TLS or not; faults
// meet its requests either way.
func TestClientsThatSpeakTLS(t *testing.T) {
	t.Parallel()
	up := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "sold") }))
	t.Cleanup(up.Close)
	roots := x509.NewCertPool()
	roots.AddCert(up.Certificate())
	given, err := gateway.SelfSigned("given.test", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, certificate := range map[string]*tls.Certificate{"its own certificate": nil, "a given one": &given} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, proxy.Options{UpstreamRoots: roots, Certificate: certificate})
			address := route(t, s, "payments", "https://"+up.Listener.Addr().String())
			trusted := x509.NewCertPool()
			if !trusted.AppendCertsFromPEM([]byte(call(t, s, "GET", "/blastgauge/certificates/payments", "", 200, nil))) {
				t.Fatal("no certificate in PEM")
			}
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
			t.Cleanup(transport.CloseIdleConnections)
			c := &http.Client{Transport: transport, Timeout: soon}
			for _, scheme := range []string{"https://", "http://"} {
				if status, body := fetched(t, c, scheme+address); status != 200 || body != "sold" {
					t.Errorf("%s: %d %q", scheme, status, body)
				}
			}
			add(t, s, "payments", `{"name":"x","type":"http_error","attributes":{"status":503,"body":"no"}}`)
			for _, scheme := range []string{"https://", "http://"} {
				if status, body := fetched(t, c, scheme+address); status != 503 || body != "no" {
					t.Errorf("%s under a fault: %d %q", scheme, status, body)
				}
			}
		})
	}
	s := serve(t, proxy.Options{})
	route(t, s, "plain", "http://"+up.Listener.Addr().String())
	if got := call(t, s, "GET", "/blastgauge/certificates/plain", "", 400, nil); !strings.Contains(got, "has no certificate") {
		t.Errorf("plain: %s", got)
	}
	call(t, s, "GET", "/blastgauge/certificates/nobody", "", 404, nil)
	withOwn, without := serve(t, proxy.Options{Certificate: &given}), 400
	for upstream, status := range map[string]int{"?sslmode=require": 200, "?sslmode=verify-full": 200, "?sslmode=disable": without, "": without} {
		name := "db" + strings.TrimPrefix(upstream, "?sslmode=")
		for server, want := range map[*proxy.Server]int{s: status, withOwn: 200} {
			route(t, server, name, "postgres://"+up.Listener.Addr().String()+upstream)
			call(t, server, "GET", "/blastgauge/certificates/"+name, "", want, nil)
		}
	}
}

func fetched(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	answer, err := c.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
