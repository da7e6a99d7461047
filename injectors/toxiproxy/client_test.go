package toxiproxy_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// served is a driver on a server that answers as h does, and its URL.
func served(t *testing.T, o toxiproxy.Options, h http.HandlerFunc) (*toxiproxy.Driver, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o.URL = server.URL
	return toxiproxy.New(o), server.URL
}

// silent is the URL of a server that accepts and never answers.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String()
}

// calls are all things that a driver can be asked to do.
func calls(d *toxiproxy.Driver) map[string]func(context.Context) error {
	f := latencyOn("payments", "1")
	down := f
	down.Inject, down.Attributes = "down", nil
	return map[string]func(context.Context) error{
		"Identify":      func(ctx context.Context) error { _, err := d.Identify(ctx); return err },
		"Inject":        func(ctx context.Context) error { return d.Inject(ctx, f) },
		"Inject down":   func(ctx context.Context) error { return d.Inject(ctx, down) },
		"Check":         func(ctx context.Context) error { _, err := d.Check(ctx, f); return err },
		"Revert":        func(ctx context.Context) error { return d.Revert(ctx, f) },
		"Revert down":   func(ctx context.Context) error { return d.Revert(ctx, down) },
		"Preflight":     func(ctx context.Context) error { return d.Preflight(ctx, planOf(f)) },
		"Fill":          func(ctx context.Context) error { _, err := d.Fill(ctx, planOf(f)); return err },
		"CreateMissing": func(ctx context.Context) error { return d.CreateMissing(ctx, planOf(f)) },
		"Carried":       func(ctx context.Context) error { _, _, err := d.Carried(ctx); return err },
		"Leftovers":     func(ctx context.Context) error { _, err := d.Leftovers(ctx); return err },
		"Acquire":       func(ctx context.Context) error { _, err := d.Acquire(ctx, "20261124t000000z-driver"); return err },
		"Create":        func(ctx context.Context) error { return d.Create(ctx, "payments", "127.0.0.1:0", "127.0.0.1:1") },
		"Delete":        func(ctx context.Context) error { return d.Delete(ctx, "payments") },
	}
}

func TestAServerThatNeverAnswersIsLeftInTime(t *testing.T) {
	t.Parallel()
	url := silent(t)
	for name := range calls(nil) {
		t.Run("time-out/"+name, func(t *testing.T) {
			t.Parallel()
			// A driver of its own: one that is shared makes calls wait for each other.
			err := calls(toxiproxy.New(toxiproxy.Options{URL: url, Timeout: 50 * time.Millisecond}))[name](t.Context())
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "toxiproxy at "+url) || !strings.Contains(err.Error(), "no answer within 50ms") {
				t.Errorf("%s() = %v, want no answer within 50ms", name, err)
			}
		})
	}
	for name, call := range calls(toxiproxy.New(toxiproxy.Options{URL: url})) {
		t.Run("context/"+name, func(t *testing.T) {
			t.Parallel()
			reason := errors.New("told to stop")
			ctx, cancel := context.WithCancelCause(t.Context())
			defer time.AfterFunc(20*time.Millisecond, func() { cancel(reason) }).Stop()
			began := time.Now()
			err := call(ctx)
			if !errors.Is(err, reason) || time.Since(began) > time.Minute {
				t.Errorf("%s() = %v after %v, want it to end with its context", name, err, time.Since(began))
			}
		})
	}
}

