package fleet_test

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// stockServers starts two stock servers at one port, each with a proxy for payments.
func stockServers(t *testing.T) (urls []string) {
	t.Helper()
	for attempt := 0; ; attempt++ {
		first, err := stock.Start(net.JoinHostPort(address(0).String(), "0"), stock.OneAtATime)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = first.Close() })
		_, port, _ := net.SplitHostPort(strings.TrimPrefix(first.URL(), "http://"))
		second, err := stock.Start(net.JoinHostPort(address(1).String(), port), stock.OneAtATime)
		if err == nil {
			t.Cleanup(func() { _ = second.Close() })
			urls = []string{first.URL(), second.URL()}
			break
		}
		if attempt == 20 {
			t.Fatal(err)
		}
	}
	for _, url := range urls {
		if err := toxiproxy.New(toxiproxy.Options{URL: url}).Create(t.Context(), "payments", "127.0.0.1:0", "127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
	}
	return urls
}

// names answers look-ups.
type names struct {
	mu   sync.Mutex
	list []netip.Addr
}

func (n *names) set(list ...netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = list
}

func (n *names) lookUp(context.Context, experiments.DNSName) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.list, nil
}

// named is a system whose payments are behind the addresses of a name, at one port.
func named(url string) *experiments.System {
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	return &experiments.System{Dependencies: []experiments.Dependency{{Name: "payments", Proxy: "payments", Toxiproxy: []string{"dns://payments-proxy.test:" + port}}}}
}

func isEnabled(t *testing.T, url string) bool {
	t.Helper()
	proxies, err := toxiproxy.New(toxiproxy.Options{URL: url}).Proxies(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range proxies {
		if p.Name == "payments" {
			return p.Enabled
		}
	}
	t.Fatalf("%s has no proxy for payments", url)
	return false
}

// A proxy that a person has disabled is not enabled by the removal of a fault which was
// never put on it.
func TestDisabledByAPerson(t *testing.T) {
	t.Parallel()
	urls := stockServers(t)
	resp, err := http.Post(urls[1]+"/proxies/payments", "application/json", strings.NewReader(`{"enabled": false}`))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	down := plan.Fault{Name: injectors.FaultName(testRun, 1), Proxy: "payments", Fault: experiments.Fault{Inject: "down", Into: "payments", Share: 1}}
	s, n := named(urls[0]), &names{}
	n.set(address(0))
	f := fleet.New(fleet.Options{System: s, LookUp: n.lookUp})
	if _, err := f.Identify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Fill(t.Context(), &plan.Plan{Run: testRun, System: *s, Experiments: []plan.Experiment{{ID: "down", Faults: []plan.Fault{down}}}}); err != nil {
		t.Fatal(err)
	}
	release, err := f.Acquire(t.Context(), testRun)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = release(context.Background()) })
	if err := f.Inject(t.Context(), down); err != nil {
		t.Fatal(err)
	}
	r := run{Fleet: f, fault: down}
	n.set(address(0), address(1))
	until(t, "it has failed there", func() bool { return states(r.check(t)) == "2:in_force 3:failed" })
	n.set(address(0))
	until(t, "it is forgotten", func() bool { return states(r.check(t)) == "2:in_force" })
	n.set(address(0), address(1))
	until(t, "it has failed there again", func() bool { return states(r.check(t)) == "2:in_force 3:failed" })
	if got := f.ManualRemoval(t.Context(), down); strings.Contains(got, urls[1]) {
		t.Errorf("a command is about a server that was not touched: %s", got)
	}
	if err := f.Revert(t.Context(), down); err != nil {
		t.Fatal(err)
	}
	if !isEnabled(t, urls[0]) || isEnabled(t, urls[1]) {
		t.Errorf("enabled: %t, %t; want true, and false as before", isEnabled(t, urls[0]), isEnabled(t, urls[1]))
	}
}
