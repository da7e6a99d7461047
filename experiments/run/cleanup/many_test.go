package cleanup

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/injectortest/dnsserver"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// many is a name that stands for a server with a toxic of a run that nothing else knows,
// and for an address where nobody is.
func many(t *testing.T) (name string, driver *toxiproxy.Driver, dead string) {
	t.Helper()
	s, err := proxy.Start(proxy.Options{Listen: "127.0.0.2:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	dns, err := dnsserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dns.Close() })
	dns.Set(netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.213"))
	driver = toxiproxy.New(toxiproxy.Options{URL: s.URL()})
	if err := driver.Create(t.Context(), "payments", "127.0.0.2:0", "127.0.0.1:1"); err != nil {
		t.Fatal(err)
	}
	orphan := plan.Fault{Name: injectors.FaultName(plan.NewRun(time.Now()), 1), Proxy: "payments", Fault: experiments.Fault{
		Inject: "latency", Into: "payments", Share: 1, Attributes: injectors.Attributes{"latency": 0.05},
	}}
	if err := driver.Inject(t.Context(), orphan); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return "dns://payments-proxy.test:" + port + "?server=" + dns.Address(), driver, "http://127.0.0.213:" + port
}

// A server that does not answer keeps no fault on another one, and is named.
func TestOneDeadServerOfMany(t *testing.T) {
	t.Parallel()
	name, driver, dead := many(t)
	var log bytes.Buffer
	err := Server(t.Context(), name, Options{Log: &log})
	if !errors.Is(err, engine.ErrNotRemoved) || !strings.Contains(err.Error(), dead) {
		t.Errorf("Server() = %v, want one that names %s", err, dead)
	}
	if left, err := driver.Leftovers(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}
