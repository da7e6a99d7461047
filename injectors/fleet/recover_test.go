package fleet_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Of a server that does not answer, it is not known what is there.
func TestLookAround(t *testing.T) {
	t.Parallel()
	r := start(t, 1)
	r.dns.Set(address(0), netip.MustParseAddr("127.0.0.213"))
	s := r.system()
	f := fleet.New(fleet.Options{System: s})
	unseen, err := f.LookAround(t.Context())
	fault := planned(s, nil).Experiments[0].Faults[0]
	if err == nil || !strings.Contains(err.Error(), "127.0.0.213") || unseen(fault) == nil || len(f.URLs()) != 1 {
		t.Errorf("LookAround() = %v, %v of its fault, knows %v", err, unseen(fault), f.URLs())
	}
	r.name(0)
	if unseen, err = f.LookAround(t.Context()); err != nil || unseen(plan.Fault{}) != nil || unseen(fault) != nil {
		t.Errorf("LookAround() = %v, %v of its fault", err, unseen(fault))
	}
}

// A proxy is made anew, with all that is on it, only where the fault cannot be removed.
func TestRecreateOnlyWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	var stuck atomic.Bool
	hang := func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if stuck.Load() && r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/toxics/") {
				w.WriteHeader(http.StatusInternalServerError)
				return
			}
			api.ServeHTTP(w, r)
		})
	}
	s, drivers := stockSystem(t, stock.OneAtATime, hang)
	f := fleet.New(fleet.Options{System: s})
	fault := planned(s, nil).Experiments[0].Faults[0]
	other := fault
	other.Name = injectors.FaultName("20261129t120000z-others", 1)
	for _, d := range drivers {
		for _, fault := range []plan.Fault{fault, other} {
			if err := d.Inject(t.Context(), fault); err != nil {
				t.Fatal(err)
			}
		}
	}
	stuck.Store(true)
	on, err := f.Recreate(t.Context(), fault)
	if err != nil || !slices.Equal(on, f.URLs()[1:]) {
		t.Errorf("Recreate() = %v, %v, want the second of %v alone", on, err, f.URLs())
	}
	for i, want := range []int{1, 0} {
		if left, err := drivers[i].Leftovers(t.Context()); err != nil || len(left) != want || want == 1 && left[0].Name != other.Name {
			t.Errorf("server %d has %v, %v", i, left, err)
		}
	}
	if _, err := fleet.New(fleet.Options{System: &experiments.System{Toxiproxy: "dns://payments.test:8474"}}).Recreate(t.Context(), fault); err == nil {
		t.Error("Recreate() = nil where no server is known")
	}
}

