package toxiproxy_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Any process can release the lease of a run that died. The lease of another run
// stays.
func TestTheLeaseOfADeadRunIsReleased(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	servers := map[string]func() *toxiproxy.Driver{
		"stock": func() *toxiproxy.Driver { return toxiproxy.New(toxiproxy.Options{URL: url}) },
	}
	ours := leasing(t)
	servers["ours"] = func() *toxiproxy.Driver { return ours }
	for name, driver := range servers {
		t.Run(name, func(t *testing.T) {
			wantOwner := func(want string) {
				t.Helper()
				if run, err := driver().Owner(t.Context()); err != nil || run != want {
					t.Errorf("Holder() = %q, %v; want %q", run, err, want)
				}
			}
			dead := driver()
			release, err := dead.Acquire(t.Context(), "run-1")
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := release(context.WithoutCancel(t.Context())); err != nil {
					t.Error(err)
				}
			}()
			wantOwner("run-1")
			if err := driver().Release(t.Context(), "run-2"); err != nil {
				t.Errorf("Release() of a run that has no lease = %v", err)
			}
			wantOwner("run-1")
			for range 2 {
				if err := driver().Release(t.Context(), "run-1"); err != nil {
					t.Errorf("Release() = %v", err)
				}
			}
			wantOwner("")
		})
	}
}

// What counts is the time that the lock says: an expired lock has no owner, and one
// that seems to end in a year has, although a run renews for a minute only.
func TestALockUnderASteppedClock(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	for until, want := range map[string]string{"20260101t000000z": "", "20991231t000000z": "run-0"} {
		send(t, "POST", url+"/proxies", strings.ReplaceAll(lapsed, "20260101t000000z", until))
		if run, err := d.Owner(t.Context()); err != nil || run != want {
			t.Errorf("a lock until %s: Holder() = %q, %v; want %q", until, run, err, want)
		}
		if err := d.Release(t.Context(), "run-0"); err != nil {
			t.Errorf("Drop() of a lock until %s = %v", until, err)
		}
		if strings.Contains(everything(t, url), "blastgauge-lock") {
			t.Errorf("a lock until %s stayed", until)
		}
	}
}

// One who undoes what another began cannot know whether it was sent.
func TestAnInjectionOfADeadRunIsLookedForTwice(t *testing.T) {
	t.Parallel()
	looks := 0
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			page(200, `{"version": "2.12.0"}`)(w, r)
		case r.Method == "DELETE":
			looks++
			page(404, `{"error": "toxic not found", "status": 404}`)(w, r)
		case r.URL.Path == "/proxies":
			page(200, `{"payments": {"name": "payments", "enabled": true, "toxics": []}}`)(w, r)
		default:
			page(200, `{"name": "payments", "enabled": true, "toxics": []}`)(w, r)
		}
	})
	f := latencyOn("payments", "1")
	d.MarkUnsettled(f.Name)
	if err := d.Revert(t.Context(), f); err != nil || looks != 2 {
		t.Errorf("Revert() = %v after %d looks, want 2", err, looks)
	}
}

func TestAProxyIsMadeAgainAsItWas(t *testing.T) {
	t.Parallel()
	url := stockServer(t)
	d := toxiproxy.New(toxiproxy.Options{URL: url})
	f := latencyOn("payments", "1")
	if err := d.Create(t.Context(), f.Proxy, "127.0.0.1:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	before := everything(t, url)
	if err := d.Inject(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := d.Recreate(t.Context(), f.Proxy, "", ""); err != nil {
		t.Fatal(err)
	}
	if after := everything(t, url); after != before {
		t.Errorf("it was\n%s\nand is\n%s", before, after)
	}
	if err := d.Recreate(t.Context(), "nobody", "", ""); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("Recreate() of a proxy that is not there = %v", err)
	}
}
