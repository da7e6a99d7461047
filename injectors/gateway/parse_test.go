package gateway_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// TestAttributes: what is read is what is shown, with defaults, and can be read
// again.
func TestAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, shown string }{
		{"http_error", `{"status":503}`, `{"status":503,"when":"before"}`},
		{"http_error", `{"status":200,"headers":{"Retry-After":"5"},"body":"x","when":"after","first":3}`,
			`{"status":200,"headers":{"Retry-After":"5"},"body":"x","when":"after","first":3}`},
		{"http_error", `{"status":503,"match":{}}`, `{"status":503,"when":"before"}`},
		{"http_error", `{"status":503,"match":{"method":"post","path":"/a/*","headers":{"X":"y"},"baggage":{"k":"v"}}}`,
			`{"status":503,"when":"before","match":{"method":"POST","path":"/a/*","headers":{"X":"y"},"baggage":{"k":"v"}}}`},
		{"http_error", `{"status":503,"headers":null,"first":0,"when":""}`, `{"status":503,"when":"before"}`},
		{"http_latency", `{"latency":100}`, `{"latency":100,"jitter":0,"when":"before"}`},
		{"http_latency", `{"latency":100,"jitter":100,"when":"after"}`, `{"latency":100,"jitter":100,"when":"after"}`},
		{"http_abort", ``, `{"when":"before"}`},
		{"http_abort", `null`, `{"when":"before"}`},
		{"http_abort", `{"when":"middle"}`, `{"when":"middle"}`},
		{"grpc_error", `{"code":14}`, `{"code":"UNAVAILABLE","when":"before"}`},
		{"grpc_error", `{"code":"not_found","message":"m","match":{"grpc":"/shop.Inventory/*"}}`,
			`{"code":"NOT_FOUND","message":"m","when":"before","match":{"grpc":"/shop.Inventory/*"}}`},
	} {
		for range 2 {
			f, err := gateway.Parse(tt.kind, 0.5, json.RawMessage(tt.given))
			if err != nil {
				t.Fatalf("%s %s: %v", tt.kind, tt.given, err)
			}
			shown, err := json.Marshal(f.Attributes)
			if err != nil || string(shown) != tt.shown {
				t.Errorf("%s %s is shown as %s, want %s (%v)", tt.kind, tt.given, shown, tt.shown, err)
			}
			if f.Kind != tt.kind || f.Share != 0.5 {
				t.Errorf("it is a %s with share %v", f.Kind, f.Share)
			}
			tt.given = tt.shown
		}
	}
}

