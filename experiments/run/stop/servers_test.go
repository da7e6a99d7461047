package stop_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/stop"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

func stockURL(t *testing.T) string {
	t.Helper()
	s, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL()
}

func oursURL(t *testing.T) string {
	t.Helper()
	s, err := proxy.Start(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL()
}

func driver(url string) *toxiproxy.Driver { return toxiproxy.New(toxiproxy.Options{URL: url}) }

// A front is another address of a server, at which some requests fail.
func front(t *testing.T, server string, fails func(*http.Request) bool) string {
	t.Helper()
	to, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails(r) {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// asksForOwner is a request for who has the server.
func asksForOwner(r *http.Request) bool {
	return r.Method == http.MethodGet && (r.URL.Path == "/blastgauge/leases" || r.URL.Path == "/proxies/"+toxiproxy.LockProxy)
}

func wantBlockBy(t *testing.T, url, by string) {
	t.Helper()
	b, err := driver(url).Block(t.Context())
	if err != nil || b == nil && by != "" || b != nil && b.By != by {
		t.Errorf("the block is %+v, %v, want it by %q", b, err, by)
	}
}

// --all lifts its own block only: one that somebody puts there meanwhile stays.
func TestAKillSwitchThatComesMeanwhileStays(t *testing.T) {
	t.Parallel()
	for kind, url := range map[string]string{"ours": oursURL(t), "stock": stockURL(t)} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			release, err := driver(url).Acquire(t.Context(), "20261129t120000z-aaaaaa")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = release(context.WithoutCancel(t.Context())) })
			var asked atomic.Int32
			at := front(t, url, func(r *http.Request) bool {
				if asksForOwner(r) && asked.Add(1) == 2 { // the first time is before the block
					if _, err := driver(url).SetBlock(context.Background(), "bob", "incident 4711"); err != nil {
						t.Error(err)
					}
					_ = release(context.Background())
				}
				return false
			})
			if err := stop.All(t.Context(), newUser(t).options(at)); err != nil {
				t.Error(err)
			}
			wantBlockBy(t, url, "bob")
		})
	}
}

// A server that does not answer for a moment is not clear: the block stays until the run has
// seen it.
func TestAServerThatFailsForAMoment(t *testing.T) {
	t.Parallel()
	other := newUser(t)
	b := newBench(t, other, stockURL(t))
	ended := b.start(t)
	var blocked atomic.Bool
	var failed atomic.Int32
	at := front(t, b.system.Toxiproxy, func(r *http.Request) bool {
		if r.Method == http.MethodPost && r.URL.Path == "/proxies" {
			blocked.Store(true)
		}
		return blocked.Load() && asksForOwner(r) && failed.Add(1) < 3
	})
	if err := stop.All(t.Context(), newUser(t).options(at)); err != nil {
		t.Error(err)
	}
	select {
	case r := <-ended:
		if r == nil || r.Run.InterruptedBy != "ann" {
			t.Errorf("the run is %+v", r)
		}
	case <-time.After(10 * time.Second):
		t.Error("the run goes on")
	}
	wantBlockBy(t, b.system.Toxiproxy, "")
}

// Of two servers one is blocked already: the run of the other one ends as well, and what was
// blocked stays so.
func TestOneOfTwoServersIsBlockedAlready(t *testing.T) {
	t.Parallel()
	yesterday, me, other := oursURL(t), newUser(t), newUser(t)
	if _, err := driver(yesterday).SetBlock(t.Context(), "bob", "since yesterday"); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, other, "")
	ended := b.start(t)
	if err := stop.All(t.Context(), me.options(yesterday, b.system.Toxiproxy)); err != nil {
		t.Error(err)
	}
	wantStopped(t, ended)
	wantBlockBy(t, yesterday, "bob")
	wantBlockBy(t, b.system.Toxiproxy, "")
}

