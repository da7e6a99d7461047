package systemtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
)

// mostRestarts is how often a replica restarts at the most. With what each takes they are
// over before a fault of twenty scrapes is.
const mostRestarts = 5

// restart lets the counters of the first replica begin anew, so that Prometheus has the
// scrape before it and the one after it. Where one of them is missing, as on a machine with
// too much to do, the truth is a gap and no restart: then the replica restarts again.
func (c *Counted) restart(ctx context.Context) {
	for range mostRestarts {
		c.RestartReplica()
		for end := time.Now().Add(3 * c.o.Scrape); ctx.Err() == nil && time.Now().Before(end); time.Sleep(c.o.Scrape / 10) {
			if c.server.sawRestart(ctx, c.replicas[0].address, c.o.Scrape) {
				return
			}
		}
	}
}

// sawRestart reports whether counters of a replica fell between two scrapes that are next to
// each other.
func (s *prometheusServer) sawRestart(ctx context.Context, instance string, scrape time.Duration) bool {
	selector := fmt.Sprintf("shop_checkouts_total{instance=%q}[%dms]", instance, 10*scrape.Milliseconds())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/v1/query?"+url.Values{"query": {selector}}.Encode(), http.NoBody)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false // it is asked again
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it was only read
	return err == nil && fellWithin(text, time.Duration(experiments.Straddle*float64(scrape)))
}

// fellWithin reports whether a counter of an answer fell from one sample to the next, and the
// two are no farther apart than neighbouring scrapes.
func fellWithin(answer []byte, most time.Duration) bool {
	var a struct {
		Data struct {
			Result []struct {
				Values [][2]any `json:"values"` // seconds, and a number as a text
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return false
	}
	for _, series := range a.Data.Result {
		var last, lastAt float64
		for i, v := range series.Values {
			at, isNumber := v[0].(float64)
			text, isText := v[1].(string)
			value, err := strconv.ParseFloat(text, 64)
			if !isNumber || !isText || err != nil {
				return false
			}
			if i > 0 && value < last && at-lastAt <= most.Seconds() {
				return true
			}
			last, lastAt = value, at
		}
	}
	return false
}
