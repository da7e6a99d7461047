package faulttest_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/faulttest"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

func TestUntilTheTestEnds(t *testing.T) {
	t.Parallel()
	payments := faulttest.Proxy(t, "payments", shop(t))
	c := client(t) // one connection: faults take effect on those that are open
	want := func(t *testing.T, status int) {
		t.Helper()
		if got, text := get(t, c, payments.URL+"/charges"); got != status {
			t.Errorf("%d %s, want %d", got, text, status)
		}
	}
	want(t, 200)
	t.Run("a part", func(t *testing.T) {
		payments.Inject(t, faulttest.HTTPError(503))
		want(t, 503)
	})
	want(t, 200)
	payments.During(t, faulttest.HTTPError(502), func() { want(t, 502) })
	want(t, 200)
	payments.Met(t)
	counts := payments.Counts()
	if counts.Requests != 5 || counts.Connections != 1 || counts.DialFailed != 0 {
		t.Errorf("counted %+v", counts)
	}
	for i, status := range []string{"503", "502"} {
		f := counts.Faults[i]
		if f.Met != 1 || f.Of != 1 || f.InForce || !strings.Contains(f.Fault, status) {
			t.Errorf("fault %d: %+v", i, f)
		}
	}
}

// However a function ends, its fault is gone.
func TestAFaultIsGoneHoweverItsFunctionEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(){"returns": func() {}, "panics": func() { panic("so it goes") }, "fails": runtime.Goexit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payments := faulttest.Proxy(t, "payments", shop(t))
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { _ = recover() }()
				payments.During(t, faulttest.HTTPError(503), func() {
					if status, _ := get(t, client(t), payments.URL); status != 503 {
						t.Errorf("in force: %d", status)
					}
					end()
				})
			}()
			<-done
			if status, text := get(t, client(t), payments.URL); status != 200 {
				t.Errorf("afterwards: %d %s", status, text)
			}
			if f := payments.Counts().Faults[0]; f.InForce || f.Met != 1 {
				t.Errorf("counted %+v", f)
			}
		})
	}
}

// faults has one of each kind that acts on a proxy, by the upstream that it acts on.
func faults() map[string][]faulttest.Fault {
	second := time.Second
	return map[string][]faulttest.Fault{
		"127.0.0.1:1": {
			faulttest.Latency(second, faulttest.Jitter(second/2), faulttest.Upstream()), faulttest.Bandwidth(100_000), faulttest.Timeout(0),
			faulttest.ResetPeer(0), faulttest.SlowClose(second), faulttest.Slicer(64, faulttest.With("size_variation", 32), faulttest.With("delay", 10*time.Millisecond)),
			faulttest.LimitData(10_000), faulttest.Down(faulttest.Share(0.5)),
		},
		"http://127.0.0.1:1": {
			faulttest.HTTPError(503, faulttest.After(), faulttest.Share(0.2), faulttest.With("headers", map[string]string{"Retry-After": "5"}), faulttest.With("body", "{}"),
				faulttest.Match("path", "/charges", "/refunds/**"), faulttest.Match("method", "POST"), faulttest.Match("headers.X-Tenant", "acme"), faulttest.Spare("path", "/refunds/health")),
			faulttest.HTTPLatency(second, faulttest.First(3)), faulttest.HTTPAbort(faulttest.With("when", "middle")),
			faulttest.HTTPConfig("scale", faulttest.Attributes{"path": "/price/factor", "by": 100}, faulttest.Match("path", "/settings")),
		},
		"h2c://127.0.0.1:1":      {faulttest.GRPCError("UNAVAILABLE", faulttest.Match("grpc", "/shop.Inventory/Reserve"))},
		"redis://127.0.0.1:1":    {faulttest.RedisError("READONLY", faulttest.Match("key", "cart:*")), faulttest.RedisEmpty(faulttest.With("writes", "fail")), faulttest.RedisLatency(second)},
		"postgres://127.0.0.1:1": {faulttest.PostgresError("40001", faulttest.After(), faulttest.Match("statement", "commit")), faulttest.PostgresLatency(second)},
	}
}