// Servers stay remembered until each is lifted: over another block, and where one is down.
func TestNoBlockedServerIsForgotten(t *testing.T) {
	t.Parallel()
	u, first, second := newUser(t), oursURL(t), oursURL(t)
	var down atomic.Bool
	at := front(t, second, func(*http.Request) bool { return down.Load() })
	for _, url := range []string{first, at} {
		if err := stop.Block(t.Context(), u.options(url)); err != nil {
			t.Fatal(err)
		}
	}
	down.Store(true)
	if err := stop.Unblock(t.Context(), u.options()); err == nil || !strings.Contains(err.Error(), "blastgauge stop --unblock --toxiproxy "+at) {
		t.Errorf("Unblock() of a server that is down = %v", err)
	}
	u.wantPrinted(t, "lifted    "+first)
	wantBlockBy(t, first, "")
	wantBlockBy(t, second, "ann")
	down.Store(false)
	if err := stop.Unblock(t.Context(), u.options()); err != nil {
		t.Error(err)
	}
	u.wantPrinted(t, "lifted    "+at)
	wantBlockBy(t, second, "")
	if list, err := u.registry.BlockedServers(); err != nil || len(list) > 0 {
		t.Errorf("remembered are %v, %v", list, err)
	}
}

// A name that is too long for a server is cut, and the server is blocked.
func TestAnyNameBlocks(t *testing.T) {
	t.Parallel()
	other := newUser(t)
	b := newBench(t, other, "")
	ended := b.start(t)
	o := newUser(t).options(b.system.Toxiproxy)
	o.By = "ann\x1b[2J" + strings.Repeat("n", 200)
	if err := stop.All(t.Context(), o); err != nil {
		t.Error(err)
	}
	if r := <-ended; r == nil || !strings.HasPrefix(r.Run.InterruptedBy, "ann") {
		t.Errorf("the run is %+v", r)
	}
}

// A system whose proxies are embedded names no server: those of others are left alone.
func TestASystemWithoutServersNamesNone(t *testing.T) {
	t.Parallel()
	u, url := newUser(t), oursURL(t)
	if err := u.registry.AddBlockedServer(journal.BlockedServer{URL: url}); err != nil {
		t.Fatal(err)
	}
	if _, err := driver(url).SetBlock(t.Context(), "bob", "his"); err != nil {
		t.Fatal(err)
	}
	o := u.options()
	o.System = &experiments.System{Toxiproxy: experiments.Embedded}
	if err := stop.Unblock(t.Context(), o); err != nil {
		t.Error(err)
	}
	wantBlockBy(t, url, "bob")
}

// A run is stopped while its system still starts, and injects nothing.
func TestARunThatOnlyBegins(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(context.Context, stop.Options) error{
		"all": stop.All,
		"the one": func(ctx context.Context, o stop.Options) error {
			dir, err := stop.One(o)
			if err != nil {
				return err
			}
			return stop.Run(ctx, dir, o)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t)
			b := newBench(t, u, "")
			starting := make(chan struct{})
			b.options.Start = func(ctx context.Context, _ *plan.Plan) (run.System, error) {
				close(starting)
				<-ctx.Done()
				return nil, ctx.Err() // as of a program that was ended
			}
			p, ended := b.plan(t), make(chan error, 1)
			p.System.Toxiproxy = experiments.Embedded
			go func() {
				out, err := run.Run(context.Background(), p, b.options)
				if out != nil {
					t.Errorf("it was run: %+v", out)
				}
				ended <- err
			}()
			select {
			case <-starting:
			case err := <-ended:
				t.Fatalf("Run() = %v", err)
			}
			if err := do(t.Context(), u.options()); err != nil {
				t.Error(err)
			}
			u.wantPrinted(t, "ended before it began")
			if err := <-ended; run.ExitCode(err) != result.ExitINT || !strings.Contains(err.Error(), "ann") {
				t.Errorf("Run() = %v", err)
			}
			if list, err := u.registry.LiveRuns(); len(list) > 0 || err != nil {
				t.Errorf("LiveRuns() = %v, %v", list, err)
			}
		})
	}
}
