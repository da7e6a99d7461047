package proxy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
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
	answer, err := client().Do(r)
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

// A proxy that stops, moves or goes ends its connections in good order on both sides.
func TestAStoppedProxyEndsInGoodOrder(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string][3]string{
		"disabled": {"PATCH", "/proxies/x", `{"enabled":false}`},
		"deleted":  {"DELETE", "/proxies/x", ""},
		"moved":    {"PATCH", "/proxies/x", `{"upstream":"127.0.0.1:1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			beside(t, func(t *testing.T, api string) {
				for range 20 {
					ended := make(chan error, 1)
					address := routeAt(t, api, one(t, func(c *net.TCPConn) {
						io.ReadFull(c, make([]byte, 5))
						io.WriteString(c, "hello")
						_, err := c.Read(make([]byte, 1))
						c.Close()
						ended <- err
					}))
					c := dial(t, address)
					io.WriteString(c, "hello")
					if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
						t.Fatal(err)
					}
					ask(t, stop[0], api+stop[1], stop[2])
					if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
						t.Fatalf("the client reads %v, want the end", err)
					}
					if err := <-ended; !errors.Is(err, io.EOF) {
						t.Fatalf("the upstream reads %v, want the end", err)
					}
					ask(t, "DELETE", api+"/proxies/x", "")
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
		{"/populate", `[{"name":"y","listen":"` + taken.Addr().String() + `","upstream":"127.0.0.1:1"}]`},
		{"/populate", `[{"name":"y","listen":"bad","upstream":"127.0.0.1:1"}]`},
		{"/proxies", `{"name":"x","listen":"bad","upstream":"127.0.0.1:1"}`},
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
		ours := strings.Replace(answers["ours"][i], `"proxy y: `, `"`, 1) // ours says which one
		theirs := strings.Replace(answers["stock"][i], `"proxies":null`, `"proxies":[]`, 1)
		if ours != theirs {
			t.Errorf("POST %s %s: %s, and stock: %s", c[0], c[1], ours, theirs)
		}
	}
}

// What scripts see of an answer is Toxiproxy's: status, type, the names in the body and the
// identifier. The differences are meant, and stand in the table of the room's README.
func TestAnswersBeside(t *testing.T) {
	t.Parallel()
	stockServer, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stockServer.Close() })
	servers := []string{stockServer.URL(), serve(t, proxy.Options{}).URL()}
	seen := func(api, method, path, body string, browser bool) string {
		r, err := http.NewRequestWithContext(t.Context(), method, api+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if browser {
			r.Header.Set("User-Agent", "Mozilla/5.0 (X11)")
		}
		a, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatal(err)
		}
		kind := a.Header.Get("Content-Type")
		var parsed any
		if json.Unmarshal(text, &parsed) == nil {
			text = []byte(shapeOf(parsed))
			if a.StatusCode >= 400 && strings.HasPrefix(kind, "text/plain") {
				kind = "application/json" // said to be text, and is JSON
			}
		}
		if a.StatusCode == http.StatusMethodNotAllowed {
			kind, text = "", nil
		}
		return fmt.Sprintf("%d %q %s %t", a.StatusCode, kind, text, a.Header.Get("X-Toxiproxy-Request-Id") != "" || a.StatusCode == 404 || a.StatusCode == 405)
	}
	const toxics = "/proxies/x/toxics"
	for _, c := range []struct {
		method, path, body string
		browser            bool
	}{
		{"GET", "/version", "", false}, {"GET", "/version?x=1", "", false}, {"PUT", "/version", "", false}, {"OPTIONS", "/version", "", false}, {"GET", "/version", "", true},
		{"GET", "/proxies", "", false}, {"POST", "/proxies", `{"name":"x","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`, false}, {"POST", "/proxies", `{"name":"x","upstream":"127.0.0.1:1"}`, false},
		{"GET", "/proxies", "", false}, {"POST", "/proxies", "{", false}, {"POST", "/proxies", "", false}, {"POST", "/proxies", "null", false}, {"POST", "/proxies", "[]", false}, {"POST", "/proxies", `{"name":7}`, false},
		{"DELETE", "/proxies", "", false}, {"OPTIONS", "/proxies", "", false}, {"POST", "/proxies", "{}", true},
		{"GET", "/proxies/x", "", false}, {"GET", "/proxies/none", "", false}, {"POST", "/proxies/x", `{"enabled":false}`, false}, {"PATCH", "/proxies/x", `{"enabled":true}`, false},
		{"POST", "/proxies/x", "", false}, {"PATCH", "/proxies/x", `{"listen":7}`, false}, {"POST", "/proxies/none", "{}", false}, {"PUT", "/proxies/x", "{}", false},
		{"GET", toxics, "", false}, {"POST", toxics, `{"type":"latency","attributes":{"latency":1}}`, false}, {"POST", toxics, `{"type":"latency"}`, false}, {"POST", toxics, `{"type":"none"}`, false},
		{"POST", toxics, `{"type":"latency","stream":"no"}`, false}, {"POST", toxics, "{", false}, {"POST", "/proxies/none/toxics", "{}", false}, {"POST", toxics, `{"type":"timeout","attributes":{"timeout":"x"}}`, false},
		{"GET", toxics, "", false}, {"GET", toxics + "/latency_downstream", "", false}, {"GET", toxics + "/no", "", false}, {"POST", toxics + "/latency_downstream", `{"attributes":{"latency":5}}`, false},
		{"PATCH", toxics + "/latency_downstream", `{"toxicity":0.5}`, false}, {"PATCH", toxics + "/no", "{}", false}, {"PATCH", toxics + "/latency_downstream", "", false}, {"PUT", toxics + "/latency_downstream", "", false},
		{"GET", "/proxies/x", "", false}, {"DELETE", toxics + "/no", "", false}, {"DELETE", toxics + "/latency_downstream", "", false},
		{"POST", "/reset", "", false}, {"GET", "/reset", "", false}, {"POST", "/reset", "", true},
		{"POST", "/populate", "{", false}, {"POST", "/populate", `[{"name":"a"}]`, false}, {"GET", "/populate", "", false}, {"POST", "/populate", `[{"name":"x","listen":"127.0.0.1:0","upstream":"127.0.0.1:2"}]`, false},
		{"GET", "/", "", false}, {"GET", "/nothing", "", false}, {"GET", "/version/", "", false}, {"GET", "/Proxies", "", false}, {"GET", "/metrics", "", false},
		{"DELETE", "/proxies/none", "", false}, {"DELETE", "/proxies/x", "", false}, {"DELETE", "/proxies/x", "", false},
	} {
		theirs, ours := seen(servers[0], c.method, c.path, c.body, c.browser), seen(servers[1], c.method, c.path, c.body, c.browser)
		if ours != theirs {
			t.Errorf("%s %s %s, by a browser: %t\n%s, and stock:\n%s", c.method, c.path, c.body, c.browser, ours, theirs)
		}
	}
}

// shapeOf returns a JSON value with the names in it and the kinds of its values, but
// without what only one of the servers shows.
func shapeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "[]" // an empty list of Toxiproxy's
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = shapeOf(one)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if name != "blastgauge" && name != "Logger" {
				parts = append(parts, name+":"+shapeOf(v[name]))
			}
		}
		return "{" + strings.Join(parts, " ") + "}"
	}
	return fmt.Sprintf("%T", v)
}
