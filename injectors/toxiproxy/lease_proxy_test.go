package toxiproxy_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// leasing is a server of ours as far as its leases go: one run at a time.
func leasing(t *testing.T) *toxiproxy.Driver {
	t.Helper()
	var mu sync.Mutex
	holder := ""
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		run, one := strings.CutPrefix(r.URL.Path, "/blastgauge/leases/")
		switch {
		case r.URL.Path == "/version":
			page(200, `{"version": "2.12.0", "blastgauge": "1"}`)(w, r)
		case r.Method == "POST":
			var asked struct {
				Run     string
				Seconds float64
			}
			if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || asked.Run == "" || !(asked.Seconds > 0) {
				t.Errorf("a lease was asked for with %+v, %v", asked, err)
			}
			if holder != "" && holder != asked.Run {
				page(409, `{"error": "leased", "status": 409}`)(w, r)
				return
			}
			holder = asked.Run
			page(201, "{}")(w, r)
		case r.Method == "GET":
			page(200, `[{"run": "`+holder+`"}]`)(w, r)
		case one && r.Method == "DELETE" && run == holder:
			holder = ""
			page(204, "")(w, r)
		default:
			page(404, `{"error": "lease not found", "status": 404}`)(w, r)
		}
	})
	return d
}

func TestOneRunAtATimeOnOurs(t *testing.T) {
	t.Parallel()
	d := leasing(t)
	first, err := d.Acquire(t.Context(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Acquire(t.Context(), "run-2"); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), "run run-1 is using this server") {
		t.Errorf("Hold() of a second run = %v, want it refused, naming the first", err)
	}
	for range 2 {
		if err := first(t.Context()); err != nil {
			t.Error(err)
		}
	}
	second, err := d.Acquire(t.Context(), "run-2")
	if err != nil {
		t.Fatalf("Hold() after the release = %v", err)
	}
	if err := second(t.Context()); err != nil {
		t.Error(err)
	}
}

// Adding a toxic again would draw anew who is affected.
func TestAFaultThatIsInForceIsLeftAlone(t *testing.T) {
	t.Parallel()
	d, _ := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/version":
			page(200, `{"version": "2.12.0"}`)(w, r)
		case r.Method != "GET":
			t.Errorf("%s %s was sent", r.Method, r.URL)
		default:
			page(200, `{"name": "payments", "enabled": true, "toxics": [{"name": "blastgauge.20261124t000000z-driver.1",
				"type": "latency", "stream": "downstream", "toxicity": 1, "attributes": {"latency": 100, "jitter": 0}}]}`)(w, r)
		}
	})
	if err := d.Inject(t.Context(), latencyOn("payments", "1")); err != nil {
		t.Error(err)
	}
}
