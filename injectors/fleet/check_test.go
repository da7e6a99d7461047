package fleet

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

const testRun = "20261129t120000z-fleet1"

// checked is a fleet whose fault is in force on one server that handle answers for.
func checked(t *testing.T, handle func(w http.ResponseWriter, r *http.Request)) (*Fleet, *carried, *server) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/version", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `{"version": "2.12.0", "blastgauge": "test"}`)
	})
	mux.HandleFunc("/", handle)
	h := httptest.NewServer(mux)
	t.Cleanup(h.Close)
	f := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:1"}, AnyHost: true})
	f.run = testRun
	s := f.server(h.URL, f.groups[0])
	s.leased = true
	c := &carried{group: f.groups[0], rows: map[string]*row{}, fault: plan.Fault{Name: injectors.FaultName(testRun, 1), Proxy: "payments", Fault: experiments.Fault{
		Inject: "latency", Into: "payments", Share: 1, Attributes: injectors.Attributes{"latency": 0.05},
	}}}
	c.saw(s.url, journal.Evidence{Present: true})
	return f, c, s
}

// Without the lease of the run, a server that lacks the fault has begun anew. One that has
// left lacks it as well. Neither is a fault that somebody took away.
func TestWhyAFaultIsMissing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leases string
		leaves bool
		gone   bool
		state  journal.InstanceState
	}{
		"taken away":  {`[{"run": "` + testRun + `", "seconds": 10}]`, false, true, journal.InForce},
		"begun anew":  {`[]`, false, false, journal.InstanceFailed},
		"another run": {`[{"run": "other", "seconds": 10}]`, false, false, journal.InstanceFailed},
		"left":        {`[{"run": "` + testRun + `", "seconds": 10}]`, true, false, journal.InstanceLeft},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c *carried
			var s *server
			f, c, s := checked(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/blastgauge/leases" {
					_, _ = fmt.Fprint(w, test.leases)
					return
				}
				if test.leaves {
					c.set(s.url, journal.InstanceLeft, "")
				}
				_, _ = fmt.Fprint(w, `{"name": "payments", "listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "enabled": true, "toxics": []}`)
			})
			gone, err := f.checkOn(t.Context(), c, s)
			if err != nil || (gone != "") != test.gone || len(c.in(test.state)) != 1 {
				t.Errorf("gone %q, %v, state %s", gone, err, c.rows[s.url].state)
			}
			if s.hasLease() != (test.state != journal.InstanceFailed) {
				t.Errorf("the lease counts as there: %t", s.hasLease())
			}
		})
	}
}

// A server without an answer is a state of its own, and holds up nobody for long.
func TestASilentServer(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	f, c, s := checked(t, func(http.ResponseWriter, *http.Request) { <-end })
	t.Cleanup(func() { close(end) })
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := f.checkOn(short, c, s); err == nil || len(c.in(journal.InForce)) != 1 {
		t.Errorf("%v, state %s after too short a time", err, c.rows[s.url].state)
	}
	began := time.Now()
	if _, err := f.checkOn(t.Context(), c, s); err == nil || len(c.in(journal.InstanceSilent)) != 1 {
		t.Errorf("%v, state %s", err, c.rows[s.url].state)
	}
	if took := time.Since(began); took > 4*time.Second { // one call may take 5 s
		t.Errorf("it took %s", took)
	}
	if !c.expect(s.url) {
		t.Error("the fault is put again where it may be in force")
	}
}

func TestCheckTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for within, want := range map[time.Duration]time.Duration{
			10 * time.Second: time.Second, time.Second: 950 * time.Millisecond, 100 * time.Millisecond: 75 * time.Millisecond,
		} {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			if most, whole := checkTime(ctx); most != want || whole != (want == time.Second) {
				t.Errorf("within %s: %s, whole %t", within, most, whole)
			}
		}
	})
}

// For how long a fault is in force is counted for each server.
func TestTimesInForce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := carriedOn(t)
		c.saw("a", journal.Evidence{})
		time.Sleep(time.Minute) // the injection
		c.saw("b", journal.Evidence{})
		c.isWhole()
		time.Sleep(10 * time.Second)
		c.set("a", journal.InstanceSilent, "no answer")
		time.Sleep(20 * time.Second)
		c.set("b", journal.InstanceLeft, "")
		time.Sleep(5 * time.Second)
		e := c.evidence("")
		a, b := e.Instances[0], e.Instances[1]
		if a.DueFor != 35*time.Second || a.InForceFor != 10*time.Second || b.DueFor != 30*time.Second || b.InForceFor != 30*time.Second {
			t.Errorf("%+v, %+v", a, b)
		}
		if e.PartialFor != 25*time.Second || a.State != journal.InstanceSilent {
			t.Errorf("partial for %s, %s", e.PartialFor, a.State)
		}
	})
}

// Where nobody says any more which servers there are, the fault is partial.
func TestLookUpsThatKeepFailing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, c, _ := carriedOn(t)
		c.saw("a", journal.Evidence{})
		c.isWhole()
		for range 6 {
			c.lookedUp(context.DeadlineExceeded)
			time.Sleep(time.Second)
		}
		if e := c.evidence(""); e.PartialFor != 2*time.Second || e.LookUpError == "" || !e.Present {
			t.Errorf("%+v", e)
		}
		c.lookedUp(nil)
		time.Sleep(time.Minute)
		if e := c.evidence(""); e.PartialFor != 2*time.Second || e.LookUpError != "" {
			t.Errorf("%+v", e)
		}
	})
}

// Fewer servers than the share names are refused before anything is done.
func TestFewerThanTheShare(t *testing.T) {
	t.Parallel()
	one := func(context.Context, experiments.DNSName) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.77")}, nil
	}
	f := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:1"}, LookUp: one})
	fault := plan.Fault{Name: "slow", Fault: experiments.Fault{Inject: "latency", Instances: &experiments.InstanceShare{Take: 2, Of: 6}}}
	if err := f.Inject(t.Context(), fault); err == nil || f.carriedFault("slow") != nil {
		t.Errorf("Inject() = %v", err)
	}
}

// One process is one server, by whatever address or spelling it is named.
func TestOneProcessCountsOnce(t *testing.T) {
	t.Parallel()
	f := New(Options{System: &experiments.System{Toxiproxy: "dns://payments.test:1"}})
	six, four := netip.MustParseAddr("::1"), netip.MustParseAddr("127.0.0.1")
	for want, addresses := range map[string][]netip.Addr{
		"http://127.0.0.1:1": {six, four},
		"http://[::1]:1":     {six},
	} {
		if urls, err := f.urlsOf(*f.groups[0].name, addresses); err != nil || !slices.Equal(urls, []string{want}) {
			t.Errorf("%v: %v, %v", addresses, urls, err)
		}
	}
	f = New(Options{System: &experiments.System{Dependencies: []experiments.Dependency{{Name: "payments", Toxiproxy: []string{"http://127.0.0.2:1", "http://127.0.0.2:1/"}}}}})
	if got := f.URLs(); len(got) != 1 || !f.groups[0].isOne() {
		t.Errorf("%v", got)
	}
	_, c, s := carriedOn(t)
	c.saw(s.url, journal.Evidence{})
	end := c.look(s.url)
	if c.rows[s.url].looking.TryLock() {
		t.Error("a server is read back twice at once")
	}
	end()
}