// stockSystem starts two stock Toxiproxies with a proxy each. The second has these wraps.
func stockSystem(t *testing.T, wraps ...func(http.Handler) http.Handler) (*experiments.System, []*toxiproxy.Driver) {
	t.Helper()
	d := experiments.Dependency{Name: "payments", Proxy: "payments"}
	var drivers []*toxiproxy.Driver
	for i, wrap := range [][]func(http.Handler) http.Handler{{stock.OneAtATime}, wraps} {
		s, err := stock.Start(net.JoinHostPort(address(i).String(), "0"), wrap...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		driver := toxiproxy.New(toxiproxy.Options{URL: s.URL()})
		if err := driver.Create(t.Context(), "payments", "127.0.0.1:0", "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
		d.Toxiproxy = append(d.Toxiproxy, s.URL())
		drivers = append(drivers, driver)
	}
	return &experiments.System{Dependencies: []experiments.Dependency{d}}, drivers
}

// That a name is gone proves nothing of a server that refuses connections, as one does behind
// a tunnel that was closed. Where a person decides that, a name decides nothing.
func TestWhatANameProves(t *testing.T) {
	t.Parallel()
	r := start(t, 1)
	s := r.system()
	fault := planned(s, nil).Experiments[0].Faults[0]
	const nobody = "127.0.0.213"
	fault.On = []string{"http://" + net.JoinHostPort(nobody, r.port)}
	p := planned(s, nil)
	p.Experiments[0].Faults[0] = fault
	no := func(err error) error { return err }
	for name, tt := range map[string]struct {
		there   []netip.Addr
		decides func(error) error
		proven  bool
	}{
		"no name":                        {nil, nil, false},
		"no name, and a person decides":  {nil, no, false},
		"it has left":                    {[]netip.Addr{address(0)}, nil, true},
		"it has left, a person decides":  {[]netip.Addr{address(0)}, no, false},
		"it is there, a person says yes": {[]netip.Addr{netip.MustParseAddr(nobody)}, func(error) error { return nil }, true},
	} {
		r.dns.Set(tt.there...)
		f := fleet.New(fleet.Options{System: s})
		f.Know(p, nil)
		f.WhenRefused(tt.decides)
		if err := f.Revert(t.Context(), fault); (err == nil) != tt.proven {
			t.Errorf("%s: Revert() = %v, want proven: %t", name, err, tt.proven)
		}
	}
}

// Toxiproxies of a dependency that no fault is put into need not be there.
func TestOnlyThoseOfThePlanAreNeeded(t *testing.T) {
	t.Parallel()
	for name, carts := range map[string]func(*row) string{
		"a list": func(r *row) string { return "http://" + net.JoinHostPort("127.0.0.213", r.port) },
		"a name": func(r *row) string { return "dns://carts-proxy.test:" + r.port + "?server=" + r.dns.Address() }, // which it does not have
	} {
		r := start(t, 1)
		s := r.system(0)
		s.Dependencies = append(s.Dependencies, experiments.Dependency{Name: "carts", Proxy: "carts", Toxiproxy: []string{carts(r)}})
		p := planned(s, nil)
		f := fleet.New(fleet.Options{System: s})
		if _, err := f.Identify(t.Context()); err == nil {
			t.Fatalf("%s: Identify() = nil where all are needed", name)
		}
		f.NeedOnly(p)
		_, err := f.Identify(t.Context())
		if err != nil {
			t.Fatalf("%s: Identify() = %v", name, err)
		}
		release, err := f.Acquire(t.Context(), testRun)
		if err != nil {
			t.Fatalf("%s: Acquire() = %v", name, err)
		}
		_, filled := f.Fill(t.Context(), p)
		if err := errors.Join(f.Preflight(t.Context(), p), filled, f.Inject(t.Context(), p.Experiments[0].Faults[0])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		dead := fleet.New(fleet.Options{System: s})
		if left, err := dead.Leftovers(t.Context()); err == nil || len(left) != 1 {
			t.Errorf("%s: Leftovers() = %v, %v, want what is there beside an error", name, left, err)
		}
		dead.NeedOnly(p)
		if left, err := dead.Leftovers(t.Context()); err != nil || len(left) != 1 {
			t.Errorf("%s: Leftovers() = %v, %v", name, left, err)
		}
		if err := errors.Join(f.Revert(t.Context(), p.Experiments[0].Faults[0]), release(t.Context())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A server that is gone takes no counter away, neither its own nor those of the others.
func TestCountersWithoutOne(t *testing.T) {
	t.Parallel()
	r := start(t, 2)
	f := fleet.New(fleet.Options{System: r.system(0, 1)})
	visit := func(i int) {
		list, err := r.driver(i).Proxies(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.Get("http://" + list[0].Listen)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		http.DefaultClient.CloseIdleConnections()
	}
	carries := func(n int64) func() bool {
		return func() bool {
			got, counts, err := f.Carried(t.Context())
			return err == nil && counts && len(got) == 1 && got[0].Connections >= n
		}
	}
	visit(0)
	visit(1)
	until(t, "both are counted", carries(2))
	if err := r.servers[1].Close(); err != nil {
		t.Fatal(err)
	}
	visit(0)
	until(t, "the other one goes on", carries(3))
	if err := r.servers[0].Close(); err != nil {
		t.Fatal(err)
	}
	if _, counts, err := f.Carried(t.Context()); counts || err == nil {
		t.Errorf("Carried() = %t, %v where nobody answers", counts, err)
	}
}

// Where a lease fails, the error is about that alone, and the others are given back.
func TestALeaseThatFails(t *testing.T) {
	t.Parallel()
	r := start(t, 1)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			_, _ = w.Write([]byte(`{"version": "2.12.0", "blastgauge": "1"}`))
			return
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(broken.Close)
	s := r.system(0)
	s.Dependencies[0].Toxiproxy = append(s.Dependencies[0].Toxiproxy, broken.URL)
	_, err := fleet.New(fleet.Options{System: s}).Acquire(t.Context(), testRun)
	if err == nil || !strings.Contains(err.Error(), broken.URL) || strings.Contains(err.Error(), http.MethodDelete) {
		t.Errorf("Acquire() = %v", err)
	}
	if owner, err := r.driver(0).Owner(t.Context()); err != nil || owner != "" {
		t.Errorf("the first has the lease of %q, %v", owner, err)
	}
}

// A person is told what to do where the fault may be, and not where it is gone.
func TestCommandsForWhatIsLeft(t *testing.T) {
	t.Parallel()
	s, drivers := stockSystem(t, stock.OneAtATime)
	f := fleet.New(fleet.Options{System: s})
	fault := planned(s, nil).Experiments[0].Faults[0]
	if err := drivers[1].Inject(t.Context(), fault); err != nil {
		t.Fatal(err)
	}
	if got := f.ManualRemoval(t.Context(), fault); strings.Count(got, "curl") != 1 || !strings.Contains(got, f.URLs()[1]) {
		t.Errorf("ManualRemoval() = %s", got)
	}
}
