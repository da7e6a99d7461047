package toxiproxy_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// On a stock server nothing else is in force on a proxy while it is down.
func TestWhatDownWouldHideIsRefused(t *testing.T) {
	t.Parallel()
	fault := func(inject, proxy string, from, until time.Duration) plan.Fault {
		f := latencyOn(proxy, "1")
		if f.Inject = inject; inject != "latency" {
			f.Attributes = nil
		}
		f.At, f.Until = from, until
		return f
	}
	down := fault("down", "payments", 10*time.Second, 20*time.Second)
	for name, tt := range map[string]struct {
		faults []plan.Fault
		hidden string // empty: nothing is
	}{
		"alone":             {[]plan.Fault{down}, ""},
		"before":            {[]plan.Fault{fault("latency", "payments", 0, 10*time.Second), down}, ""},
		"after":             {[]plan.Fault{down, fault("latency", "payments", 20*time.Second, 30*time.Second)}, ""},
		"elsewhere":         {[]plan.Fault{down, fault("latency", "carts", 0, time.Minute)}, ""},
		"no down":           {[]plan.Fault{fault("latency", "payments", 0, time.Minute), fault("timeout", "payments", 0, time.Minute)}, ""},
		"all the time":      {[]plan.Fault{fault("latency", "payments", 0, time.Minute), down}, "experiment e: latency into payments and a down fault on proxy payments overlap in time"},
		"into it":           {[]plan.Fault{down, fault("timeout", "payments", 0, 11*time.Second)}, "timeout into payments"},
		"out of it":         {[]plan.Fault{down, fault("timeout", "payments", 19*time.Second, time.Minute)}, "timeout into payments"},
		"down while down":   {[]plan.Fault{down, fault("down", "payments", 15*time.Second, time.Minute)}, "down into payments"},
		"down after down":   {[]plan.Fault{down, fault("down", "payments", 20*time.Second, time.Minute)}, ""},
		"down of the other": {[]plan.Fault{down, fault("down", "carts", 0, time.Minute)}, ""},
	} {
		for kind, version := range map[string]string{"stock": `{"version": "2.12.0"}`, "ours": `{"version": "2.12.0", "blastgauge": "1"}`} {
			t.Run(name+"/"+kind, func(t *testing.T) {
				d, url := served(t, toxiproxy.Options{}, func(w http.ResponseWriter, r *http.Request) {
					if proxy, ok := strings.CutPrefix(r.URL.Path, "/proxies/"); ok {
						page(200, `{"name": "`+proxy+`", "enabled": true, "upstream": "127.0.0.1:1", "toxics": []}`)(w, r)
						return
					}
					if r.URL.Path == "/proxies" {
						page(200, `{}`)(w, r)
						return
					}
					page(200, version)(w, r)
				})
				for i := range tt.faults {
					tt.faults[i].Into = tt.faults[i].Proxy
				}
				p := planOf(tt.faults...)
				// The same faults in another experiment come at another time.
				p.Experiments = append(p.Experiments, plan.Experiment{ID: "other", Faults: []plan.Fault{fault("latency", "payments", 0, time.Minute)}})
				err := d.Preflight(t.Context(), p)
				switch {
				case tt.hidden == "" || kind == "ours":
					if err != nil {
						t.Errorf("Preflight() = %v", err)
					}
				case !errors.Is(err, experiments.ErrInvalid) || !strings.Contains(err.Error(), tt.hidden) || !strings.Contains(err.Error(), url):
					t.Errorf("Preflight() = %v, want an invalid document: %s", err, tt.hidden)
				}
			})
		}
	}
}
