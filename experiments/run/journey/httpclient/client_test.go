package httpclient

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// The server resets every connection when its third request arrives.
func TestEveryResetIsReported(t *testing.T) {
	t.Parallel()
	var resets atomic.Int64
	base := journeytest.Listen(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for n := 0; ; n++ {
			if _, err := journeytest.ReadRequest(in); err != nil {
				return
			}
			if n == 2 {
				resets.Add(1)
				_ = c.SetLinger(0) // close sends RST
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	for _, method := range []string{"GET", "HEAD", "PUT", "POST"} {
		c := newClient(t, Options{Base: base})
		before, failures := resets.Load(), int64(0)
		for range 300 {
			resp := &Response{}
			req := &Request{Method: method, Target: "/", Headers: []experiments.Field{{Name: "Idempotency-Key", Value: "k"}}, Deadline: time.Now().Add(time.Minute)}
			if method == "HEAD" {
				req.Method = "GET" // the server above knows no HEAD; the header is what makes others retry
			}
			if err := c.Send(t.Context(), req, resp); err != nil {
				failures++
			}
		}
		if got := resets.Load() - before; failures != got || got != 100 {
			t.Errorf("%s: %d failures reported, the server reset %d connections, want 100 of each", method, failures, got)
		}
	}
}

// once returns a handler that answers one request and closes the connection.
func once(answer string) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		if _, err := journeytest.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, answer)
			_ = c.CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

// A server that refuses a request before it has read all of it is heard, although
// sending failed; one that only closes the connection, or says that all is well, is not.
func TestAnswersBeforeTheRequestHasEnded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		status int // 0: an error
	}{
		"too large":   {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", 413},
		"not now":     {"HTTP/1.1 503 Service Unavailable\r\n\r\nno", 0}, // its end is the reset
		"nothing":     {"", 0},
		"half":        {"HTTP/1.1 413 Content Too Large\r\nContent-Length: 100\r\n\r\nno", 0},
		"all is well": {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, Options{Base: journeytest.Listen(t, func(c *net.TCPConn) {
				in := bufio.NewReader(c)
				for { // the head alone
					line, err := in.ReadString('\n')
					if err != nil || line == "\r\n" {
						break
					}
				}
				_, _ = io.WriteString(c, tt.answer)
			})})
			resp := &Response{}
			err := c.Send(t.Context(), &Request{Method: "POST", Target: "/", Body: make([]byte, maxBody), Deadline: time.Now().Add(30 * time.Second)}, resp)
			if tt.status == 0 && (err == nil || !isReset(err)) || tt.status != 0 && (err != nil || resp.Status != tt.status || string(resp.Body) != "no") {
				t.Errorf("%v, status %d, body %q; want %d", err, resp.Status, resp.Body, tt.status)
			}
			if n := c.Connections(); n != 0 {
				t.Errorf("%d connections are kept", n)
			}
		})
	}
}

