package gateway_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// secure is a dependency that speaks TLS, and says in which protocol it was asked.
func secure(t *testing.T, protocols ...string) (address string, roots *x509.CertPool) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Proto, body)
	}))
	server.EnableHTTP2 = len(protocols) == 0 || protocols[0] == "h2"
	server.TLS = &tls.Config{NextProtos: protocols}
	server.StartTLS()
	t.Cleanup(server.Close)
	roots = x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.Listener.Addr().String(), roots
}

func TestTLSUpstream(t *testing.T) {
	t.Parallel()
	address, roots := secure(t)
	r := newRig(t, gateway.Options{Scheme: "https", Address: address, UpstreamTLS: &tls.Config{RootCAs: roots}})
	for want, client := range map[string]*http.Client{"HTTP/1.1": r.client(), "HTTP/2.0": r.client2()} {
		for range 2 {
			res, err := client.Post(r.url("/"), "text/plain", strings.NewReader("hi"))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			if string(body) != want+" hi" {
				t.Errorf("got %q, want %s", body, want)
			}
		}
		f := r.inject("http_error", `{'status':503}`)
		res, err := client.Get(r.url("/"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 503 {
			t.Errorf("%s: got %d, want 503", want, res.StatusCode)
		}
		wantCounts(t, f, 1, 1, 1)
		r.Set(nil)
	}
	if r.dials.Load() != 2 {
		t.Errorf("%d connections for two clients", r.dials.Load())
	}
}

// TestTLSDistrust: a dependency that cannot be trusted is a connection that breaks.
func TestTLSDistrust(t *testing.T) {
	t.Parallel()
	address, _ := secure(t)
	r := newRig(t, gateway.Options{Scheme: "https", Address: address, UpstreamTLS: &tls.Config{RootCAs: x509.NewCertPool()}})
	w := r.connect()
	w.send(get)
	w.wantReset()
}

// TestTLSWithoutHTTP2: a client that insists on HTTP/2 is cut.
func TestTLSWithoutHTTP2(t *testing.T) {
	t.Parallel()
	address, roots := secure(t, "http/1.1")
	r := newRig(t, gateway.Options{Scheme: "https", Address: address, UpstreamTLS: &tls.Config{RootCAs: roots}})
	if res, err := r.client2().Get(r.url("/")); err == nil {
		res.Body.Close()
		t.Errorf("got %d", res.StatusCode)
	}
}

// TestTLSClient: clients that speak TLS get it, with the protocol that the
// dependency speaks, too.
func TestTLSClient(t *testing.T) {
	t.Parallel()
	certificate, err := gateway.SelfSigned("127.0.0.1", "payments.test")
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AddCert(leaf)
	both, bothRoots := secure(t)
	old, oldRoots := secure(t, "http/1.1")
	for name, tt := range map[string]struct {
		o    gateway.Options
		want string
	}{
		"plain behind":          {gateway.Options{Scheme: "http", Address: dependency(t)}, "POST / hi"},
		"TLS behind":            {gateway.Options{Scheme: "https", Address: both, UpstreamTLS: &tls.Config{RootCAs: bothRoots}}, "HTTP/2.0 hi"},
		"TLS behind, no HTTP/2": {gateway.Options{Scheme: "https", Address: old, UpstreamTLS: &tls.Config{RootCAs: oldRoots}}, "HTTP/1.1 hi"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.ClientTLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
			r := newRig(t, tt.o)
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: tt.o.Scheme == "https"}
			t.Cleanup(transport.CloseIdleConnections)
			client := &http.Client{Transport: transport, Timeout: patience}
			for range 2 {
				res, err := client.Post("https://"+r.address+"/", "text/plain", strings.NewReader("hi"))
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if string(body) != tt.want {
					t.Errorf("got %q, want %q", body, tt.want)
				}
			}
			r.inject("http_abort", "")
			if res, err := client.Post("https://"+r.address+"/", "text/plain", strings.NewReader("hi")); err == nil {
				res.Body.Close()
				t.Errorf("got %d, want an abort", res.StatusCode)
			}
		})
	}
}

// TestTLSClientHangsUp: a client that never finishes its handshake is let go when
// it goes.
func TestTLSClientHangsUp(t *testing.T) {
	t.Parallel()
	certificate, err := gateway.SelfSigned("payments.test")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, gateway.Options{Scheme: "http", Address: dependency(t), ClientTLS: &tls.Config{Certificates: []tls.Certificate{certificate}}})
	w := r.connect()
	w.send("\x16\x03\x01")
	w.CloseWrite()
	wait(t, func() bool { return r.dials.Load() == 1 && r.open.Load() == 0 })
}

// TestTLSHalfBody: a dependency that ends inside TLS without a word is an end, not
// a reset.
func TestTLSHalfBody(t *testing.T) {
	t.Parallel()
	certificate, err := gateway.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := x509.ParseCertificate(certificate.Certificate[0])
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	r := raw(t, func(c *net.TCPConn) {
		secured := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{certificate}})
		if _, err := http.ReadRequest(bufio.NewReader(secured)); err != nil {
			return
		}
		io.WriteString(secured, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
	})
	r = newRig(t, gateway.Options{Scheme: "https", Address: r.upstreamAddress, UpstreamTLS: &tls.Config{RootCAs: roots}})
	w := r.connect()
	w.send(get)
	got, err := w.rest()
	if !strings.HasSuffix(got, "half") || err != nil {
		t.Errorf("got %q and %v", got, err)
	}
}