func TestEveryFaultOfTheCatalogueCanBeInjected(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for upstream, list := range faults() {
		d := faulttest.Proxy(t, "dependency", upstream)
		for _, f := range list {
			d.Inject(t, f)
			kind, _, _ := strings.Cut(f.String(), " ")
			seen[strings.TrimSuffix(kind, ",")] = true
		}
		for i, c := range d.Counts().Faults {
			if !c.InForce || c.Fault != list[i].String() {
				t.Errorf("%s: %+v", list[i], c)
			}
		}
	}
	for _, kind := range injectors.Catalogue() {
		if kind.OnProxy() && !seen[kind.Name] {
			t.Errorf("%s was not injected", kind.Name)
		}
	}
}

// What cannot be is told in the catalogue's words, and nothing is in force.
func TestMistakesAreTold(t *testing.T) {
	t.Parallel()
	message := func(kind string, attributes injectors.Attributes) string {
		k, _ := injectors.Lookup(kind)
		err := k.Check(attributes)
		if err == nil {
			t.Fatalf("%s %v: no mistake", kind, attributes)
		}
		return err.Error()
	}
	for _, tt := range []struct {
		fault faulttest.Fault
		says  string
	}{
		{faulttest.Latency(-time.Second), message("latency", injectors.Attributes{"latency": -1.0})},
		{faulttest.Latency(time.Microsecond), message("latency", injectors.Attributes{"latency": 1e-6})},
		{faulttest.Latency(time.Second, faulttest.Jitter(2*time.Second)), message("latency", injectors.Attributes{"latency": 1.0, "jitter": 2.0})},
		{faulttest.HTTPError(999), message("http_error", injectors.Attributes{"status": 999.0})},
		{faulttest.HTTPError(503, faulttest.Match("path", "charges")), message("http_error", injectors.Attributes{"status": 503.0, "match": map[string]any{"path": "charges"}})},
		{faulttest.New("http_error", nil), message("http_error", injectors.Attributes{})},
		{faulttest.HTTPConfig("scale", faulttest.Attributes{"by": 1}), message("http_config", injectors.Attributes{"scale": map[string]any{"by": 1.0}})},
		{faulttest.New("http_config", nil), message("http_config", injectors.Attributes{})},
		{faulttest.HTTPConfig("candidate", nil), message("http_config", injectors.Attributes{"candidate": map[string]any{}})},
		{faulttest.HTTPError(503, faulttest.With("stauts", 1)), `http_error has no attribute "stauts"; it has status, `},
		{faulttest.HTTPError(503, faulttest.Match("pth", "/")), `match has no attribute "pth"; it has method, `},
		{faulttest.HTTPConfig("scael", nil), `http_config has no attribute "scael"`},
		{faulttest.HTTPConfig("candidate", faulttest.Attributes{"file": "testdata/none.json"}), "candidate: open testdata/none.json"},
		{faulttest.New("lag", nil), `there is no fault "lag"; there are bandwidth, `},
		{faulttest.New("config_file", faulttest.Attributes{"file": "x"}), "config_file does not act on what passes a proxy"},
		{faulttest.RedisEmpty(), "redis_empty acts on requests of redis, rediss, but the upstream is http://"},
		{faulttest.Latency(time.Second, faulttest.Share(1.5)), "share must be from 0 to 1, not 1.5"},
		{faulttest.HTTPError(503, faulttest.Share(math.NaN())), "share must be from 0 to 1, not NaN"},
		{faulttest.HTTPError(503, faulttest.Upstream()), "http_error acts on requests, and Upstream is for faults on bytes"},
		{faulttest.HTTPError(503, faulttest.Match("path")), message("http_error", injectors.Attributes{"status": 503.0, "match": map[string]any{"path": []any{}}})},
		{faulttest.HTTPError(503, faulttest.Match("headers", "x"), faulttest.Match("headers.X", "y")), "match.headers must be"},
		{faulttest.HTTPError(503, faulttest.With("match", "/"), faulttest.Match("path", "/")), "match must be"},
		{faulttest.New("latency", faulttest.Attributes{"latency": 2000}), "latency must be a time.Duration, such as 2*time.Second, not 2000 (int)"},
		{faulttest.New("latency", faulttest.Attributes{"latency": "2s"}), "latency must be a time.Duration, such as 2*time.Second, not 2s (string)"},
		{faulttest.HTTPConfig("drop", faulttest.Attributes{"path": "/x"}, faulttest.With("flap", 2)), "flap must be a time.Duration"},
		{faulttest.HTTPError(503, faulttest.First(1), faulttest.With("first", time.Second)), "first is no duration, and 1s is one"},
		{faulttest.New("http_error", faulttest.Attributes{"status": 503, "share": 0.5}), "share is no attribute: use the option Share(0.2)"},
		{faulttest.New("latency", faulttest.Attributes{"latency": time.Second, "stream": "upstream"}), "use the option Upstream()"},
		{faulttest.HTTPError(503, faulttest.With("status", struct{}{})), "status must be"},
		{faulttest.HTTPError(503, faulttest.With("body", make(chan int))), "body must be"},
	} {
		upstream := shop(t)
		got := during(t, func(t testing.TB) {
			d := faulttest.Proxy(t, "payments", upstream)
			defer func() {
				if n := len(d.Counts().Faults); n != 0 {
					t.Errorf("%d faults are in force", n)
				}
				if status, _ := get(t, http.DefaultClient, d.URL); status != 200 {
					t.Errorf("the proxy answers %d", status)
				}
			}()
			d.Inject(t, tt.fault)
			t.Errorf("went on")
		})
		wantProblem(t, got, tt.says, "into payments")
		if strings.Contains(got, "\n") {
			t.Errorf("%s: told more than that: %q", tt.fault, got)
		}
	}
}

