package scaffold

import "testing"

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
		"a data URL":                 {"GET", "data:text/plain,x", "", "", 200, notHTTP},
		"a beacon":                   {"POST", "http://shop.test/x", "beacon", "", 200, telemetry},
		"a metrics host":             {"POST", "http://metrics.shop.test/x", "", "", 200, telemetry},
		"a tracking path":            {"POST", "http://shop.test/collect", "", "", 204, telemetry},
		"a failure":                  {"GET", "http://shop.test/carts", "", "", 503, failed},
		"a method of its own":        {"PURGE", "http://shop.test/carts", "", "", 200, failed},
	} {
		x := newExchange(t, tt.method, tt.url, "")
		x.kind, x.answer = tt.kind, answer{status: tt.status, mime: tt.mime}
		if got := x.exclusion(); got != tt.want {
			t.Errorf("%s: exclusion() = %q, want %q", name, got, tt.want)
		}
	}
}
