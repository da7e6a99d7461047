package checkout

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// Every outcome is counted once, and those that never came are there as well.
func TestMetricsCountEachOutcomeOnce(t *testing.T) {
	t.Parallel()
	c := newCounters(nil)
	for _, a := range []attempt{{failed: true}, {slow: true}, {}, {}} {
		a.arrived = time.Now()
		c.begin()
		c.finish(a)
	}
	w := httptest.NewRecorder()
	c.metrics(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, line := range []string{`shop_checkouts_total{outcome="ok"} 2`, `shop_checkouts_total{outcome="slow"} 1`, `shop_checkouts_total{outcome="failed"} 1`} {
		if !strings.Contains(w.Body.String(), line+"\n") {
			t.Errorf("no %s in %s", line, w.Body.String())
		}
	}
}