func TestUpstreamsThatCannotBe(t *testing.T) {
	t.Parallel()
	for upstream, says := range map[string]string{
		"": "upstream", "ftp://127.0.0.1:21": "its scheme is not one of", "127.0.0.1": "not host:port", "http://127.0.0.1": "not host:port",
		"http://%zz": "upstream",
	} {
		got := during(t, func(t testing.TB) { faulttest.Proxy(t, "payments", upstream) })
		if wantProblem(t, got, says); strings.Contains(got, "line 1") {
			t.Errorf("%q: told of a list that nobody wrote: %s", upstream, got)
		}
	}
	wantProblem(t, during(t, func(t testing.TB) { faulttest.Proxy(t, "", "127.0.0.1:1") }), "needs a name")
}

// Types of the caller's own are texts and numbers as well.
func TestTypesOfGo(t *testing.T) {
	t.Parallel()
	type tenant string
	type status int
	payments := faulttest.Proxy(t, "payments", shop(t))
	f := faulttest.New("http_error", faulttest.Attributes{"status": status(503), "body": []byte("sold out"), "match": map[tenant]any{"path": [2]tenant{"/charges", "/refunds"}}})
	payments.During(t, f, func() {
		for path, want := range map[string]string{"/charges": "503 sold out", "/refunds": "503 sold out", "/": "200 sold"} {
			if status, text := get(t, client(t), payments.URL+path); fmt.Sprint(status, " ", text) != want {
				t.Errorf("%s: %d %s, want %s", path, status, text, want)
			}
		}
	})
}

func TestNobodyMet(t *testing.T) {
	t.Parallel()
	url := shop(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	bytes, _ := strings.CutPrefix(url, "http://")
	for name, tt := range map[string]struct {
		upstream string
		fault    faulttest.Fault
		call     string
		says     string
	}{
		"nobody calls":      {url, faulttest.HTTPError(503), "", "no connection came"},
		"another path":      {url, faulttest.HTTPError(503, faulttest.Match("path", "/charges")), "/health", "0 of 1 requests match; what came was GET /health"},
		"no share of it":    {url, faulttest.HTTPError(503, faulttest.Share(0)), "/", "it acted on 0 of 1 requests"},
		"no connection":     {bytes, faulttest.Latency(time.Second, faulttest.Share(0)), "/", "it acted on 0 of 1 connections"},
		"an upstream gone":  {nobody, faulttest.LimitData(1), "/", "cannot be reached"},
		"a port that stays": {bytes, faulttest.Down(), "/", "refuses connections before anybody can count them"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "a port that stays" && runtime.GOOS != "linux" {
				t.Skip("here connections are accepted and reset, and counted")
			}
			wantProblem(t, during(t, func(tb testing.TB) {
				d := faulttest.Proxy(tb, "payments", tt.upstream)
				d.Inject(tb, tt.fault)
				if tt.call != "" {
					get(tb, client(t), "http://"+d.Addr+tt.call)
				}
				awaitCounted(t, d, tt.call)
				d.Met(tb)
			}), "nobody met "+tt.fault.String()+" into payments", tt.says)
		})
	}
	wantProblem(t, during(t, func(t testing.TB) { faulttest.Proxy(t, "payments", url).Met(t) }), "no fault was injected into payments")
}

