package gateway

import (
	"regexp"
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"/charges", "/charges", true},
		{"/charges", "/charges/", false},
		{"/charges", "/charge", false},
		{"/charges", "", false},
		{"/*", "/", true},
		{"/*", "/charges", true},
		{"/*", "/charges/7", false},
		{"/charges/*", "/charges/7", true},
		{"/charges/*/refund", "/charges/7/refund", true},
		{"/charges/*/refund", "/charges/7/8/refund", false},
		{"/charges/**", "/charges/7/8/refund", true},
		{"/charges/**", "/charges/", true},
		{"/charges/**", "/charges", false},
		{"/charges**", "/charges", true},
		{"**", "", true},
		{"**/refund", "/charges/7/refund", true},
		{"/**/7/*", "/a/b/7/c", true},
		{"/**/7/*", "/a/7/b/7/c", true},
		{"/**/7/*", "/a/b/7/c/d", false},
		{"/a*b*c", "/aXbXbXc", true},
		{"/a*b*c", "/aXbX/bXc", false},
		{"/a*b**c", "/aXbX/bXc", true},
		{"/***", "/a/b", true},
		{"/a%2Fb", "/a%2Fb", true},
		{"*", "*", true},
		{"/.", "/x", false},
	} {
		if got := fits(tt.pattern, []byte(tt.path)); got != tt.want {
			t.Errorf("%s fits %s: %v, want %v", tt.path, tt.pattern, got, tt.want)
		}
	}
}

// FuzzFits compares with the same pattern as a regular expression.
func FuzzFits(f *testing.F) {
	f.Add("/a*b**c/*", "/aXbX/bXc/d")
	f.Add("**/*/**", "/a//b")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) > 40 || len(path) > 200 || strings.ContainsAny(path+pattern, "\n") || !isASCII(pattern+path) {
			return
		}
		expression := regexp.QuoteMeta(pattern)
		expression = strings.ReplaceAll(expression, `\*\*`, `(?s:.*)`)
		expression = strings.ReplaceAll(expression, `\*`, `[^/]*`)
		want := regexp.MustCompile("^" + expression + "$").MatchString(path)
		if got := fits(pattern, []byte(path)); got != want {
			t.Errorf("%q fits %q: %v, want %v", path, pattern, got, want)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 })
}

func TestMatches(t *testing.T) {
	const raw = "POST /charges/7?x=/other HTTP/1.1\r\nHost: payments.test\r\nX-Tenant:  acme \r\nx-tenant: other\r\n" +
		"baggage: k1=v1;p=1, blastgauge.arm = r%201 ,empty=\r\nBaggage: k2=v2\r\n\r\nX-Body: x\r\n\r\n"
	h := head{strict: true}
	h.reset()
	if err := h.feed([]byte(raw)); err != nil || !h.whole {
		t.Fatal(err)
	}
	m := request{&h, []byte(raw)[:h.size]}
	for _, tt := range []struct {
		a    matchAttributes
		want bool
	}{
		{matchAttributes{}, true},
		{matchAttributes{Method: "POST"}, true},
		{matchAttributes{Method: "GET"}, false},
		{matchAttributes{Path: "/charges/*"}, true},
		{matchAttributes{Path: "/other"}, false},
		{matchAttributes{GRPC: "/charges/*"}, false}, // it is no gRPC
		{matchAttributes{Headers: map[string]string{"x-TENANT": "acme"}}, true},
		{matchAttributes{Headers: map[string]string{"X-Tenant": "other"}}, true},
		{matchAttributes{Headers: map[string]string{"X-Tenant": "acm"}}, false},
		{matchAttributes{Headers: map[string]string{"X-Tenan": "acme"}}, false},
		{matchAttributes{Headers: map[string]string{"X-Body": "x"}}, false},
		{matchAttributes{Headers: map[string]string{"host": "payments.test"}}, true},
		{matchAttributes{Headers: map[string]string{"X-Tenant": "acme", "Host": "no"}}, false},
		{matchAttributes{Baggage: map[string]string{"k1": "v1"}}, true},
		{matchAttributes{Baggage: map[string]string{"k2": "v2", "blastgauge.arm": "r 1"}}, true},
		{matchAttributes{Baggage: map[string]string{"empty": ""}}, true},
		{matchAttributes{Baggage: map[string]string{"k1": "v2"}}, false},
		{matchAttributes{Baggage: map[string]string{"k": "v1"}}, false},
		{matchAttributes{Baggage: map[string]string{"p": "1"}}, false},
		{matchAttributes{Method: "POST", Path: "/**", Baggage: map[string]string{"k1": "v1"}, Headers: map[string]string{"x-tenant": "other"}}, true},
	} {
		w := newMatcher(&tt.a)
		if got := w.matches(m); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.a, got, tt.want)
		}
	}
}

func TestPathOfTarget(t *testing.T) {
	for target, want := range map[string]string{
		"/a/b?c": "/a/b", "*": "*", "http://x.test/a?b": "/a", "http://x.test": "/", "http://x.test?/q": "/", "db.test:5432": "db.test:5432", "/a://b/c": "/a://b/c",
	} {
		raw := []byte("GET " + target + " HTTP/1.1\r\n\r\n")
		h := head{strict: true}
		h.reset()
		if err := h.feed(raw); err != nil {
			t.Fatal(err)
		}
		if got := string((request{&h, raw}).path()); got != want {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
}