// Whatever a server that is no Toxiproxy answers, no call succeeds, and every
// error says where it comes from in one printable line.
func TestAnswersThatProveNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"503 in HTML":               {page(503, "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>"), "503 Service Unavailable: Timeout (the server, or a gateway"},
		"502 of a gateway":          {page(502, "<html>\n<body>\n<h1>Bad\x1b[31m Gateway</h1></body></html>"), "502 Bad Gateway: Bad?[31m Gateway"},
		"404 of a stranger":         {page(404, "404 page not found\n"), "404 Not Found: 404 page not found"},
		"404 in JSON of a stranger": {page(404, `{"message": "not found"}`), "404 Not Found"},
		"401":                       {page(401, `{"error": "unauthorized", "status": 401}`), "401 Unauthorized: unauthorized (the server wants a bearer token)"},
		"500":                       {page(500, `{"error": "listen tcp 127.0.0.1:1: bind: address already in use", "status": 500}`), "address already in use"},
		"a page":                    {page(200, "<title>Welcome</title>"), "Welcome"},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		}, "302 Found"},
		"cut in the middle": {cutOff, "unexpected EOF"},
		"no end":            {endless, "longer than 16 MB"},
		"a dead connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			d, url := served(t, toxiproxy.Options{Timeout: time.Minute}, tt.answer) // "no end" is 16 MB, which takes a busy machine a while
			for call, do := range calls(d) {
				err := do(t.Context())
				switch {
				case err == nil:
					t.Errorf("%s() = nil", call)
				case !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "toxiproxy at "+url):
					t.Errorf("%s() = %v, want %q and the server", call, err, tt.want)
				case strings.ContainsAny(err.Error(), "\n\x1b"):
					t.Errorf("%s() = %q, want one printable line", call, err)
				}
			}
		})
	}
}

func page(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	io.WriteString(w, `{"version": `)
}

func endless(w http.ResponseWriter, _ *http.Request) {
	for {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			return
		}
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]journal.Toxiproxy{
		`{"version": "2.12.0"}`: {Kind: "stock", Version: "2.12.0"},
		"2.1.4":                 {Kind: "stock", Version: "2.1.4"},
		"git-f48fd7f\n":         {Kind: "stock", Version: "git-f48fd7f"},
		`{"version": "2.12.0", "blastgauge": "0.3.0"}`:              {Kind: "blastgauge", Version: "0.3.0"},
		`{"version": "2.12.0", "blastgauge": {"version": "0.3.0"}}`: {Kind: "blastgauge", Version: "0.3.0"},
		`{"version": "2.12.0", "blastgauge": true}`:                 {Kind: "blastgauge", Version: "2.12.0"},
		`{"version": "2.12.0", "blastgauge": null}`:                 {Kind: "stock", Version: "2.12.0"},
		`{}`:                         {},
		`[]`:                         {},
		``:                           {},
		`{"status": "ok"}`:           {},
		`<html>2.12.0</html>`:        {},
		`It works! Version 2 is new`: {},
	} {
		d, _ := served(t, toxiproxy.Options{}, page(200, body))
		got, err := d.Identify(t.Context())
		if got != want || (err == nil) != (want.Kind != "") {
			t.Errorf("Identify() of %q = %+v, %v, want %+v", body, got, err, want)
		}
	}
}

func TestCallsAreMadeAsTheServerExpects(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{Token: "s3cret"}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer s3cret":
			page(401, "no token")(w, r)
		case strings.HasPrefix(r.UserAgent(), "Mozilla"):
			page(403, "browsers are refused")(w, r)
		default:
			page(200, `{"version": "2.12.0"}`)(w, r)
		}
	})
	if _, err := d.Identify(t.Context()); err != nil {
		t.Error(err)
	}
	if line := d.ManualRemoval(t.Context(), latencyOn("payments", "1")); strings.Contains(line, "s3cret") || !strings.Contains(line, "$TOKEN") {
		t.Errorf("ByHand() = %s, want a place for the token and not the token", line)
	}
}

func TestCredentialsInTheURLAreNotShown(t *testing.T) {
	t.Parallel()
	d := toxiproxy.New(toxiproxy.Options{URL: strings.Replace(silent(t), "http://", "http://u:s3cret@", 1), Timeout: 10 * time.Millisecond})
	for name, call := range calls(d) {
		if err := call(t.Context()); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s() = %v", name, err)
		}
	}
}

func TestURLsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "embedded", "127.0.0.1:8474", "ftp://127.0.0.1", "http://", "http://%zz", "redis://localhost"} {
		_, err := toxiproxy.New(toxiproxy.Options{URL: url}).Identify(t.Context())
		if err == nil || !strings.Contains(err.Error(), "not a URL such as http://127.0.0.1:8474") {
			t.Errorf("Identify() at %q = %v", url, err)
		}
	}
}