func TestGoodAnswers(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, "ok")
	_ = w.Close()
	tests := map[string]struct {
		answer string
		status int
		body   string
	}{
		"length":         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"chunked":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"},
		"until the end":  {"HTTP/1.1 200 OK\r\n\r\nok", 200, "ok"},
		"HTTP/1.0":       {"HTTP/1.0 200 OK\r\n\r\nok", 200, "ok"},
		"no content":     {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
		"early hints":    {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"bad status":     {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno", 503, "no"},
		"compressed":     {fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: GZIP\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String()), 200, "ok"},
		"a redirect":     {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", 302, ""},
		"unknown coding": {"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, Options{Base: journeytest.Listen(t, once(tt.answer))})
			resp, err := get(t, c, "/")
			if err != nil || resp.Status != tt.status || string(resp.Body) != tt.body {
				t.Fatalf("Send() = %v, status %d, body %q; want %d and %q", err, resp.Status, resp.Body, tt.status, tt.body)
			}
		})
	}
}

// A connection with bytes beyond the answer does not carry another request.
func TestStrayBytesAreNotTheNextAnswer(t *testing.T) {
	t.Parallel()
	c := newClient(t, Options{Base: journeytest.Listen(t, journeytest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"))})
	for range 5 {
		if resp, err := get(t, c, "/"); err != nil || string(resp.Body) != "ok" {
			t.Fatalf("Send() = %v, body %q, want ok", err, resp.Body)
		}
	}
}

func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	type seen struct{ line, host, run, agent, key, body, kind string }
	var got seen
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{r.Method + " " + r.RequestURI, r.Host, r.Header.Get("Blastgauge-Run"), r.UserAgent(), r.Header.Get("Idempotency-Key"), string(body), r.Header.Get("Content-Type")}
	}))
	defer server.Close()
	defer http.DefaultClient.CloseIdleConnections()
	address := strings.TrimPrefix(server.URL, "http://")
	c := newClient(t, Options{Base: server.URL + "/shop/", Host: "shop.example", Headers: []experiments.Field{{Name: "Blastgauge-Run", Value: "r1"}}})
	tests := map[string]struct {
		req  Request
		want seen
	}{
		"path":          {Request{Method: "GET", Target: "/products?q=a%20b"}, seen{line: "GET /shop/products?q=a%20b", host: "shop.example"}},
		"to be escaped": {Request{Method: "GET", Target: "/größe s\r\nX: y#top"}, seen{line: "GET /shop/gr%C3%B6%C3%9Fe%20s%0D%0AX:%20y", host: "shop.example"}},
		"absolute":      {Request{Method: "GET", Target: server.URL + "?x"}, seen{line: "GET /?x", host: "shop.example"}},
		"absolute elsewhere": {Request{Method: "GET", Target: "http://localhost:" + address[strings.LastIndex(address, ":")+1:] + "/a"},
			seen{line: "GET /a", host: "localhost:" + address[strings.LastIndex(address, ":")+1:]}},
		"body": {Request{Method: "POST", Target: "/orders", Body: []byte(`{}`), Headers: []experiments.Field{{Name: "Content-Type", Value: "application/json"}, {Name: "idempotency-key", Value: "k\r\nEvil: 1"}}},
			seen{line: "POST /shop/orders", host: "shop.example", body: "{}", kind: "application/json", key: "k  Evil: 1"}},
		"own agent":     {Request{Method: "DELETE", Target: "/a", Headers: []experiments.Field{{Name: "user-agent", Value: "me"}}}, seen{line: "DELETE /shop/a", host: "shop.example", agent: "me"}},
		"GET with body": {Request{Method: "GET", Target: "/a", Body: []byte("q")}, seen{line: "GET /shop/a", host: "shop.example", body: "q"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got = seen{}
			tt.req.Deadline = time.Now().Add(time.Minute)
			if err := c.Send(t.Context(), &tt.req, &Response{}); err != nil {
				t.Fatal(err)
			}
			tt.want.run = "r1"
			if tt.want.agent == "" {
				tt.want.agent = "blastgauge"
			}
			if got != tt.want {
				t.Errorf("the server saw %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.TLS.ServerName) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what is tested
	server.StartTLS()
	defer server.Close()
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "empty.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		tls  *experiments.TLS
		want string // in the error; empty: it works
		name string // that the server was asked for
	}{
		"own authority":     {&experiments.TLS{CAFile: "ca.pem"}, "", ""},
		"absolute file":     {&experiments.TLS{CAFile: filepath.Join(dir, "ca.pem")}, "", ""},
		"right server name": {&experiments.TLS{CAFile: "ca.pem", ServerName: "example.com"}, "", "example.com"},
		"wrong server name": {&experiments.TLS{CAFile: "ca.pem", ServerName: "shop.example.org"}, "not shop.example.org", ""},
		"unknown authority": {nil, "unknown authority", ""},
		"missing file":      {&experiments.TLS{CAFile: "none.pem"}, "none.pem", ""},
		"file without any":  {&experiments.TLS{CAFile: "empty.pem"}, "no certificate", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := New(Options{Base: server.URL, TLS: tt.tls, Dir: dir})
			if err == nil {
				defer c.Close()
				for range 2 { // the second one on the same connection
					var resp *Response
					if resp, err = get(t, c, "/"); err == nil && string(resp.Body) != tt.name {
						t.Errorf("server name %q, want %q", resp.Body, tt.name)
					}
				}
			}
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// An answer without a length ends with its connection, also where TLS is not ended; one
// with a length is cut short then.
func TestEndsWithoutTheFarewellOfTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(raw, "HTTP/1.1 200 OK\r\n"+strings.Trim(r.URL.Path, "/")+"\r\nok")
		_ = raw.(*tls.Conn).NetConn().Close()
	}))
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, Options{Base: server.URL, TLS: &experiments.TLS{CAFile: file}})
	if resp, err := get(t, c, "/"); err != nil || string(resp.Body) != "ok" {
		t.Errorf("without a length: %q, %v", resp.Body, err)
	}
	for _, header := range []string{"Content-Length:%203%0D%0A", "Transfer-Encoding:%20chunked%0D%0A"} {
		if _, err := get(t, c, "/"+header); !errors.Is(err, ErrCutShort) {
			t.Errorf("%s: %v", header, err)
		}
	}
}

func TestForbiddenHostsAreNotDialled(t *testing.T) {
	t.Parallel()
	policy := func(allow ...string) hosts.Policy { return hosts.NewPolicy("", allow) }
	if _, err := New(Options{Base: "http://shop.example.com"}); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("New() = %v, want a refusal", err)
	}
	var served atomic.Int64
	base := journeytest.Listen(t, func(c *net.TCPConn) {
		served.Add(1)
		journeytest.Reply("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")(c)
	})
	c := newClient(t, Options{Base: base, Hosts: policy("*.internal.example")})
	for _, target := range []string{"http://shop.example.com/", "https://192.0.2.1/", "http://[2001:db8::1]:80/"} {
		if _, err := get(t, c, target); !errors.Is(err, experiments.ErrRefused) {
			t.Errorf("Send(%s) = %v, want a refusal", target, err)
		}
	}
	for _, target := range []string{"ftp://127.0.0.1/", "products", "http://user:secret@127.0.0.1/", "http://", "://"} {
		if _, err := get(t, c, target); err == nil || errors.Is(err, experiments.ErrRefused) || strings.Contains(err.Error(), "refused") {
			t.Errorf("Send(%s) = %v, want another error", target, err)
		}
	}
	if served.Load() != 0 {
		t.Errorf("%d connections reached the entry", served.Load())
	}
}

func TestCancelAndDeadline(t *testing.T) {
	t.Parallel()
	silent := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	stalled := func(c net.Conn) {
		if _, err := journeytest.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			silent(c)
		}
	}
	tests := map[string]struct {
		base   string
		handle func(net.Conn)
	}{"silent": {"http://shop.test", silent}, "handshake": {"https://shop.test", silent}, "in the body": {"http://shop.test", stalled}}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := newClient(t, Options{Base: tt.base})
				pipe(t, c, tt.handle)
				begun := time.Now()
				err := c.Send(t.Context(), &Request{Method: "GET", Target: "/", Deadline: begun.Add(time.Second)}, &Response{})
				if took := time.Since(begun); !IsTimeout(err) || took != time.Second {
					t.Errorf("Send() = %v after %v, want a time-out after 1s", err, took)
				}

				stop := errors.New("enough")
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(2*time.Second, func() { cancel(stop) })
				begun = time.Now()
				err = c.Send(ctx, &Request{Method: "GET", Target: "/", Deadline: begun.Add(time.Minute)}, &Response{})
				if took := time.Since(begun); !errors.Is(err, stop) || took != 2*time.Second {
					t.Errorf("Send() = %v after %v, want %v after 2s", err, took, stop)
				}
				if err := c.Send(ctx, &Request{Method: "GET", Target: "/"}, &Response{}); !errors.Is(err, stop) {
					t.Errorf("Send() after the end = %v, want %v", err, stop)
				}
			})
		})
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Options{Base: "http://shop.test", MaxConns: 2})
		pipe(t, c, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _ = c.Send(ctx, &Request{Method: "GET", Target: "/"}, &Response{}) }) // ends in an error
		}
		synctest.Wait()
		if _, err := get(t, c, "/"); !errors.Is(err, errTooManyConns) {
			t.Errorf("Send() = %v, want %v", err, errTooManyConns)
		}
		cancel()
		wg.Wait()
	})
}

