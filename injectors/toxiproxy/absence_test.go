package toxiproxy_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// downOn is a down on a proxy.
func downOn(proxy, n string) plan.Fault {
	f := latencyOn(proxy, n)
	f.Inject, f.Attributes = "down", nil
	return f
}

const (
	stockVersion  = `{"version": "2.12.0"}`
	proxyMissing  = `{"error": "proxy not found", "status": 404}`
	toxicMissing  = `{"error": "toxic not found", "status": 404}`
	paymentsAlone = `{"payments": {"name": "payments", "enabled": true, "toxics": []}}`
)

// A server that no longer finds the proxy of a fault, and what its list says then.
func without(list http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/version":
			page(200, stockVersion)(w, r)
		case "/proxies":
			list(w, r)
		default:
			page(404, proxyMissing)(w, r)
		}
	}
}

// proofs are the calls that succeed when a fault is absent.
func proofs(d *toxiproxy.Driver) map[string]func(context.Context) error {
	latency, down := latencyOn("payments", "1"), downOn("payments", "2")
	return map[string]func(context.Context) error{
		"Revert":      func(ctx context.Context) error { return d.Revert(ctx, latency) },
		"Revert down": func(ctx context.Context) error { return d.Revert(ctx, down) },
		"Absent":      func(ctx context.Context) error { return d.Absent(ctx, latency) },
		"Absent down": func(ctx context.Context) error { return d.Absent(ctx, down) },
		"Leftovers":   func(ctx context.Context) error { _, err := d.Leftovers(ctx); return err },
	}
}

// That a proxy is not found is proof only with the list of a Toxiproxy that has none of
// the fault's name. Nothing else that answers in its place proves anything.
func TestNotFoundProvesNothingByItself(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]http.HandlerFunc{
		"nothing":            page(200, ""),
		"null":               page(200, "null"),
		"a list":             page(200, "[]"),
		"a page":             page(200, "<title>Welcome</title>"),
		"something in JSON":  page(200, `{"status": "ok"}`),
		"an object":          page(200, `{"proxies": {}}`),
		"a proxy of nothing": page(200, `{"payments": null}`),
		"without toxics":     page(200, `{"payments": {"name": "payments", "enabled": true}}`),
		"null for toxics":    page(200, `{"payments": {"name": "payments", "enabled": true, "toxics": null}}`),
		"without enabled":    page(200, `{"payments": {"name": "payments", "toxics": []}}`),
		"another name":       page(200, `{"payments": {"name": "carts", "enabled": true, "toxics": []}}`),
		"its own words":      page(404, proxyMissing),
		"a gateway":          page(502, "bad gateway"),
	} {
		d, _ := served(t, toxiproxy.Options{}, without(list))
		d.MarkKnown(planOf(latencyOn("payments", "1")))
		for call, do := range proofs(d) {
			if err := do(t.Context()); err == nil {
				t.Errorf("the list is %s: %s() = nil", name, call)
			}
		}
	}
	for name, list := range map[string]string{"empty": "{}", "of others": strings.ReplaceAll(paymentsAlone, "payments", "carts")} {
		d, _ := served(t, toxiproxy.Options{}, without(page(200, list)))
		for call, do := range proofs(d) {
			if err := do(t.Context()); err != nil {
				t.Errorf("the list of a Toxiproxy, %s: %s() = %v", name, call, err)
			}
		}
	}
}

// Many APIs say in JSON that something is not found. It proves nothing unless the words
// are Toxiproxy's and it is a Toxiproxy that answers now.
func TestNotFoundInOtherWords(t *testing.T) {
	t.Parallel()
	for _, words := range []string{
		`{"error": "not found"}`, `{"error": "not found", "status": 404}`, `{"error": "Not Found", "path": "/proxies"}`,
		`{"error": "route proxy not found here"}`, `{"title": "service not found"}`, `{"error": "user not found", "status": 404}`,
	} {
		d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/version":
				page(200, stockVersion)(w, r)
			case "/proxies":
				page(200, "{}")(w, r)
			default:
				page(404, words)(w, r)
			}
		})
		calls := proofs(d)
		delete(calls, "Leftovers") // these ask for the list alone
		delete(calls, "Absent")
		calls["Check"] = func(ctx context.Context) error { _, err := d.Check(ctx, latencyOn("payments", "1")); return err }
		calls["Delete"] = func(ctx context.Context) error { return d.Delete(ctx, "payments") }
		calls["Release"] = func(ctx context.Context) error { return d.Release(ctx, "run-1") }
		calls["Owner"] = func(ctx context.Context) error { _, err := d.Owner(ctx); return err }
		calls["Recreate"] = func(ctx context.Context) error { return d.Recreate(ctx, "payments", "127.0.0.1:0", "127.0.0.1:1") }
		for call, do := range calls {
			if err := do(t.Context()); err == nil {
				t.Errorf("%s: %s() = nil", words, call)
			}
		}
	}
}

