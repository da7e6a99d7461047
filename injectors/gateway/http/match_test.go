package http

import (
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

func TestMatches(t *testing.T) {
	t.Parallel()
	const raw = "POST /charges/7?x=/other HTTP/1.1\r\nHost: payments.test\r\nX-Tenant:  acme \r\nx-tenant: other\r\n" +
		"baggage: k1=v1;p=1, blastgauge.arm = r%201 ,empty=\r\nBaggage: k2=v2\r\n\r\nX-Body: x\r\n\r\n"
	h := head{strict: true}
	h.reset()
	if err := h.feed([]byte(raw)); err != nil || !h.whole {
		t.Fatal(err)
	}
	m := http1Request{&h, []byte(raw)[:h.size]}
	for _, tt := range []struct {
		a    injectors.Attributes
		want bool
	}{
		{nil, true},
		{injectors.Attributes{"method": "POST"}, true},
		{injectors.Attributes{"method": "GET"}, false},
		{injectors.Attributes{"path": "/charges/*"}, true},
		{injectors.Attributes{"path": "/other"}, false},
		{injectors.Attributes{"grpc": "/charges/*"}, false}, // it is no gRPC
		{injectors.Attributes{"headers": map[string]any{"x-TENANT": "acme"}}, true},
		{injectors.Attributes{"headers": map[string]any{"X-Tenant": "other"}}, true},
		{injectors.Attributes{"headers": map[string]any{"X-Tenant": "acm"}}, false},
		{injectors.Attributes{"headers": map[string]any{"X-Tenan": "acme"}}, false},
		{injectors.Attributes{"headers": map[string]any{"X-Body": "x"}}, false},
		{injectors.Attributes{"headers": map[string]any{"host": "payments.test"}}, true},
		{injectors.Attributes{"headers": map[string]any{"X-Tenant": "acme", "Host": "no"}}, false},
		{injectors.Attributes{"baggage": map[string]any{"k1": "v1"}}, true},
		{injectors.Attributes{"baggage": map[string]any{"k2": "v2", "blastgauge.arm": "r 1"}}, true},
		{injectors.Attributes{"baggage": map[string]any{"empty": ""}}, true},
		{injectors.Attributes{"baggage": map[string]any{"k1": "v2"}}, false},
		{injectors.Attributes{"baggage": map[string]any{"k": "v1"}}, false},
		{injectors.Attributes{"baggage": map[string]any{"p": "1"}}, false},
		{injectors.Attributes{"method": []any{"GET", "POST"}}, true},
		{injectors.Attributes{"method": []any{"GET", "PUT"}}, false},
		{injectors.Attributes{"path": []any{"/refunds", "/charges/*"}, "method": "POST"}, true},
		{injectors.Attributes{"path": []any{"/refunds", "/charges/*"}, "method": "GET"}, false},
		{injectors.Attributes{"headers": map[string]any{"X-Tenant": []any{"shop", "other"}}}, true},
		{injectors.Attributes{"headers": map[string]any{"X-Tenant": []any{"shop", "acm"}}}, false},
		{injectors.Attributes{"baggage": map[string]any{"k1": []any{"v0", "v1"}, "blastgauge.arm": "r 1"}}, true},
		{injectors.Attributes{"baggage": map[string]any{"k1": []any{"v0", "v1"}, "blastgauge.arm": "r 2"}}, false},
		{injectors.Attributes{"not": map[string]any{"path": "/health"}}, true},
		{injectors.Attributes{"not": map[string]any{"path": []any{"/health", "/charges/*"}}}, false},
		{injectors.Attributes{"not": map[string]any{"path": "/charges/*", "method": "GET"}}, true}, // all of them spare, not each
		{injectors.Attributes{"not": map[string]any{"path": "/charges/*", "method": []any{"GET", "POST"}}}, false},
		{injectors.Attributes{"path": "/charges/*", "not": map[string]any{"path": "/charges/7"}}, false},
		{injectors.Attributes{"path": "/charges/*", "not": map[string]any{"path": "/charges/8"}}, true},
		{injectors.Attributes{"not": map[string]any{"headers": map[string]any{"x-tenant": "acme"}}}, false},
		{injectors.Attributes{"not": map[string]any{"headers": map[string]any{"x-tenant": "acme", "X-Body": "x"}}}, true},
		{injectors.Attributes{"not": map[string]any{"baggage": map[string]any{"k2": []any{"v2", "v3"}}}}, false},
		{injectors.Attributes{"not": map[string]any{"grpc": "**"}}, true}, // it is no gRPC
		{injectors.Attributes{"method": "POST", "path": "/**", "baggage": map[string]any{"k1": "v1"}, "headers": map[string]any{"x-tenant": "other"}}, true},
	} {
		f := newFilter(tt.a)
		if got := f.matches(m); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.a, got, tt.want)
		}
	}
}

// Looking at a request allocates nothing, whatever a fault says.
func TestMatchesAllocatesNothing(t *testing.T) {
	raw := []byte("POST /charges/7 HTTP/1.1\r\nHost: payments.test\r\nX-Tenant: acme\r\nbaggage: k1=v1\r\n\r\n")
	h := head{strict: true}
	h.reset()
	if err := h.feed(raw); err != nil || !h.whole {
		t.Fatal(err)
	}
	var r request = http1Request{&h, raw}
	f := newFilter(injectors.Attributes{
		"method": []any{"GET", "POST"}, "path": []any{"/refunds/*", "/charges/*"}, "headers": map[string]any{"X-Tenant": []any{"shop", "acme"}},
		"not": map[string]any{"path": "/**", "baggage": map[string]any{"k1": []any{"v2", "v3"}}},
	})
	if !f.matches(r) {
		t.Fatal("the request does not match")
	}
	if n := testing.AllocsPerRun(100, func() { f.matches(r) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkMatches measures what a fault costs a request that it is about.
func BenchmarkMatches(b *testing.B) {
	raw := []byte("POST /charges/7 HTTP/1.1\r\nHost: payments.test\r\nX-Tenant: acme\r\nbaggage: k1=v1\r\n\r\n")
	h := head{strict: true}
	h.reset()
	if err := h.feed(raw); err != nil {
		b.Fatal(err)
	}
	var r request = http1Request{&h, raw}
	for name, match := range map[string]injectors.Attributes{
		"one":     {"method": "POST", "path": "/charges/*"},
		"baggage": {"baggage": map[string]any{"k1": "v1"}},
	} {
		b.Run(name, func(b *testing.B) {
			f := newFilter(match)
			b.ReportAllocs()
			for b.Loop() {
				if !f.matches(r) {
					b.Fatal("the request does not match")
				}
			}
		})
	}
}

func TestPathOfTarget(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"/a/b?c": "/a/b", "*": "*", "http://x.test/a?b": "/a", "http://x.test": "/", "http://x.test?/q": "/", "db.test:5432": "db.test:5432", "/a://b/c": "/a://b/c",
	} {
		raw := []byte("GET " + target + " HTTP/1.1\r\n\r\n")
		h := head{strict: true}
		h.reset()
		if err := h.feed(raw); err != nil {
			t.Fatal(err)
		}
		if got := string((http1Request{&h, raw}).path()); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