func TestNoPieceOfAPasswordIsAHost(t *testing.T) {
	t.Parallel()
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("%s was dialled", address)
		return nil, errors.New("no")
	}
	for _, url := range []string{"http://u:1234/x@h", "http://u:1234?x@h", "http://u:1234#x@h", "http://u:hidden/x@h", "http://u:x hidden@h", "u:hidden@h", "http://h@x:1234/y@h",
		"http://u:1234?x%40h", "host=h password=1234,hidden", "host=h password=hid)hidden", "Server=h;Pwd={hid;hidden}"} {
		_, err := toxiproxy.New(toxiproxy.Options{URL: url, Dial: dial}).Identify(t.Context())
		if err == nil || strings.Contains(err.Error(), "1234") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("Identify() at %q = %v", url, err)
		}
	}
}

// A secret among parameters is told as what it is, and no word of characters before a host.
func TestATokenInTheURLIsNotSent(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"http://127.0.0.1:8474/?token=hidden", "http://127.0.0.1:8474?a=b&password=hid,hidden", "http://127.0.0.1:8474/#token=hidden"} {
		_, err := toxiproxy.New(toxiproxy.Options{URL: url}).Identify(t.Context())
		if err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "--token-file") || strings.Contains(err.Error(), "escaped") {
			t.Errorf("Identify() at %q = %v", url, err)
		}
	}
}

func TestTheDialDecidesWhoIsReached(t *testing.T) {
	t.Parallel()
	var dialled []string
	dial := func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return nil, fmt.Errorf("%w: host prod.example is not allowed", experiments.ErrRefused)
	}
	d := toxiproxy.New(toxiproxy.Options{URL: "http://prod.example:8474", Dial: dial})
	err := d.Revert(t.Context(), latencyOn("payments", "1"))
	if !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("Revert() = %v, want the dial's refusal", err)
	}
	if len(dialled) != 1 || dialled[0] != "prod.example:8474" {
		t.Errorf("dialled %v", dialled)
	}
}

func TestNobodyElsesNamesAreRemoved(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{}, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was sent", r.Method, r.URL) })
	for _, name := range []string{"", "latency_downstream", "blastgauge", "blastgauge..1", "blastgauge.r1.x", "blastgauge.r1.", "xblastgauge.r1.1", "blastgauge.r1.1/../../x"} {
		f := latencyOn("payments", "1")
		f.Name = name
		if err := d.Revert(t.Context(), f); !errors.Is(err, experiments.ErrRefused) {
			t.Errorf("Revert() of %q = %v, want it refused", name, err)
		}
	}
}

// What would kill or wedge a stock server never leaves the driver.
func TestWrongFaultsAreNotSent(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*plan.Fault){
		"unknown kind":     func(f *plan.Fault) { f.Inject = "http_error" },
		"no share":         func(f *plan.Fault) { f.Share = 0 },
		"share beyond all": func(f *plan.Fault) { f.Share = 7 },
		"down by half":     func(f *plan.Fault) { f.Inject, f.Attributes, f.Share = "down", nil, 0.5 },
		"no latency":       func(f *plan.Fault) { f.Attributes = nil },
		"bare slicer":      func(f *plan.Fault) { f.Inject, f.Attributes = "slicer", nil },
		"slicer too wide": func(f *plan.Fault) {
			f.Inject, f.Attributes = "slicer", injectors.Attributes{"average_size": 64.0, "size_variation": 64.0}
		},
		"negative rate": func(f *plan.Fault) { f.Inject, f.Attributes = "bandwidth", injectors.Attributes{"rate": -1.0} },
		"huge jitter":   func(f *plan.Fault) { f.Attributes = injectors.Attributes{"latency": 1.0, "jitter": 1e18} },
	} {
		d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/version" {
				t.Errorf("%s: %s %s was sent", name, r.Method, r.URL)
			}
			page(200, `{"version": "2.12.0"}`)(w, r)
		})
		f := latencyOn("payments", "1")
		edit(&f)
		if err := d.Inject(t.Context(), f); !errors.Is(err, experiments.ErrInvalid) {
			t.Errorf("%s: Inject() = %v, want an invalid fault", name, err)
		}
		if _, err := d.Check(t.Context(), f); !errors.Is(err, experiments.ErrInvalid) {
			t.Errorf("%s: Check() = %v, want an invalid fault", name, err)
		}
	}
}