// Something else may take a server's port. What is not a Toxiproxy any more has no list.
func TestWhatTookTheServersPlaceProvesNothing(t *testing.T) {
	t.Parallel()
	replaced := false
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version" && !replaced:
			page(200, stockVersion)(w, r)
		case r.URL.Path == "/version":
			page(200, "{}")(w, r)
		case r.URL.Path == "/proxies":
			page(200, "{}")(w, r)
		default:
			page(404, proxyMissing)(w, r)
		}
	})
	if _, err := d.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	replaced = true
	for call, do := range proofs(d) {
		if err := do(t.Context()); err == nil {
			t.Errorf("%s() = nil", call)
		}
	}
}

// A deletion is answered with 204. An answer in another form does not count, whatever
// is read back.
func TestDeletionsAreAnsweredByAToxiproxy(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			page(200, stockVersion)(w, r)
		case r.Method == http.MethodDelete:
			page(200, "OK")(w, r)
		default:
			page(200, `{"name": "payments", "enabled": true, "toxics": []}`)(w, r)
		}
	})
	if err := d.Revert(t.Context(), latencyOn("payments", "1")); err == nil {
		t.Error("Revert() = nil")
	}
	if err := d.Delete(t.Context(), "payments"); err == nil {
		t.Error("Delete() = nil")
	}
}

// A plan may name another proxy than the one that has the toxic. It is removed where
// it is, and a person is told where that is.
func TestAToxicIsRemovedWhereItIs(t *testing.T) {
	t.Parallel()
	stuck := true
	url := stockServer(t)
	admin := toxiproxy.New(toxiproxy.Options{URL: url})
	for _, name := range []string{"payments", "carts"} {
		if err := admin.Create(t.Context(), name, "127.0.0.1:0", "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
	}
	f := latencyOn("payments", "1")
	if err := admin.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		if stuck && r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/proxies/payments/") {
			page(503, "Timeout")(w, r)
			return
		}
		forward(t, url, w, r)
	})
	for _, proxy := range []string{"carts", "nobody", "", ".."} {
		lost := f
		lost.Proxy = proxy
		if err := d.Revert(t.Context(), lost); err == nil {
			t.Errorf("Revert() with proxy %q = nil, and the toxic cannot be deleted", proxy)
		}
		if proxy == ".." {
			break // which no server has
		}
		if line := d.ManualRemoval(t.Context(), lost); !strings.Contains(line, "/proxies/payments/toxics/"+f.Name) {
			t.Errorf("by hand: %s", line)
		}
	}
	stuck = false
	lost := f
	lost.Proxy = "carts"
	if err := d.Absent(t.Context(), lost); err == nil || !strings.Contains(err.Error(), "payments") {
		t.Errorf("Absent() = %v, want the proxy that has it", err)
	}
	if err := d.Revert(t.Context(), lost); err != nil {
		t.Error(err)
	}
	if left, err := admin.Leftovers(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
}