// Answers lead to as many hosts as they like: what is kept of them is bounded, and an
// endpoint that is dropped closes its connections.
func TestEndpointsAreBounded(t *testing.T) {
	t.Parallel()
	c := newClient(t, Options{Base: "http://shop.test"})
	accepted := pipe(t, c, func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			if _, err := http.ReadRequest(in); err != nil {
				return // the client has closed it
			}
			_, _ = io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n") // a failure is the client's to see
		}
	})
	for i := range 3 * maxEndpoints {
		if _, err := get(t, c, fmt.Sprintf("http://h%d.test/", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.endpoints); n != maxEndpoints || c.conns.Load() > maxEndpoints {
		t.Errorf("%d endpoints with %d connections, want %d", n, c.conns.Load(), maxEndpoints)
	}
	if n := accepted.Load(); n != 3*maxEndpoints {
		t.Errorf("%d connections were opened", n)
	}
	if _, err := get(t, c, "http://h0.test/"); err != nil {
		t.Errorf("one that was dropped: %v", err)
	}
}

func TestIdleConnectionsAreNotTrusted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, Options{Base: "http://shop.test"})
		accepted := pipe(t, c, func(c net.Conn) { journeytest.ReplyTo(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") })
		send := func() {
			t.Helper()
			if _, err := get(t, c, "/"); err != nil {
				t.Fatal(err)
			}
		}
		send()
		time.Sleep(maxIdle - time.Millisecond)
		send()
		if n := accepted.Load(); n != 1 {
			t.Fatalf("%d connections for two requests within a second, want 1", n)
		}
		time.Sleep(maxIdle)
		send()
		if n := accepted.Load(); n != 2 || c.Connections() != 1 {
			t.Errorf("%d connections after a pause and %d open, want 2 and 1", n, c.Connections())
		}
	})
}

