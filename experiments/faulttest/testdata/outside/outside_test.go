// Package outside has tests of a module that is not blastgauge's.
package outside

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/faulttest"
)

// Fifty tests at a time, each with dependencies, faults and clients of its own.
func TestInParallel(t *testing.T) {
	var all sync.WaitGroup
	all.Add(50)
	for i := range 50 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			all.Done()
			all.Wait() // none goes on before all have begun
			status := 500 + i
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "sold") }))
			t.Cleanup(srv.Close)
			payments, stock := faulttest.Proxy(t, "payments", srv.URL), faulttest.Proxy(t, "stock", srv.Listener.Addr().String())
			payments.Inject(t, faulttest.HTTPError(status, faulttest.Match("path", "/charges")))
			stock.During(t, faulttest.Latency(20*time.Millisecond), func() {
				begun := time.Now()
				if got := get(t, "http://"+stock.Addr); got != http.StatusOK || time.Since(begun) < 20*time.Millisecond {
					t.Errorf("stock: %d after %v", got, time.Since(begun))
				}
			})
			var calls sync.WaitGroup
			for range 10 {
				calls.Go(func() {
					if got := get(t, payments.URL+"/charges"); got != status {
						t.Errorf("payments: %d, want %d", got, status)
					}
				})
			}
			calls.Wait()
			payments.Met(t)
			stock.Met(t)
			if c := payments.Counts(); c.Faults[0].Met != 10 || c.Requests != 10 {
				t.Errorf("another test's requests: %+v", c)
			}
		})
	}
}

func get(t *testing.T, url string) int {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Error(err)
		return 0
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

// A journey is measured: a retry bears what fails once, and not what is down.
func TestMeasure(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(srv.Close)
	payments := faulttest.Proxy(t, "payments", srv.URL)
	h := faulttest.Measure(t, faulttest.Measurement{
		Journey: func(ctx context.Context) error {
			for range 20 {
				if get(t, payments.URL) == http.StatusNotFound {
					return nil
				}
			}
			return errors.New("unavailable")
		},
		Into: payments, Fault: faulttest.HTTPError(503, faulttest.First(10)),
		Rate: 200, For: time.Second, SlowAfter: time.Minute,
	})
	if h.Met != 10 || h.Verdict != faulttest.Held {
		t.Errorf("%v", h)
	}
}
