package checkout

import (
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// Not parallel: it counts goroutines. Everything hangs, customers wait, and
// Close still ends all of it.
func TestCloseLeavesNothing(t *testing.T) {
	for _, build := range []string{Naive, Hardened} {
		for _, m := range []mode{pass, hang, refused} {
			t.Run(build+" "+string(m), func(t *testing.T) { closeUnder(t, build, m) })
		}
	}
}

func closeUnder(t *testing.T, build string, m mode) {
	before := runtime.NumGoroutine()
	s, err := Start(t.Context(), Options{Storefront: build})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"catalogue", "carts", "pricing", "settings", "payments", "recommendations", "mail"}
	wires, proxied := make(map[string]*wire), make(map[string]string)
	for _, name := range names {
		wires[name] = newWire(t, upstreamOf(t, s, name))
		proxied[name] = wires[name].address
	}
	if err := s.Open(t.Context(), proxied); err != nil {
		t.Fatal(err)
	}
	c := newCustomer(t, s.URL(), time.Minute)
	var f filled
	c.send("POST", "/carts", line{bySKUCard, 1}, &f)
	for _, w := range wires {
		w.set(m)
	}
	hanging := crowd(c, f, 100) // more than the pool of carts
	if m == hang && build == Naive {
		eventually(t, "hung orders", func() bool { return s.fault.storefront.counters.report(time.Time{}, time.Time{}).InFlight >= 50 })
	}
	from := time.Now()
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v", err)
	}
	if took := time.Since(from); took > 20*time.Second {
		t.Errorf("Close() took %v", took)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close() = %v", err)
	}
	if err := s.Open(t.Context(), nil); err == nil {
		t.Error("Open() after Close() = nil, want an error")
	}
	hanging.Wait()
	for _, w := range wires {
		w.close()
	}
	c.http.CloseIdleConnections()
	for _, d := range s.Dependencies() {
		_, address, _ := strings.Cut(d.Upstream, "://")
		if conn, err := net.Dial("tcp", address); err == nil {
			_ = conn.Close()
			t.Errorf("%s still listens", d.Name)
		}
	}
	eventually(t, "end of all goroutines", func() bool {
		if runtime.NumGoroutine() <= before {
			return true
		}
		if t.Context().Err() == nil && time.Since(from) > patient/2 {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		return false
	})
}

// crowd sends n orders and n page views at once, and lets them fail.
func crowd(c *customer, f filled, n int) *sync.WaitGroup {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _ = c.try(http.MethodPost, "/orders", purchase{Cart: f.ID}, nil) })
		all.Go(func() { _, _ = c.try(http.MethodGet, "/products/A-17", nil, nil) })
	}
	return &all
}
