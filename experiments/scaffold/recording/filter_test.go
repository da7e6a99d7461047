package recording

import (
	"net/url"
	"testing"
)

func TestExclusion(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		method, url, kind, mime string
		status                  int
		want                    string
	}{
		"a page":                     {"GET", "http://shop.test/", "document", "text/html", 200, ""},
		"an API":                     {"POST", "http://shop.test/carts", "fetch", "application/json", 201, ""},
		"a stylesheet by its name":   {"GET", "http://shop.test/a.css", "", "", 200, static},
		"a script by its type":       {"GET", "http://shop.test/a", "", "text/javascript", 200, static},
		"a picture that is uploaded": {"POST", "http://shop.test/a.png", "", "", 200, ""},
		"a preflight":                {"OPTIONS", "http://shop.test/carts", "", "", 204, preflight},
		"a socket":                   {"GET", "ws://shop.test/live", "", "", 101, streams},
		"a data URL":                 {"GET", "data:text/plain,x", "", "", 200, NotHTTP},
		"a beacon":                   {"POST", "http://shop.test/x", "beacon", "", 200, telemetry},
		"a metrics host":             {"POST", "http://metrics.shop.test/x", "", "", 200, telemetry},
		"a tracking path":            {"POST", "http://shop.test/collect", "", "", 204, telemetry},
		"a failure":                  {"GET", "http://shop.test/carts", "", "", 503, failed},
		"a method of its own":        {"PURGE", "http://shop.test/carts", "", "", 200, failed},
	} {
		u, err := url.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		x := &Exchange{Method: tt.method, URL: u, Kind: tt.kind, Answer: Answer{Status: tt.status, MIME: tt.mime}}
		if got := x.Exclusion(); got != tt.want {
			t.Errorf("%s: Exclusion() = %q, want %q", name, got, tt.want)
		}
	}
}

func TestSameSite(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host, page string
		want       bool
	}{
		{"shop.test", "shop.test", true}, {"api.shop.test", "shop.test", true}, {"api.shop.test", "www.shop.test", true},
		{"SHOP.test", "www.shop.test", true}, {"shop.test.evil", "shop.test", false}, {"evilshop.test", "shop.test", false},
		{"other.co.uk", "shop.co.uk", false}, {"api.shop.co.uk", "shop.co.uk", true},
		{"127.0.0.1", "127.0.0.1", true}, {"1.127.0.0.1", "127.0.0.1", false}, {"localhost", "localhost", true}, {"a.localhost", "localhost", false},
	} {
		if got := sameSite(tt.host, tt.page); got != tt.want {
			t.Errorf("sameSite(%s, %s) = %t", tt.host, tt.page, got)
		}
	}
}