// awaitCounted waits until a connection to an upstream that is gone has been counted.
func awaitCounted(t *testing.T, d *faulttest.Dependency, call string) {
	t.Helper()
	for deadline := time.Now().Add(soon); call != "" && d.Counts().Connections > 0 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		c := d.Counts()
		if c.DialFailed > 0 || c.Faults[0].Of > 0 || c.Requests > 0 {
			return
		}
	}
}

// What a proxy needs is found in any URL, and the rest of it is kept.
func TestURLs(t *testing.T) {
	t.Parallel()
	for upstream, want := range map[string]string{
		"127.0.0.1:1":                                         "ADDR 127.0.0.1:1",
		"tcp://127.0.0.1:1":                                   "tcp://ADDR tcp://127.0.0.1:1",
		"http://127.0.0.1:1/api?v=2":                          "http://ADDR/api?v=2 http://127.0.0.1:1",
		"redis://:secret@127.0.0.1:1/2":                       "redis://:secret@ADDR/2 redis://127.0.0.1:1",
		"postgres://me:secret@127.0.0.1:1/db?sslmode=disable": "postgres://me:secret@ADDR/db?sslmode=disable postgres://127.0.0.1:1?sslmode=disable",
		"postgresql://127.0.0.1:1/db?sslmode=prefer&x=1":      "postgresql://ADDR/db?sslmode=prefer&x=1 postgres://127.0.0.1:1",
	} {
		d := faulttest.Proxy(t, "dependency", upstream)
		if got := strings.ReplaceAll(d.URL+" "+d.Upstream(), d.Addr, "ADDR"); got != want {
			t.Errorf("%s: %s, want %s", upstream, got, want)
		}
	}
}

// A server with a certificate of its own: its client trusts the proxy as well.
func TestTLS(t *testing.T) {
	t.Parallel()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	payments := faulttest.Proxy(t, "payments", srv.URL, func(o *proxy.Options) {
		o.Certificate, o.UpstreamRoots = &srv.TLS.Certificates[0], x509.NewCertPool()
		o.UpstreamRoots.AddCert(srv.Certificate())
	})
	if status, text := get(t, srv.Client(), payments.URL); status != 404 {
		t.Errorf("without a fault: %d %s", status, text)
	}
	payments.Inject(t, faulttest.HTTPError(503))
	if status, text := get(t, srv.Client(), payments.URL); status != 503 {
		t.Errorf("under http_error: %d %s", status, text)
	}
	payments.Met(t)
}

// The nth request has the same fate in every test with the same seed.
func TestSharesCanBeRepeated(t *testing.T) {
	t.Parallel()
	fates := func(seed uint64) string {
		payments := faulttest.Proxy(t, "payments", shop(t), func(o *proxy.Options) { o.Seed = seed })
		payments.Inject(t, faulttest.HTTPError(503, faulttest.Share(0.5)))
		var list strings.Builder
		for range 40 {
			status, _ := get(t, client(t), payments.URL)
			fmt.Fprint(&list, status, " ")
		}
		return list.String()
	}
	first := fates(7)
	if again := fates(7); again != first {
		t.Errorf("with the same seed:\n%s\n%s", first, again)
	}
	if other := fates(8); other == first {
		t.Errorf("with another seed: %s", other)
	}
}