func TestRefusedAttributes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, part string }{
		{"http_error", ``, "http_error needs status"},
		{"http_error", `{}`, "http_error needs status"},
		{"http_error", `[]`, "the attributes of http_error must be an object"},
		{"http_error", `{"status":42}`, "status must be at least 200"},
		{"http_error", `{"status":100}`, "status must be"},
		{"http_error", `{"status":600}`, "status must be"},
		{"http_error", `{"status":503.5}`, "status must be"},
		{"http_error", `{"status":"503"}`, "status must be"},
		{"http_error", `{"statuz":503}`, `http_error has no attribute "statuz"; it has status, headers, body, when, match and first`},
		{"http_error", `{"Status":503}`, `no attribute "Status"`},
		{"http_error", `{"status":503,"headers":{"a b":"c"}}`, `headers must have names of headers, and "a b" is not one`},
		{"http_error", `{"status":503,"headers":{"X":"a\r\nSet-Cookie: b"}}`, "headers must not hold control characters"},
		{"http_error", `{"status":503,"headers":{"X":5}}`, "headers must be a table of texts"},
		{"http_error", `{"status":503,"headers":{"content-length":"5"}}`, "the proxy writes it itself"},
		{"http_error", `{"status":503,"headers":{"Transfer-Encoding":"chunked"}}`, "the proxy writes it itself"},
		{"http_error", `{"status":503,"body":{"a":1}}`, "body must be a text"},
		{"http_error", `{"status":204,"body":"x"}`, "status 204 has none"},
		{"http_error", `{"status":503,"when":"middle"}`, `when must be before or after, not "middle"`},
		{"http_error", `{"status":503,"first":-1}`, "first must be"},
		{"http_error", `{"status":503,"match":"x"}`, "match must be a mapping"},
		{"http_error", `{"status":503,"match":{"paht":"/x"}}`, `match has no attribute "paht"; it has method, path, grpc, headers, baggage and not`},
		{"http_error", `{"status":503,"match":{"path":"x"}}`, "match.path must begin with /"},
		{"http_error", `{"status":503,"match":{"path":"/x?y=1"}}`, "no query"},
		{"http_error", `{"status":503,"match":{"method":"G T"}}`, "match.method must be"},
		{"http_error", `{"status":503,"match":{"grpc":"shop.Inventory"}}`, "match.grpc must be"},
		{"http_error", `{"status":503,"match":{"headers":{"a:":"b"}}}`, "match.headers must have names of headers"},
		{"http_error", `{"status":503,"match":{"baggage":{"a,b":"c"}}}`, "match.baggage must have keys"},
		{"http_latency", `{}`, "http_latency needs latency"},
		{"http_latency", `{"latency":-1}`, "latency must be"},
		{"http_latency", `{"latency":1e12}`, "latency must be"},
		{"http_latency", `{"latency":1,"jitter":2}`, "jitter must not exceed latency"},
		{"http_abort", `{"status":503}`, `no attribute "status"`},
		{"http_abort", `{"when":"never"}`, `when must be before, after or middle, not "never"`},
		{"grpc_error", `{}`, "grpc_error needs code"},
		{"grpc_error", `{"code":0}`, "code must be CANCELLED, UNKNOWN"},
		{"grpc_error", `{"code":"OK"}`, "code must be"},
		{"grpc_error", `{"code":17}`, "code must be"},
		{"grpc_error", `{"code":-1}`, "code must be"},
		{"grpc_error", `{"code":"BROKEN"}`, "code must be"},
		{"latency", `{"latency":1}`, `no message-level fault is called "latency"`},
	} {
		_, err := gateway.Parse(tt.kind, 1, json.RawMessage(tt.given))
		if err == nil || !strings.Contains(err.Error(), tt.part) {
			t.Errorf("%s %s: %v, want a sentence with %q", tt.kind, tt.given, err, tt.part)
		}
	}
	for _, share := range []float64{-0.1, 1.1, 7, math.NaN(), math.Inf(1)} {
		if _, err := gateway.Parse("http_abort", share, nil); err == nil || !strings.Contains(err.Error(), "toxicity must be between 0 and 1") {
			t.Errorf("share %v: %v", share, err)
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, scheme := range gateway.Schemes() {
		if _, err := gateway.New(gateway.Options{Scheme: scheme, Address: "payments.test:80"}); err != nil {
			t.Errorf("%s: %v", scheme, err)
		}
	}
	for _, o := range []gateway.Options{{Scheme: "gopher", Address: "a:1"}, {Address: "a:1"}, {Scheme: "http", Address: "no port"}} {
		if _, err := gateway.New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

// FuzzParse: whatever is accepted is shown in a form that is accepted again, and
// means the same.
func FuzzParse(f *testing.F) {
	f.Add("http_error", `{"status":503,"headers":{"A":"b"},"match":{"path":"/**","baggage":{"a":"b"}}}`)
	f.Add("http_latency", `{"latency":5,"jitter":2,"when":"after","first":9}`)
	f.Add("grpc_error", `{"code":"UNAVAILABLE","message":"é%"}`)
	f.Fuzz(func(t *testing.T, kind, attributes string) {
		parsed, err := gateway.Parse(kind, 1, json.RawMessage(attributes))
		if err != nil {
			return
		}
		shown, err := json.Marshal(parsed.Attributes)
		if err != nil {
			t.Fatal(err)
		}
		again, err := gateway.Parse(kind, 1, shown)
		if err != nil {
			t.Fatalf("%s is shown as %s: %v", attributes, shown, err)
		}
		if b, _ := json.Marshal(again.Attributes); string(b) != string(shown) {
			t.Fatalf("%s becomes %s", shown, b)
		}
	})
}
