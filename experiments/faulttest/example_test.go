package faulttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/faulttest"
)

// newT stands in for the t of a test, which an example does not have. What fails is printed.
func newT() *exampleT { return &exampleT{} }

type exampleT struct {
	testing.TB
	cleanups []func()
}

func (t *exampleT) Helper()                           {}
func (t *exampleT) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Context() context.Context          { return context.Background() }
func (t *exampleT) Log(...any)                        {}
func (t *exampleT) Errorf(format string, args ...any) { fmt.Printf("FAIL "+format+"\n", args...) }
func (t *exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// end is what happens when a test has ended.
func (t *exampleT) end() {
	for i := len(t.cleanups) - 1; i >= 0; i-- {
		t.cleanups[i]()
	}
}

// A shop calls payments, and tries so often.
type paymentsClient struct {
	url   string
	tries int
}

func (s paymentsClient) checkout(ctx context.Context) error {
	last := errors.New("not tried")
	for range s.tries {
		r, err := http.NewRequestWithContext(ctx, "POST", s.url+"/charges", http.NoBody)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			last = err
			continue
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		if _ = answer.Body.Close(); answer.StatusCode == http.StatusOK {
			return nil
		}
		last = errors.New(answer.Status)
	}
	return last
}

func Example() {
	t := newT() // in a test: func TestCheckout(t *testing.T)
	defer t.end()

	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	payments := faulttest.Proxy(t, "payments", srv.URL)

	shop := paymentsClient{payments.URL, 1}
	fmt.Println("as ever:", shop.checkout(t.Context()))
	payments.Inject(t, faulttest.HTTPError(503, faulttest.Match("path", "/charges")))
	fmt.Println("fault:  ", shop.checkout(t.Context()))
	payments.Met(t)
	// Output:
	// as ever: <nil>
	// fault:   503 Service Unavailable
}

func ExampleDependency_During() {
	t := newT()
	defer t.end()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	payments := faulttest.Proxy(t, "payments", srv.URL)
	shop := paymentsClient{payments.URL, 2} // it tries twice

	payments.During(t, faulttest.HTTPError(503, faulttest.First(1)), func() {
		fmt.Println("one fails:", shop.checkout(t.Context()))
	})
	payments.During(t, faulttest.HTTPError(503), func() {
		fmt.Println("all fail: ", shop.checkout(t.Context()))
	})
	fmt.Println("it is over:", shop.checkout(t.Context()))
	for _, f := range payments.Counts().Faults {
		fmt.Printf("%s: met by %d of %d\n", f.Fault, f.Met, f.Of)
	}
	// Output:
	// one fails: <nil>
	// all fail:  503 Service Unavailable
	// it is over: <nil>
	// http_error status 503, first 1: met by 1 of 2
	// http_error status 503: met by 2 of 2
}

func ExampleDependency_Met() {
	t := newT()
	defer t.end()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	payments := faulttest.Proxy(t, "payments", srv.URL)

	payments.Inject(t, faulttest.HTTPError(503, faulttest.Match("path", "/charge"))) // it is /charges
	fmt.Println(paymentsClient{payments.URL, 1}.checkout(t.Context()))
	payments.Met(t)
	// Output:
	// <nil>
	// FAIL faulttest: nobody met http_error status 503 for /charge into payments: 0 of 1 requests match; what came was POST /charges
}

func ExampleMeasure() {
	t := newT()
	defer t.end()
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(srv.Close)
	payments := faulttest.Proxy(t, "payments", srv.URL)

	harm := faulttest.Measure(t, faulttest.Measurement{
		Journey: paymentsClient{payments.URL, 30}.checkout, // it tries often enough
		Into:    payments,
		Fault:   faulttest.HTTPError(503, faulttest.First(20)),
		Rate:    600, For: time.Second, SlowAfter: time.Minute,
		Limit: 0.05,
	})
	fmt.Println(harm.Verdict, "- requests that failed:", harm.Met, "- journeys that did:", harm.Under.Failed)
	// Output:
	// held - requests that failed: 20 - journeys that did: 0
}

func ExampleHTTPConfig() {
	t := newT()
	defer t.end()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"price": {"factor": 1}}`)
	}))
	t.Cleanup(srv.Close)
	settings := faulttest.Proxy(t, "settings", srv.URL)

	settings.During(t, faulttest.HTTPConfig("scale", faulttest.Attributes{"path": "/price/factor", "by": 100}), func() {
		answer, err := http.Get(settings.URL)
		if err != nil {
			t.Fatalf("%v", err)
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		fmt.Println(string(text))
	})
	// Output:
	// {"price": {"factor": 100}}
}

func ExampleMatch() {
	fmt.Println(faulttest.HTTPError(503, faulttest.Match("method", "POST"), faulttest.Match("path", "/charges", "/refunds/**"), faulttest.Share(0.2)))
	fmt.Println(faulttest.HTTPLatency(2*time.Second, faulttest.Match("headers.X-Tenant", "acme"), faulttest.Spare("path", "/health")))
	fmt.Println(faulttest.RedisError("READONLY", faulttest.Match("key", "cart:*")))
	fmt.Println(faulttest.PostgresError("40001", faulttest.After(), faulttest.Match("statement", "commit")))
	// Output:
	// http_error status 503 for POST /charges or /refunds/**, share 20%
	// http_latency latency 2s for all X-Tenant=acme but /health
	// redis_error error READONLY for cart:*
	// postgres_error sqlstate 40001, when after for commit
}
