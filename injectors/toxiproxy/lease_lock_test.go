package toxiproxy_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

func refusing(context.Context, string, string) (net.Conn, error) { return nil, syscall.ECONNREFUSED }

func messageKinds() []string {
	var list []string
	for _, k := range injectors.Catalogue() {
		if k.Level == injectors.Message {
			list = append(list, k.Name)
		}
	}
	return list
}

func TestOneRunAtATimeOnAStockServer(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	before := everything(t, url)
	first := toxiproxy.New(toxiproxy.Options{URL: url})
	second := toxiproxy.New(toxiproxy.Options{URL: url})
	release, err := first.Acquire(t.Context(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Acquire(t.Context(), "run-2"); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), "run run-1 is using this server") {
		t.Errorf("Hold() of a second run = %v, want it refused, naming the first", err)
	}
	if err := release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := everything(t, url); after != before {
		t.Errorf("a released lock left\n%s", after)
	}
	if err := release(t.Context()); err != nil {
		t.Errorf("released twice: %v", err)
	}
	again, err := second.Acquire(t.Context(), "run-2")
	if err != nil {
		t.Fatalf("Hold() after the release = %v", err)
	}
	if err := release(t.Context()); err != nil {
		t.Errorf("released once more: %v", err)
	}
	if _, err := first.Acquire(t.Context(), "run-1"); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("a late release took the lock from another run: Acquire() = %v", err)
	}
	if err := again(t.Context()); err != nil {
		t.Error(err)
	}
}

const lapsed = `{"name": "blastgauge-lock", "listen": "127.0.0.1:0", "enabled": false, "upstream": "run-0.until-20260101t000000z.blastgauge.invalid:1"}`

// Many runs find a lock that has lapsed: one gets it. They must meet in another
// process: a stock server races when several clients change one proxy.
func lapsedLock(t *testing.T, url string, _ *os.Process) {
	send(t, "POST", url+"/proxies", lapsed)
	const runs = 8
	var starting sync.WaitGroup
	releases := make([]func(context.Context) error, runs)
	errs := make([]error, runs)
	for i := range runs {
		starting.Go(func() {
			d := toxiproxy.New(toxiproxy.Options{URL: url})
			releases[i], errs[i] = d.Acquire(t.Context(), "run-"+string(rune('a'+i)))
		})
	}
	starting.Wait()
	held := 0
	for i := range runs {
		switch {
		case errs[i] == nil:
			held++
			defer func() {
				if err := releases[i](context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			}()
		case !errors.Is(errs[i], experiments.ErrRefused):
			t.Error(errs[i])
		}
	}
	if held != 1 {
		t.Errorf("%d runs have the server, want 1", held)
	}
}

func TestALockThatSomebodyEnabledOrMade(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	send(t, "POST", url+"/proxies", lapsed)
	send(t, "POST", url+"/reset", "")
	release, err := d.Acquire(t.Context(), "run-1")
	if err != nil {
		t.Fatalf("Hold() over a lapsed lock that /reset enabled = %v", err)
	}
	if strings.Contains(everything(t, url), `"enabled":true`) {
		t.Error("the lock listens")
	}
	if err := release(t.Context()); err != nil {
		t.Fatal(err)
	}
	send(t, "POST", url+"/proxies", `{"name": "blastgauge-lock", "listen": "127.0.0.1:0", "enabled": false, "upstream": "127.0.0.1:1"}`)
	before := everything(t, url)
	if _, err := d.Acquire(t.Context(), "run-1"); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), "not a lock of blastgauge's") {
		t.Errorf("Acquire() over another client's proxy = %v", err)
	}
	if after := everything(t, url); after != before {
		t.Errorf("another client's proxy was changed to %s", after)
	}
}

// Release ends the renewing also when the server is gone, and says so.
func TestReleaseWithoutAServer(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	var gone bool
	var mu sync.Mutex
	d := toxiproxy.New(toxiproxy.Options{URL: url, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if gone {
			return refusing(ctx, network, address)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	release, err := d.Acquire(t.Context(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	gone = true
	mu.Unlock()
	began := time.Now()
	if err := release(t.Context()); err == nil {
		t.Error("release without a server = nil")
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("release took %v", took)
	}
}

// A run that takes over a lapsed lock waits before it believes its own claim:
// another that read the lock at the same moment may write after it.
func TestATakeOverThatComesSecondIsSeen(t *testing.T) {
	t.Parallel()
	const other = "run-2.until-20991231t000000z.blastgauge.invalid:1"
	var mu sync.Mutex
	upstream, written := "run-0.until-20260101t000000z.blastgauge.invalid:1", time.Time{}
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case r.URL.Path == "/version":
			page(200, `{"version": "2.12.0"}`)(w, r)
		case r.Method == "POST" && r.URL.Path == "/proxies":
			page(409, `{"error": "proxy already exists", "status": 409}`)(w, r)
		case r.Method == "POST":
			var change struct{ Upstream string }
			if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
				t.Error(err)
			}
			upstream, written = change.Upstream, time.Now()
			page(200, "{}")(w, r)
		default:
			if !written.IsZero() && time.Since(written) > 100*time.Millisecond {
				upstream = other
			}
			page(200, `{"name": "blastgauge-lock", "enabled": false, "toxics": [], "upstream": "`+upstream+`"}`)(w, r)
		}
	})
	if _, err := d.Acquire(t.Context(), "run-1"); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), "run run-2 is using this server") {
		t.Errorf("Hold() = %v, want it refused, naming the run that wrote last", err)
	}
}
