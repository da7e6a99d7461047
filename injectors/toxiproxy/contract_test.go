package toxiproxy_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/injectortest"
	"github.com/blastgauge/blastgauge/injectors/proxy"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

func TestContractOnAStockServer(t *testing.T) {
	t.Parallel()
	injectortest.Run(t, driven(stockServer(t), false))
}

// driven is the driver against the server at url.
func driven(url string, counts bool) injectortest.Target {
	admin := toxiproxy.New(toxiproxy.Options{URL: url})
	var routes atomic.Int64
	return injectortest.Target{
		New:    func() engine.Injector { return toxiproxy.New(toxiproxy.Options{URL: url}) },
		Counts: counts, Disables: !counts,
		Route: func(t *testing.T, upstream string) (string, string) {
			name := "dependency-" + strconv.FormatInt(routes.Add(1), 10)
			ports, err := loopback.Reserve(1) // a proxy that is down is still there
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ports.Close() })
			listen := ports.Addresses()[0]
			if err := admin.Create(t.Context(), name, listen, upstream); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unroute(t, admin, name) })
			return name, listen
		},
		Unroute: func(t *testing.T, name string) { unroute(t, admin, name) },
		Enable: func(t *testing.T, name string, enabled bool) {
			send(t, "POST", url+"/proxies/"+name, `{"enabled": `+strconv.FormatBool(enabled)+`}`)
		},
	}
}

// unroute also runs when the test's own context has ended.
func unroute(t *testing.T, admin *toxiproxy.Driver, name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := admin.Delete(ctx, name); err != nil {
		t.Error(err)
	}
}

func TestContractOnOurServer(t *testing.T) {
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
	injectortest.Run(t, driven(s.URL(), true))
}
