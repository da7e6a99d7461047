package checkout

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func windowOf(from, to time.Time) string {
	return "/counters?" + url.Values{
		"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)},
	}.Encode()
}

// What the storefront counted is exactly what its customers saw, also when many
// come at once and a fault comes and goes.
func TestCountersMatchWhatCustomersSaw(t *testing.T) {
	t.Parallel()
	s, wires := openShop(t, Naive, "payments")
	c := newCustomer(t, s.URL(), patient)
	start := time.Now()
	first := buyTogether(c, 60, nil)
	between := time.Now()
	second := buyTogether(c, 60, func(i int) {
		switch i {
		case 20:
			wires["payments"].set(reset)
		case 40:
			wires["payments"].set(pass)
		}
	})
	end := time.Now()
	if first.Failed != 0 || second.Failed == 0 || second.Failed == second.Total {
		t.Errorf("failed %d and then %d: want none, then some", first.Failed, second.Failed)
	}
	both := outcomes{Total: first.Total + second.Total, Failed: first.Failed + second.Failed}
	for name, tt := range map[string]struct {
		path string
		want outcomes
	}{
		"all":         {"/counters", both},
		"whole":       {windowOf(start, end), both},
		"before":      {windowOf(start, between), first},
		"fault":       {windowOf(between, end), second},
		"nothing yet": {windowOf(end, end.Add(time.Hour)), outcomes{}},
		"half-open":   {windowOf(end, end), outcomes{}},
	} {
		var got counted
		c.send("GET", tt.path, nil, &got)
		got.Checkouts.Slow = 0 // depends on the machine; TestSlowIsCounted has it
		if got.Checkouts != tt.want || got.InFlight != 0 {
			t.Errorf("%s: %+v, %d in flight, want %+v", name, got.Checkouts, got.InFlight, tt.want)
		}
		var sum outcomes
		for _, s := range got.Seconds {
			sum.Total += s.Total
			sum.Failed += s.Failed
		}
		if sum != tt.want {
			t.Errorf("%s: seconds sum up to %+v, want %+v", name, sum, tt.want)
		}
	}
	var got counted
	if c.send("GET", "/counters", nil, &got); got.Calls["carts"] < 2*both.Total || got.Calls["payments"] < both.Total {
		t.Errorf("calls = %v for %d checkouts", got.Calls, both.Total)
	}
}

// buyTogether lets n customers fill carts and order at the same time; before
// runs as each starts. It returns what they saw of their orders.
func buyTogether(c *customer, n int, before func(i int)) outcomes {
	var saw outcomes
	var mu sync.Mutex
	var all sync.WaitGroup
	carts := make(chan filled, n)
	for range n {
		all.Go(func() {
			var f filled
			c.send("POST", "/carts", line{bySKUCard, 1}, &f)
			carts <- f
		})
	}
	all.Wait()
	gate := make(chan struct{}, 8)
	for i := range n {
		gate <- struct{}{}
		if before != nil {
			before(i)
		}
		f := <-carts
		all.Go(func() {
			status := c.send("POST", "/orders", purchase{Cart: f.ID}, nil)
			<-gate
			mu.Lock()
			defer mu.Unlock()
			saw.add(attempt{failed: status != http.StatusCreated})
		})
	}
	all.Wait()
	return saw
}

// A customer who leaves is counted as failed at once, and not again when the
// hung work behind it ends.
func TestLeavingIsCountedOnce(t *testing.T) {
	t.Parallel()
	s, wires := openShop(t, Naive, "payments")
	wires["payments"].set(hang)
	if step, status := checkoutThatHangs(t, s.URL(), "pay"); step != "pay" || status != hung {
		t.Fatalf("stopped at %q with %d, want pay to hang", step, status)
	}
	reader := newCustomer(t, s.URL(), patient)
	var got counted
	eventually(t, "count", func() bool {
		reader.send("GET", "/counters", nil, &got)
		return got.InFlight == 0
	})
	want := outcomes{Total: 1, Failed: 1}
	if got.Checkouts != want {
		t.Errorf("counted %+v, want %+v", got.Checkouts, want)
	}
	wires["payments"].set(pass)
	sent := got.Calls["payments"]
	eventually(t, "retry of the naive build", func() bool {
		reader.send("GET", "/counters", nil, &got)
		return got.Calls["payments"] > sent
	})
	if reader.send("GET", "/counters", nil, &got); got.Checkouts != want {
		t.Errorf("counted %+v after the hang, want %+v", got.Checkouts, want)
	}
}

func TestSlowIsCounted(t *testing.T) {
	tests := map[string]struct {
		takes  time.Duration
		status int
		want   outcomes
	}{
		"fast":            {10 * time.Millisecond, 201, outcomes{Total: 1}},
		"just in time":    {time.Second, 201, outcomes{Total: 1}},
		"slow":            {time.Second + 1, 201, outcomes{Total: 1, Slow: 1}},
		"failed":          {10 * time.Millisecond, 502, outcomes{Total: 1, Failed: 1}},
		"failed and slow": {time.Minute, 504, outcomes{Total: 1, Failed: 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCounters([]string{"payments"})
				h := c.watch(func(w http.ResponseWriter, _ *http.Request) {
					time.Sleep(tt.takes)
					w.WriteHeader(tt.status)
				})
				h(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "POST", "/orders", nil))
				if got := c.report(time.Time{}, time.Time{}).Checkouts; got != tt.want {
					t.Errorf("counted %+v, want %+v", got, tt.want)
				}
			})
		})
	}
}

// Totals are kept for ever, single attempts for 15 minutes.
func TestCountersForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCounters(nil)
		for range 20 * 60 {
			c.begin()
			c.finish(attempt{arrived: time.Now()})
			time.Sleep(time.Second)
		}
		got := c.report(time.Time{}, time.Time{})
		if got.Checkouts.Total != 1200 || len(got.Seconds) < 900 || len(got.Seconds) > 901 {
			t.Errorf("%d attempts in all, %d seconds, want 1200 and 900", got.Checkouts.Total, len(got.Seconds))
		}
		for query, want := range map[string]int{
			fmt.Sprintf("from=%s", url.QueryEscape(time.Now().Add(-20*time.Minute).Format(time.RFC3339))): 400,
			fmt.Sprintf("from=%s", url.QueryEscape(time.Now().Add(-10*time.Minute).Format(time.RFC3339))): 200,
			"to=noon": 400,
		} {
			w := httptest.NewRecorder()
			c.serve(w, httptest.NewRequestWithContext(context.Background(), "GET", "/counters?"+query, nil))
			if w.Code != want {
				t.Errorf("%s: %d, want %d", query, w.Code, want)
			}
		}
	})
}