// A program in another language controls the proxy as it does a Toxiproxy, and Met sees
// what became of our own faults.
func TestToxiproxyAPI(t *testing.T) {
	t.Parallel()
	payments := faulttest.Proxy(t, "payments", shop(t))
	if api := payments.Toxiproxy(); api != payments.Toxiproxy() {
		t.Error("another API at each call")
	}
	body := `{"name":"theirs","type":"http_error","attributes":{"status":418}}`
	answer, err := http.Post(payments.Toxiproxy()+"/proxies/payments/toxics", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(answer.Body)
	if _ = answer.Body.Close(); answer.StatusCode != 200 {
		t.Fatalf("%s: %s", answer.Status, text)
	}
	if status, _ := get(t, client(t), payments.URL); status != 418 {
		t.Errorf("their fault: %d", status)
	}
}

// What others do by way of the control API is not taken for the test's.
func TestSomebodyElseAtTheControlAPI(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, path, body string
		inForce            bool
		says               string
	}{
		"another proxy, first of all": {"POST", "/proxies", `{"name":"a","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}`, true, ""},
		"all faults removed":          {"POST", "/reset", "", false, "somebody removed it"},
		"the proxy deleted":           {"DELETE", "/proxies/payments", "", false, "somebody removed it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := shop(t)
			got := during(t, func(tb testing.TB) {
				payments := faulttest.Proxy(tb, "payments", url)
				payments.During(tb, faulttest.HTTPError(503), func() {
					get(tb, client(t), payments.URL)
					r, err := http.NewRequestWithContext(t.Context(), tt.method, payments.Toxiproxy()+tt.path, strings.NewReader(tt.body))
					if err != nil {
						t.Error(err)
						return
					}
					answer, err := http.DefaultClient.Do(r)
					if err != nil {
						t.Error(err)
						return
					}
					answer.Body.Close()
					if f := payments.Counts().Faults[0]; f.InForce != tt.inForce || f.Met == 1 != tt.inForce {
						t.Errorf("%s: %+v", answer.Status, f)
					}
				})
				payments.Met(tb)
			})
			if tt.says == "" && got != "" || !strings.Contains(got, tt.says) || strings.Contains(got, "still in force") {
				t.Errorf("told %q, want %q", got, tt.says)
			}
		})
	}
}

// A proxy ends with the test that made it, whoever still has it.
func TestAfterTheTest(t *testing.T) {
	t.Parallel()
	var payments *faulttest.Dependency
	t.Run("that made it", func(sub *testing.T) {
		payments = faulttest.Proxy(sub, "payments", shop(t))
		payments.Inject(t, faulttest.HTTPError(503)) // it outlives the proxy, and is removed without a complaint
	})
	wantProblem(t, during(t, func(t testing.TB) { payments.Inject(t, faulttest.HTTPError(503)) }), "ended with the test that made it")
	if api := payments.Toxiproxy(); api != "" {
		t.Errorf("a control API at %s", api)
	}
}

// What a fault does to a single call is counted by the time that the caller knows of it.
func TestCountedAtOnce(t *testing.T) {
	t.Parallel()
	url := shop(t)
	for _, f := range []faulttest.Fault{
		faulttest.Latency(time.Millisecond), faulttest.Bandwidth(100_000), faulttest.Slicer(8), faulttest.LimitData(1), faulttest.ResetPeer(0), faulttest.Timeout(time.Millisecond),
		faulttest.SlowClose(time.Millisecond), faulttest.Down(faulttest.Share(0.999999)), faulttest.HTTPError(503), faulttest.HTTPError(503, faulttest.After()), faulttest.HTTPAbort(),
		faulttest.HTTPAbort(faulttest.With("when", "middle")), faulttest.HTTPLatency(time.Millisecond),
	} {
		t.Run(f.String(), func(t *testing.T) {
			t.Parallel()
			for range 20 {
				d := faulttest.Proxy(t, "payments", url)
				d.During(t, f, func() { callOnce(d.Addr) })
				d.Met(t)
			}
		})
	}
}

// callOnce asks once, over a connection that ends with the answer.
func callOnce(address string) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return // it was reset
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n")
	_, _ = io.Copy(io.Discard, c)
}

// A document that goes bad on its way, by operator and by file.
func TestBadConfig(t *testing.T) {
	t.Parallel()
	settings := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"price": {"factor": 2}}`)
	}))
	t.Cleanup(settings.Close)
	d := faulttest.Proxy(t, "settings", settings.URL)
	next := filepath.Join(t.TempDir(), "next.json")
	if err := os.WriteFile(next, []byte(`{"price": null}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]faulttest.Fault{
		`{"price": {"factor": 200}}`: faulttest.HTTPConfig("scale", faulttest.Attributes{"path": "/price/factor", "by": 100}),
		`{"price": null}`:            faulttest.HTTPConfig("candidate", faulttest.Attributes{"file": next}),
	} {
		d.During(t, f, func() {
			if _, text := get(t, client(t), d.URL); text != want {
				t.Errorf("%s: %s, want %s", f, text, want)
			}
		})
	}
	d.Met(t)
}
