package cleanup

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
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

// named puts the server of a dead run behind a name, which stands for these addresses, and
// writes its records anew.
func named(t *testing.T, d *deadRun, events []journal.Kind, addresses ...string) *dnsserver.Server {
	t.Helper()
	dns, err := dnsserver.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dns.Close() })
	var list []netip.Addr
	for _, a := range addresses {
		list = append(list, netip.MustParseAddr(a))
	}
	dns.Set(list...)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(d.system.Toxiproxy, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	d.unlist(t)
	d.plan.System.Toxiproxy = ""
	d.plan.System.Dependencies[0].Toxiproxy = []string{"dns://payments-proxy.test:" + port + "?server=" + dns.Address()}
	d.plan.Experiments[0].Faults[0].On = []string{d.system.Toxiproxy}
	d.rewrite(t, events)
	return dns
}

// Behind the name of a run that only its directory tells about, a server that does not
// answer may have the fault as well.
func TestASilentServerIsNotClean(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	dns := named(t, d, underFault, "127.0.0.1", "127.0.0.213")
	o := d.options
	o.Trust = &Trust{}
	if err := Run(t.Context(), d.dir, o); !errors.Is(err, engine.ErrNotRemoved) || !strings.Contains(err.Error(), "127.0.0.213") {
		t.Errorf("Run() = %v, want one that names what did not answer", err)
	}
	if d.toxics(t) != "[]" {
		t.Errorf("the one that answers still has %s", d.toxics(t))
	}
	dns.Set(netip.MustParseAddr("127.0.0.1"))
	if err := Run(t.Context(), d.dir, o); err != nil {
		t.Errorf("Run() = %v once all answer", err)
	}
}

// Nothing is sent to a Toxiproxy that only a directory says has joined, damaged or not.
func TestAJournalNamesNoServer(t *testing.T) {
	t.Parallel()
	var met atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	t.Cleanup(other.Close)
	d := newDeadRun(t, underFault...)
	d.joined = other.URL
	named(t, d, append(slices.Clone(underFault), journal.InstanceJoined), "127.0.0.1")
	d.list(t)
	if err := Run(t.Context(), d.dir, d.options); err != nil {
		t.Errorf("Run() = %v", err)
	}
	d.wantClean(t)
	if n := met.Load(); n > 0 {
		t.Errorf("it was sent %d requests", n)
	}
}

// A proxy of many is made anew only where the fault cannot be removed, and where nobody is
// there nothing is said to be done.
func TestRecreateOfMany(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	dns := named(t, d, underFault, "127.0.0.1")
	d.plan.Experiments[0].Faults[0].On = nil
	d.rewrite(t, underFault)
	dns.Break()
	o := d.options
	o.Recreate, o.Trust = d.fault().Proxy, &Trust{}
	if err := Run(shortly(t), d.dir, o); !errors.Is(err, engine.ErrNotRemoved) || strings.Contains(d.log.String(), "made again") {
		t.Errorf("Run() = %v where the name leads nowhere\n%s", err, d.log.String())
	}
}

// shortly is a context for what cannot succeed.
func shortly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Where a person has to look at servers, each is named.
func TestEveryServerIsNamed(t *testing.T) {
	t.Parallel()
	other, err := proxy.Start(proxy.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	d := newDeadRun(t, underFault...)
	d.unlist(t)
	d.plan.System.Dependencies[0].Toxiproxy = []string{other.URL()}
	d.rewrite(t, underFault)
	if err := Run(t.Context(), d.dir, d.options); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("Run() = %v", err)
	}
	if log := d.log.String(); !strings.Contains(log, d.system.Toxiproxy) || !strings.Contains(log, other.URL()) {
		t.Errorf("not each of its servers is named:\n%s", log)
	}
	nameless := filepath.Join(filepath.Dir(d.dir), "not the name of a run")
	if err := errors.Join(os.Truncate(filepath.Join(d.dir, journal.EventsFile), 0), os.Rename(d.dir, nameless)); err != nil {
		t.Fatal(err)
	}
	o := d.options
	o.Trust = &Trust{System: &d.plan.System}
	err = Run(t.Context(), nameless, o)
	if !errors.Is(err, engine.ErrNotRemoved) || !strings.Contains(err.Error(), d.system.Toxiproxy) || !strings.Contains(err.Error(), other.URL()) {
		t.Errorf("Run() = %v of a run without a name, want each of its servers\n%s", err, d.log.String())
	}
}
