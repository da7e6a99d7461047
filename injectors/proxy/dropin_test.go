package proxy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// beside runs a test on a server of ours and on an unchanged Toxiproxy, which have to
// do the same.
func beside(t *testing.T, test func(t *testing.T, api string)) {
	t.Run("ours", func(t *testing.T) {
		t.Parallel()
		test(t, serve(t, proxy.Options{}).URL())
	})
	t.Run("stock", func(t *testing.T) {
		t.Parallel()
		s, err := stock.Start("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		test(t, s.URL())
	})
}

// ask makes a call to any Toxiproxy.
func ask(t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer
}

// routeAt makes proxy x on any Toxiproxy and gives its address.
func routeAt(t *testing.T, api, upstream string) string {
	t.Helper()
	var v view
	answer := ask(t, "POST", api+"/proxies", fmt.Sprintf(`{"name":"x","listen":"127.0.0.1:0","upstream":%q}`, upstream))
	if err := json.NewDecoder(answer.Body).Decode(&v); err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("POST /proxies: %s, %v", answer.Status, err)
	}
	return v.Listen
}

// Clients that reach a proxy connect, whatever becomes of the connection: a connect()
// that fails says that the proxy is down. Then the connection ends as it does on
// Toxiproxy.
func TestHowConnectionsEnd(t *testing.T) {
	t.Parallel()
	silent := func(t *testing.T) string {
		return one(t, func(c *net.TCPConn) { io.Copy(io.Discard, c); c.Close() })
	}
	for name, tt := range map[string]struct {
		upstream func(t *testing.T) string
		toxic    string
		speaks   bool // the client does
		want     error
	}{
		"refused upstream":          {func(*testing.T) string { return "127.0.0.1:1" }, "", false, io.EOF},
		"refused, under a toxic":    {func(*testing.T) string { return "127.0.0.1:1" }, `{"type":"latency","attributes":{"latency":1}}`, false, io.EOF},
		"refused, under reset_peer": {func(*testing.T) string { return "127.0.0.1:1" }, `{"type":"reset_peer","attributes":{"timeout":0}}`, false, io.EOF},
		"upstream that ends":        {func(t *testing.T) string { return one(t, func(c *net.TCPConn) { c.Close() }) }, "", false, io.EOF},
		"timeout":                   {silent, `{"type":"timeout","attributes":{"timeout":1}}`, false, io.EOF},
		"limit_data":                {echo, `{"type":"limit_data","attributes":{"bytes":0}}`, true, io.EOF},
		"reset_peer":                {silent, `{"type":"reset_peer","stream":"upstream","attributes":{"timeout":1}}`, true, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beside(t, func(t *testing.T, api string) {
				address := routeAt(t, api, tt.upstream(t))
				if tt.toxic != "" {
					post(t, api+"/proxies/x/toxics", tt.toxic)
				}
				for range 100 {
					c, err := net.Dial("tcp", address)
					if err != nil {
						t.Fatalf("connect() fails: %v", err)
					}
					c.SetDeadline(time.Now().Add(soon))
					if tt.speaks {
						io.WriteString(c, "hello")
					}
					_, err = c.Read(make([]byte, 1))
					c.Close()
					if !errors.Is(err, tt.want) {
						t.Fatalf("the client reads %v, want %v", err, tt.want)
					}
				}
			})
		})
	}
}

// Behind a gateway it is the same, for every protocol.
func TestAGatewayWhoseUpstreamRefuses(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	for _, scheme := range []string{"http", "https", "h2c", "grpc", "grpcs", "redis", "rediss", "postgres"} {
		address := route(t, s, scheme, scheme+"://127.0.0.1:1")
		for range 100 {
			c := dial(t, address)
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Fatalf("%s: the client reads %v, want the end", scheme, err)
			}
			c.Close()
		}
	}
}

// Every answer has an identifier of its own, in Toxiproxy's form.
func TestRequestIDs(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-v]{20}$`)
	beside(t, func(t *testing.T, api string) {
		seen := map[string]bool{}
		for range 3 {
			for method, path := range map[string]string{"GET": "/version", "POST": "/reset", "DELETE": "/proxies/none"} {
				id := ask(t, method, api+path, "").Header.Get("X-Toxiproxy-Request-Id")
				if !form.MatchString(id) || seen[id] {
					t.Errorf("%s %s has the identifier %q", method, path, id)
				}
				seen[id] = true
			}
		}
	})
}

// A slicer may vary by all of its average, and the bytes are the same.
func TestASlicerThatVariesByItsAverage(t *testing.T) {
	t.Parallel()
	beside(t, func(t *testing.T, api string) {
		address := routeAt(t, api, echo(t))
		for _, size := range []int{1, 7, 1000} {
			if a := ask(t, "POST", api+"/proxies/x/toxics", fmt.Sprintf(`{"name":"s","type":"slicer","attributes":{"average_size":%d,"size_variation":%[1]d}}`, size)); a.StatusCode != 200 {
				t.Fatalf("%d: %s", size, a.Status)
			}
			sent := bytes.Repeat([]byte("0123456789"), 300)
			c := dial(t, address)
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d: other bytes come out, or %v", size, err)
			}
			c.Close()
			ask(t, "DELETE", api+"/proxies/x/toxics/s", "")
		}
	})
}

// What Toxiproxy refuses, ours refuses with the same words and status, and the proxy goes
// on.
func TestRefusalsOfAProxy(t *testing.T) {
	t.Parallel()
	answers := map[string][]string{}
	up := echo(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	calls := [][2]string{
		{"/proxies/x", `{"listen":"bad"}`},
		{"/proxies", `{"name":"y","listen":"bad","upstream":"127.0.0.1:1"}`},
		{"/proxies", `{"name":"y","listen":"` + taken.Addr().String() + `","upstream":"127.0.0.1:1"}`},
		{"/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`},
		{"/proxies", `{"listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`},
		{"/proxies", `{"name":"y"}`},
		{"/populate", `[{"name":"y","upstream":"127.0.0.1:1"},{"name":"z"}]`},
		{"/proxies/none", `{}`},
	}
	for _, name := range []string{"ours", "stock"} {
		api := serve(t, proxy.Options{}).URL()
		if name == "stock" {
			s, err := stock.Start("127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			api = s.URL()
		}
		address := routeAt(t, api, up)
		for _, c := range calls {
			a := ask(t, "POST", api+c[0], c[1])
			text, _ := io.ReadAll(a.Body)
			answers[name] = append(answers[name], fmt.Sprint(a.StatusCode, " ", strings.TrimSpace(string(text))))
		}
		c := dial(t, address)
		still(t, c)
		c.Close()
	}
	for i, c := range calls {
		ours, theirs := answers["ours"][i], strings.Replace(answers["stock"][i], `"proxies":null`, `"proxies":[]`, 1)
		if ours != theirs {
			t.Errorf("POST %s %s: %s, and stock: %s", c[0], c[1], ours, theirs)
		}
	}
}