// forward passes a call on to a server.
func forward(t *testing.T, url string, w http.ResponseWriter, r *http.Request) {
	req, err := http.NewRequestWithContext(r.Context(), r.Method, url+r.URL.EscapedPath(), r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	if _, err := io.Copy(w, resp.Body); err != nil {
		t.Error(err)
	}
}

// A disabled proxy does not say who disabled it. So a down on a stock server is proven
// over only where its proxy is known, or where no proxy is disabled.
func TestADownIsProvenByItsProxyAlone(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	driver := func() *toxiproxy.Driver { return toxiproxy.New(toxiproxy.Options{URL: url}) }
	for _, name := range []string{"payments", "carts", "orders"} {
		if err := driver().Create(t.Context(), name, "127.0.0.1:0", "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
	}
	down, wrong, enabled := downOn("payments", "1"), downOn("paymentz", "1"), downOn("carts", "1")
	run := driver()
	if err := run.Preflight(t.Context(), planOf(down)); err != nil {
		t.Fatal(err)
	}
	if err := driver().Inject(t.Context(), down); err != nil {
		t.Fatal(err)
	}
	release, err := driver().Acquire(t.Context(), "run-1") // whose lock is a disabled proxy
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []plan.Fault{wrong, enabled} {
		d := driver()
		for what, err := range map[string]error{"Revert": d.Revert(t.Context(), f), "Absent": d.Absent(t.Context(), f)} {
			if !errors.Is(err, toxiproxy.ErrUnproven) || !strings.Contains(err.Error(), "payments") {
				t.Errorf("%s() with proxy %s = %v, want the proxy that is disabled", what, f.Proxy, err)
			}
		}
		if line := d.ManualRemoval(t.Context(), f); !strings.Contains(line, "/proxies/payments ") || strings.Contains(line, toxiproxy.LockProxy) {
			t.Errorf("by hand: %s", line)
		}
		d.MarkKnown(planOf(f))
		if err := errors.Join(d.Revert(t.Context(), f), d.Absent(t.Context(), f)); err != nil {
			t.Errorf("a down on proxy %s that is known to be the one: %v", f.Proxy, err)
		}
	}
	if err := driver().Absent(t.Context(), down); err == nil {
		t.Error("Absent() under the fault = nil")
	}
	if err := driver().Revert(t.Context(), down); err != nil {
		t.Errorf("Revert() = %v", err)
	}
	if err := driver().Revert(t.Context(), wrong); err != nil {
		t.Errorf("Revert() where no proxy is disabled = %v", err)
	}
	// Its proxy is gone, and a person has disabled another one.
	send(t, "POST", url+"/proxies/orders", `{"enabled": false}`)
	if err := driver().Delete(t.Context(), "payments"); err != nil {
		t.Fatal(err)
	}
	if err := driver().Revert(t.Context(), down); !errors.Is(err, toxiproxy.ErrUnproven) {
		t.Errorf("Revert() without its proxy = %v", err)
	}
	if err := run.Revert(t.Context(), down); err != nil {
		t.Errorf("Revert() of the driver that saw its proxy = %v", err)
	}
	if err := release(t.Context()); err != nil {
		t.Error(err)
	}
}

// On a stock server one proxy that hangs makes the list hang. What the fault's own proxy
// says is enough then, where that proxy is known to be the one.
func TestAListThatHangsHoldsUpNoOtherProxy(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{Timeout: time.Second}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			page(200, stockVersion)(w, r)
		case r.URL.Path == "/proxies":
			<-r.Context().Done()
		case r.Method == http.MethodDelete:
			page(404, toxicMissing)(w, r)
		default:
			page(200, `{"name": "payments", "enabled": true, "toxics": []}`)(w, r)
		}
	})
	f := latencyOn("payments", "1")
	if err := d.Revert(t.Context(), f); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Revert() = %v", err)
	}
	d.MarkKnown(planOf(f))
	if err := d.Revert(t.Context(), f); err != nil {
		t.Errorf("Revert() with its proxy known = %v", err)
	}
	if err := d.Revert(t.Context(), downOn("payments", "2")); err != nil {
		t.Errorf("Revert() of a down with its proxy known = %v", err)
	}
}

// On our own server a down is a toxic with a name: it is found under any proxy.
func TestADownOfOursIsFoundByItsName(t *testing.T) {
	t.Parallel()
	s, err := proxy.Start(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	d := toxiproxy.New(toxiproxy.Options{URL: s.URL()})
	if err := d.Create(t.Context(), "payments", "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	if err := d.Inject(t.Context(), downOn("payments", "1")); err != nil {
		t.Fatal(err)
	}
	if err := d.Absent(t.Context(), downOn("nobody", "1")); err == nil {
		t.Error("Absent() under the fault = nil")
	}
	if err := d.Revert(t.Context(), downOn("nobody", "1")); err != nil {
		t.Error(err)
	}
	if left, err := d.Leftovers(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
}
