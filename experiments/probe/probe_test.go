package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/journey"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// ledger answers with the given bodies in order, the last one for ever.
func ledger(t *testing.T, status int, bodies ...string) (*experiments.System, string) {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i := min(int(n.Add(1)), len(bodies)) - 1
		w.WriteHeader(status)
		fmt.Fprint(w, bodies[i])
	}))
	t.Cleanup(s.Close)
	return &experiments.System{URL: s.URL}, s.URL + "/ledger"
}

func chargedOnce(url string) experiments.Invariant {
	return experiments.Invariant{
		Name:    "charged once",
		Request: experiments.Request{Method: "GET", Target: url},
		Expect:  experiments.Expect{JSON: []experiments.Check{{Target: "$.count", Op: experiments.Eq, Value: json.Number("0")}}},
		Keys:    "$.keys[*]",
	}
}

func TestInvariant(t *testing.T) {
	tests := map[string]struct {
		status int
		bodies []string
		within time.Duration
		want   journal.Reading
	}{
		"holds":             {200, []string{`{"count":0}`}, 0, journal.Reading{Holds: true}},
		"broken":            {200, []string{`{"count":3,"keys":["order-1",2]}`}, 0, journal.Reading{Violations: 3, Keys: []string{"order-1", "2"}}},
		"settles in time":   {200, []string{`{"count":1}`, `{"count":1}`, `{"count":0}`}, 10 * time.Second, journal.Reading{Holds: true}},
		"cannot be asked":   {503, []string{`{}`}, 0, journal.Reading{Error: "status 503"}},
		"answers, not JSON": {200, []string{`<html>`}, 0, journal.Reading{Violations: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, url := ledger(t, tt.status, tt.bodies...)
			inv := chargedOnce(url)
			inv.Within = tt.within
			got := Invariant(t.Context(), s, inv, journey.Facts{Run: "r"})
			if got.Holds != tt.want.Holds || got.Violations != tt.want.Violations || !slices.Equal(got.Keys, tt.want.Keys) ||
				!strings.Contains(got.Error, strings.TrimPrefix(tt.want.Error, "status ")) || (got.Error == "") != (tt.want.Error == "") {
				t.Errorf("Invariant() = %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestViolationsAreCounted(t *testing.T) {
	s, url := ledger(t, 200, `{"count":7}`)
	inv := chargedOnce(url)
	inv.Expect.JSON[0].Op, inv.Expect.JSON[0].Value = experiments.Lte, json.Number("2")
	if got := Invariant(t.Context(), s, inv, journey.Facts{}); got.Holds || got.Violations != 5 {
		t.Errorf("Invariant() = %+v, want 7, which is 5 too many", got)
	}
}

// A dependency that answers HEAD at once, through a proxy that tests replace.
func TestDependency(t *testing.T) {
	healthy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer healthy.Close()
	address := strings.TrimPrefix(healthy.URL, "http://")
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()

	fault := func(listen, upstream, inject string) plan.Fault {
		return plan.Fault{Listen: listen, Upstream: upstream, Fault: experiments.Fault{Inject: inject}}
	}
	before := Dependency(t.Context(), fault(address, healthy.URL, "down"), experiments.Hosts{})
	if before.Error != "" {
		t.Fatalf("a healthy dependency gives %+v", before)
	}
	during := Dependency(t.Context(), fault(refusing.Addr().String(), healthy.URL, "down"), experiments.Hosts{})
	if during.Error == "" || !Met(fault("", "", "down"), before, during) {
		t.Errorf("a refused connection gives %+v, which must show the fault", during)
	}
	if quiet := Dependency(t.Context(), fault(address, "redis://x:1", "down"), experiments.Hosts{}); quiet.Error != "" {
		t.Errorf("a silent peer gives %+v, want no error", quiet)
	}
	if unknown := Dependency(t.Context(), fault("", "", "down"), experiments.Hosts{}); unknown.Error == "" {
		t.Error("a proxy without an address was probed")
	}
	if refused := Dependency(t.Context(), fault("192.0.2.1:80", "http://x", "down"), experiments.Hosts{}); !strings.Contains(refused.Error, "allow_hosts") {
		t.Errorf("an address outside the allow-list gives %+v", refused)
	}
}

func TestAnExchangeEndsWithItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := silent.Accept()
		if err == nil {
			defer conn.Close()
		}
		cancel()
	}()
	got := Dependency(ctx, plan.Fault{Listen: silent.Addr().String(), Upstream: "http://x"}, experiments.Hosts{})
	if got.Error == "" || got.Took > 2 {
		t.Errorf("a hanging dependency gives %+v after its context ended", got)
	}
}

func TestMet(t *testing.T) {
	slow := plan.Fault{Fault: experiments.Fault{Inject: "latency", Attributes: map[string]float64{"latency": 2, "jitter": 0.5}}}
	ok := journal.Exchange{Took: 0.01}
	if !Met(slow, ok, journal.Exchange{Took: 1.6}) || Met(slow, ok, journal.Exchange{Took: 0.5}) {
		t.Error("latency must be met by an exchange that is slower by it, and by no other")
	}
	if Met(slow, journal.Exchange{Error: "refused"}, journal.Exchange{Took: 9}) {
		t.Error("what was broken before shows nothing")
	}
}
