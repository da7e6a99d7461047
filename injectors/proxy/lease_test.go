package proxy_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// names lists the toxics of a proxy.
func names(t *testing.T, s *proxy.Server, of string) string {
	t.Helper()
	var list []string
	for _, toxic := range show(t, s, of).Toxics {
		list = append(list, toxic.Name)
	}
	return strings.Join(list, " ")
}

// A run that stops renewing loses its toxics with its lease, of both levels and on
// every proxy. Toxics of other clients and of other runs stay.
func TestALeaseThatLapses(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	up := shop(t)
	route(t, s, "a", up)
	route(t, s, "b", "http://"+up)
	call(t, s, "POST", "/blastgauge/leases", `{"run":"20261124t120000z-aaaaaa","seconds":60}`, 200, nil)
	add(t, s, "a", `{"name":"blastgauge.20261124t120000z-aaaaaa.1","type":"latency"}`)
	add(t, s, "b", `{"name":"blastgauge.20261124t120000z-aaaaaa.2","type":"http_error","attributes":{"status":503}}`)
	add(t, s, "b", `{"name":"by-key","type":"latency","blastgauge":{"run":"20261124t120000z-aaaaaa"}}`)
	add(t, s, "a", `{"name":"somebody","type":"latency"}`)
	add(t, s, "b", `{"name":"blastgauge.20261124t120000z-bbbbbb.1","type":"latency"}`)
	if got := call(t, s, "POST", "/blastgauge/leases", `{"run":"20261124t120000z-cccccc"}`, 409, nil); !strings.Contains(got, "20261124t120000z-aaaaaa") {
		t.Errorf("a second run is told %s", got)
	}
	call(t, s, "POST", "/blastgauge/leases", `{"run":"20261124t120000z-aaaaaa","seconds":0.1}`, 200, nil) // and then no more
	for deadline := time.Now().Add(soon); names(t, s, "a")+names(t, s, "b") != "somebody"+"blastgauge.20261124t120000z-bbbbbb.1"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("left are %q and %q", names(t, s, "a"), names(t, s, "b"))
		}
	}
	call(t, s, "POST", "/blastgauge/leases", `{"run":"20261124t120000z-cccccc"}`, 200, nil)
}

func TestALeaseThatIsReleased(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "a", shop(t))
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 200, nil)
	var list []struct {
		Run     string
		Seconds float64
	}
	call(t, s, "GET", "/blastgauge/leases", "", 200, &list)
	if len(list) != 1 || list[0].Run != "x" || list[0].Seconds <= 0 || list[0].Seconds > 10 {
		t.Errorf("leases: %+v", list)
	}
	add(t, s, "a", `{"name":"blastgauge.x.1","type":"latency"}`)
	call(t, s, "DELETE", "/blastgauge/leases/x", "", 204, nil)
	call(t, s, "DELETE", "/blastgauge/leases/x", "", 404, nil)
	if got := names(t, s, "a"); got != "" {
		t.Errorf("left are %q", got)
	}
	for _, body := range []string{`{}`, `{"run":"x","seconds":-1}`, `{"run":"x","seconds":1e9}`, `{"run":"x","seconds":0}`, `no`} {
		call(t, s, "POST", "/blastgauge/leases", body, 400, nil)
	}
}

// A run that died in the middle of a call is tidied up after, and then the call
// arrives: neither its lease nor a toxic of its comes back.
func TestARunThatIsReleasedIsOver(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "a", shop(t))
	call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 200, nil)
	call(t, s, "DELETE", "/blastgauge/leases/x", "", 204, nil)
	if got := call(t, s, "POST", "/blastgauge/leases", `{"run":"x"}`, 410, nil); !strings.Contains(got, "run x has released this server") {
		t.Errorf("a renewal that comes late is told %s", got)
	}
	call(t, s, "POST", "/proxies/a/toxics", `{"name":"blastgauge.x.1","type":"latency"}`, 410, nil)
	call(t, s, "POST", "/proxies/a/toxics", `{"name":"mine","type":"latency","blastgauge":{"run":"x"}}`, 410, nil)
	if got := names(t, s, "a"); got != "" {
		t.Errorf("left are %q", got)
	}
	call(t, s, "POST", "/blastgauge/leases", `{"run":"y"}`, 200, nil)
	add(t, s, "a", `{"name":"blastgauge.y.1","type":"latency"}`)

	call(t, s, "DELETE", "/blastgauge/leases/z", "", 404, nil) // one that never had a lease, or whose lease lapsed
	call(t, s, "POST", "/proxies/a/toxics", `{"name":"blastgauge.z.1","type":"latency"}`, 410, nil)
	if got := names(t, s, "a"); got != "blastgauge.y.1" {
		t.Errorf("left are %q", got)
	}
}

// Toxics of a run that is released while they are added are gone when both are
// done, whichever was first.
func TestAReleaseBesideAnInjection(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	route(t, s, "a", shop(t))
	for i := range 100 {
		run := fmt.Sprintf("run-%d", i)
		call(t, s, "POST", "/blastgauge/leases", `{"run":"`+run+`"}`, 200, nil)
		var both sync.WaitGroup
		both.Go(func() {
			resp, err := client().Post(s.URL()+"/proxies/a/toxics", "application/json", strings.NewReader(`{"name":"blastgauge.`+run+`.1","type":"latency"}`))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
		})
		call(t, s, "DELETE", "/blastgauge/leases/"+run, "", 204, nil)
		both.Wait()
		if got := names(t, s, "a"); got != "" {
			t.Fatalf("left are %q", got)
		}
	}
}
