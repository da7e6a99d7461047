package checkout

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkCheckout is one whole checkout: the customer's requests, the
// storefront's, and every dependency, all in this process. With the default of
// several customers at once, the inverse of the CPU time per operation is what
// one core sustains; the demo needs 40 of them a second.
func BenchmarkCheckout(b *testing.B) {
	for _, build := range []string{Naive, Hardened} {
		b.Run(build, func(b *testing.B) {
			s, err := Start(b.Context(), Options{Storefront: build})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			if err := s.Open(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			transport := &http.Transport{MaxIdleConnsPerHost: 64}
			defer transport.CloseIdleConnections()
			c := &customer{url: s.URL(), http: &http.Client{Transport: transport, Timeout: 10 * time.Second}}
			var failed atomic.Int64
			b.SetParallelism(16)
			b.ReportAllocs()
			from := cpuTime(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					if !c.buy(assortment()[i%16].SKU) {
						failed.Add(1)
					}
				}
			})
			b.ReportMetric(float64((cpuTime(b)-from).Microseconds())/float64(b.N), "cpu-µs/op")
			if n := failed.Load(); n > 0 {
				b.Errorf("%d of %d checkouts failed", n, b.N)
			}
		})
	}
}

// buy is checkout without a test.
func (c *customer) buy(sku string) bool {
	var f filled
	steps := []func() (int, error){
		func() (int, error) { return c.try("GET", "/products", nil, nil) },
		func() (int, error) { return c.try("GET", "/products/"+sku, nil, nil) },
		func() (int, error) { return c.try("POST", "/carts", line{sku, 1}, &f) },
		func() (int, error) { return c.try("POST", "/orders", purchase{Cart: f.ID}, nil) },
	}
	for _, step := range steps {
		if status, err := step(); err != nil || status/100 != 2 {
			return false
		}
	}
	return true
}
