package checkout

import (
	"fmt"
	"net/http"
)

// metrics answers GET /metrics: the outcomes of all checkouts, as Prometheus reads them. All
// are there from the beginning, so that the first harm is an increase.
func (c *counters) metrics(w http.ResponseWriter, _ *http.Request) {
	c.mu.Lock()
	all := c.all
	c.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = fmt.Fprintf(w, "# HELP shop_checkouts_total Checkouts that have ended, by outcome.\n# TYPE shop_checkouts_total counter\n"+
		"shop_checkouts_total{outcome=\"ok\"} %d\nshop_checkouts_total{outcome=\"slow\"} %d\nshop_checkouts_total{outcome=\"failed\"} %d\n",
		all.Total-all.Slow-all.Failed, all.Slow, all.Failed) // a scrape that is gone is missing
}