// Whatever name the system goes by, the request comes to the entry: nothing listens at
// these names.
func TestOwnNamesLeadToTheEntry(t *testing.T) {
	t.Parallel()
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Host + " " + r.RequestURI }))
	defer server.Close()
	c := newClient(t, Options{Base: server.URL, Host: "shop.test", Names: []string{"http://192.0.2.1:8081/control"}})
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	for target, want := range map[string]string{
		"http://shop.test/a":                 "shop.test /a",
		"https://SHOP.test:443/a?b":          "shop.test /a?b",
		"http://shop.test." + port + "/a":    "shop.test /a",
		"http://192.0.2.1:8081/control/a":    "shop.test /a",
		"http://localhost" + port + "/größe": "localhost" + port + " /gr%C3%B6%C3%9Fe",
	} {
		got = ""
		if _, err := get(t, c, target); err != nil || got != want {
			t.Errorf("%s: the server saw %q, %v; want %q", target, got, err, want)
		}
		if url, headers := c.Describe(&Request{Method: "GET", Target: target}); !strings.HasPrefix(url, server.URL+"/") || headers[0].Value+" "+strings.TrimPrefix(url, server.URL) != want {
			t.Errorf("Describe(%s) = %s, %v", target, url, headers)
		}
	}
	for _, target := range []string{"http://192.0.2.1:8082/a", "http://shop.example/a"} {
		if _, err := get(t, c, target); !errors.Is(err, hosts.ErrRefused) {
			t.Errorf("%s: %v, want a refusal", target, err)
		}
	}
	direct := newClient(t, Options{Base: server.URL, Host: "shop.example", Direct: true})
	if _, err := get(t, direct, "http://shop.example/ledger"); !errors.Is(err, hosts.ErrRefused) {
		t.Errorf("what does not go through the entry went there: %v", err)
	}
}

// The Cookie header is sent as it is given: quotes, JSON, and names that come twice.
func TestCookiesOnTheWire(t *testing.T) {
	t.Parallel()
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header["Cookie"] }))
	defer server.Close()
	c := newClient(t, Options{Base: server.URL})
	for _, header := range []string{`a="b"`, `a=1; a=2`, `cart={"sku":"x"}; nameless; =x; q="`, `a=b\c; d=größe; e=x y,z`, "a=b;c=d"} {
		req := &Request{Method: "GET", Target: "/", Headers: []experiments.Field{{Name: "cookie", Value: header}}, Deadline: time.Now().Add(time.Minute)}
		if err := c.Send(t.Context(), req, &Response{}); err != nil || len(got) != 1 || got[0] != header {
			t.Errorf("%v: the server saw %q, want %q", err, got, header)
		}
	}
	req := &Request{Method: "GET", Target: "/", Headers: []experiments.Field{{Name: "Cookie", Value: "a=b\r\nEvil: 1"}}, Deadline: time.Now().Add(time.Minute)}
	if err := c.Send(t.Context(), req, &Response{}); err != nil || len(got) != 1 || got[0] != "a=b  Evil: 1" {
		t.Errorf("%v: the server saw %q", err, got)
	}
}
