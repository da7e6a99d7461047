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
		{injectors.Attributes{"method": "POST", "path": "/**", "baggage": map[string]any{"k1": "v1"}, "headers": map[string]any{"x-tenant": "other"}}, true},
	} {
		f := newFilter(tt.a)
		if got := f.matches(m); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.a, got, tt.want)
		}
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