// A request that got no answer may still take effect. Revert looks again.
func TestAnInjectionThatArrivesLateIsRemoved(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var added, removed, reads int
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path == "/version":
			page(200, `{"version": "2.12.0"}`)(w, r)
		case r.Method == "POST":
			panic(http.ErrAbortHandler) // taken, and never answered
		case r.Method == "DELETE" && added == 0:
			page(404, `{"error": "toxic not found", "status": 404}`)(w, r)
		case r.Method == "DELETE":
			added, removed = 0, removed+1
			page(204, "")(w, r)
		case r.URL.Path == "/proxies":
			if page(200, `{"payments": {"name": "payments", "enabled": true, "toxics": []}}`)(w, r); added == 0 && reads == 0 { // after the first look of Revert
				added, reads = 1, 1
			}
		case added == 0:
			page(200, `{"name": "payments", "enabled": true, "toxics": []}`)(w, r)
		default:
			page(200, `{"name": "payments", "enabled": true, "toxics": [{"name": "blastgauge.20261124t000000z-driver.1"}]}`)(w, r)
		}
	})
	f := latencyOn("payments", "1")
	if err := d.Inject(t.Context(), f); err == nil {
		t.Fatal("Inject() = nil, want an error")
	}
	if err := d.Revert(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if added != 0 || removed != 1 {
		t.Errorf("the toxic that arrived late is on the server (removed %d times)", removed)
	}
}

// What a server still shows after it said that it is gone is not gone.
func TestRemovalsAreReadBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		inject, shows, want string
	}{
		"toxic":         {"latency", `{"name": "payments", "enabled": true, "toxics": [{"name": "blastgauge.20261124t000000z-driver.1"}]}`, "is still on proxy payments"},
		"disabled":      {"down", `{"name": "payments", "enabled": false, "toxics": []}`, "is still disabled"},
		"another proxy": {"latency", `{"name": "carts", "enabled": true, "toxics": []}`, `the answer is about proxy "carts"`},
		"nothing":       {"latency", `{}`, "the answer is not what a Toxiproxy answers"},
	} {
		d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/version":
				page(200, `{"version": "2.12.0"}`)(w, r)
			case r.Method == http.MethodDelete:
				page(204, "")(w, r)
			default:
				page(200, tt.shows)(w, r)
			}
		})
		f := latencyOn("payments", "1")
		f.Inject = tt.inject
		if err := d.Revert(t.Context(), f); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Revert() = %v, want %q", name, err, tt.want)
		}
	}
}

// What a server of ours saw instead of what a fault is about comes with the evidence, no
// more of it than is shown, and safe to show.
func TestEvidenceOfWhatCameInstead(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			page(200, `{"version": "2.12.0", "blastgauge": "1"}`)(w, r)
			return
		}
		page(200, `{"name": "payments", "enabled": true, "blastgauge": {"total": 9, "dial_failed": 4}, "toxics": [{"name": "f", "type": "latency", "stream": "downstream", "toxicity": 1,
			"attributes": {"latency": 1000, "jitter": 0}, "blastgauge": {"seen": 82, "missed": [{"what": "POST /charge\u001b[31m", "count": 80}, {"what": "b", "count": 1},
			{"what": "c", "count": 1}, {"what": "d"}, {"what": "e"}, {"what": "f"}]}}]}`)(w, r)
	})
	f := plan.Fault{Name: "f", Proxy: "payments", Fault: experiments.Fault{Inject: "latency", Into: "payments", Share: 1, Attributes: injectors.Attributes{"latency": 1.0}}}
	e, err := d.Check(t.Context(), f)
	if err != nil || !e.Present || e.Seen != 82 || len(e.Missed) != 5 || e.Missed[0].Count != 80 || strings.ContainsRune(e.Missed[0].What, 0x1b) {
		t.Errorf("Check() = %+v, %v", e, err)
	}
}
