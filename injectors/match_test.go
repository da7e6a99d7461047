package injectors_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

// Lists and not are read as they were sent, and shown so: a single value stays a text.
func TestMatchIsShownAsItWasSent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, shown string }{
		{"http_error", `{"status":503,"match":{"path":"/a"}}`, `{"status":503,"match":{"path":"/a"}}`},
		{"http_error", `{"status":503,"match":{"path":["/a"]}}`, `{"status":503,"match":{"path":["/a"]}}`},
		{"http_error", `{"status":503,"match":{"not":{"path":["/b","/a"],"method":"get"},"method":["post","PUT"]}}`,
			`{"status":503,"match":{"method":["POST","PUT"],"not":{"method":"GET","path":["/b","/a"]}}}`},
		{"http_error", `{"status":503,"match":{"not":null,"path":"/a"}}`, `{"status":503,"match":{"path":"/a"}}`},
		{"http_abort", `{"match":{"headers":{"X":["a","b"],"Y":"c"},"not":{"baggage":{"k":["v"]}}}}`, `{"match":{"headers":{"X":["a","b"],"Y":"c"},"not":{"baggage":{"k":["v"]}}}}`},
		{"grpc_error", `{"code":"UNAVAILABLE","match":{"grpc":["/a.B/C","/a.B/D"]}}`, `{"code":"UNAVAILABLE","match":{"grpc":["/a.B/C","/a.B/D"]}}`},
		{"redis_error", `{"error":"OOM","match":{"command":["set, get","config  get"],"not":{"key":"s:*"}}}`, `{"error":"OOM","match":{"command":["SET, GET","CONFIG GET"],"not":{"key":"s:*"}}}`},
		{"postgres_latency", `{"latency":5,"match":{"statement":["insert","update"],"not":{"sql":"*health*"}}}`, `{"latency":5,"match":{"statement":["insert","update"],"not":{"sql":"*health*"}}}`},
		{"http_config", `{"drop":{},"match":{"not":{"path":"/health"}}}`, `{"match":{"not":{"path":"/health"}},"drop":{}}`},
	} {
		k, _ := injectors.LookupWire(tt.kind)
		read, err := k.ReadWire(json.RawMessage(tt.given))
		if err != nil {
			t.Errorf("%s %s: %v", tt.kind, tt.given, err)
			continue
		}
		shown, err := k.ShowWire(read)
		if err != nil || string(shown) != tt.shown {
			t.Errorf("%s %s is shown as %s (%v), want %s", tt.kind, tt.given, shown, err, tt.shown)
		}
		var sent, back map[string]any
		wire, err := json.Marshal(k.OnWire(read))
		if err != nil || json.Unmarshal(wire, &sent) != nil || json.Unmarshal(shown, &back) != nil || !reflect.DeepEqual(sent["match"], back["match"]) {
			t.Errorf("%s is sent as %s and shown as %s (%v)", tt.given, wire, shown, err)
		}
	}
}

// Mistakes name the value at fault; what is meant to leave something out is answered
// with how that is written.
func TestMistakesInMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, match, attribute, says string }{
		{"http_abort", `{"path":[]}`, "match.path", "empty"},
		{"http_abort", `{"path":["/a",""]}`, "match.path[1]", "text"},
		{"http_abort", `{"path":["/a",5]}`, "match.path[1]", "text"},
		{"http_abort", `{"path":["/a","b"]}`, "match.path[1]", "/"},
		{"http_abort", `{"path":["/a","/b","/a"]}`, "match.path[2]", "twice"},
		{"http_abort", `{"method":["post","POST"]}`, "match.method[1]", "twice"},
		{"http_abort", `{"path":[["/a"]]}`, "match.path[0]", "text"},
		{"http_abort", `{"headers":{"X":[]}}`, "match.headers.X", "empty"},
		{"http_abort", `{"headers":{"X":["a","a"]}}`, "match.headers.X[1]", "twice"},
		{"http_abort", `{"not":{}}`, "match.not", "not: {path: /health}"},
		{"http_abort", `{"not":{"path":""}}`, "match.not", "empty"},
		{"http_abort", `{"not":{"path":[]}}`, "match.not.path", "empty"},
		{"http_abort", `{"not":"/health"}`, "match.not", "mapping"},
		{"http_abort", `{"not":{"not":{"path":"/a"}}}`, "match.not.not", "a not within a not"},
		{"http_abort", `{"path":"!/health"}`, "match.path", "not: {path: /health}"},
		{"http_abort", `{"path":["/a","!/health"]}`, "match.path[1]", "not: {path: /health}"},
		{"http_abort", `{"method":"!GET"}`, "match.method", "not: {method: GET}"},
		{"http_abort", `{"path":{"not":"/health"}}`, "match.path", "not: {path: /health}"},
		{"http_abort", `{"exclude":"/health"}`, "match.exclude", "not: {path: /health}"},
		{"http_abort", `{"path":"/a","not":{"path":"/a"}}`, "match.not", "never"},
		{"http_abort", `{"path":["/a","/b"],"method":"POST","not":{"path":["/b","/a","/c"]}}`, "match.not", "never"},
		{"http_abort", `{"headers":{"X":"a"},"not":{"headers":{"x":["a","b"]}}}`, "match.not", "never"},
		{"http_abort", `{"not":{"path":"/**"}}`, "match.not", "never"},
		{"http_abort", `{"not":"/health"}`, "match.not", "write not: {path: /health}"},
		{"http_abort", `{"not":"reads"}`, "match.not", "write not: {path: /health}"},
		{"http_abort", `{"not":["/ready","/live"]}`, "match.not", "write not: {path: [/ready, /live]}"},
		{"http_abort", `{"not":[{"path":"/ready"}]}`, "match.not", "write not: {path: /health}"},
		{"http_abort", `{"not":[]}`, "match.not", "write not: {path: /health}"},
		{"http_abort", `{"not":0}`, "match.not", "write not: {path: /health}"},
		{"http_abort", `{"not":false}`, "match.not", "write not: {path: /health}"},
		{"http_abort", `{"not":""}`, "match.not", "write not: {path: /health}"}, // else all would be meant
		{"http_abort", `{"not":{"pat":"/a"}}`, "match.not.pat", "match.not has no attribute"},
		{"http_abort", `{"not":{"not":null}}`, "match.not.not", "a not within a not"},
		{"http_abort", `{"unless":{"path":"/a"}}`, "match.unless", "not: {path: /health}"},
		{"http_abort", `{"path":["/a",null]}`, "match.path[1]", "text"},
		{"http_abort", `{"path":["/a",{"not":"/b"}]}`, "match.path[1]", "text"},
		{"http_abort", `{"headers":{"X":{"not":"a"}}}`, "match.headers", "not: {headers: {X: a}}"},
		{"http_abort", `{"not":{"headers":{"X":null}}}`, "match.not.headers", "lists of texts"},
		{"http_abort", `{"method":"GET|POST"}`, "match.method", "[GET, POST]"},
		{"http_abort", `{"method":["PUT","get, post"]}`, "match.method[1]", "[GET, POST]"},
		{"http_abort", `{"path":"^/api/.*$"}`, "match.path", "write /api/**"},
		{"http_abort", `{"path":"/api/.*"}`, "match.path", "write /api/**"},
		{"http_abort", `{"path":"/api/.+/x"}`, "match.path", "write /api/**/x"},
		{"http_abort", `{"path":["/a","/orders/[0-9]+$"]}`, "match.path[1]", "write /orders/*"},
		{"http_abort", `{"path":"/orders/{id}/lines/{line}"}`, "match.path", "write /orders/*/lines/*"},
		{"http_abort", `{"path":"^/v1\\.0/\\w+"}`, "match.path", "write /v1.0/*"},
		{"http_abort", `{"path":"/a|/b"}`, "match.path", "write several as a list, [/a, /b]"},
		{"http_abort", `{"path":"/a|/b"}`, "match.path", "where the path itself has such signs, write a * for each: /a*/b"},
		{"http_abort", `{"path":"/cart[1]/x"}`, "match.path", "write a * for each: /cart*1*/x"},
		{"http_abort", `{"path":"/a[]|**"}`, "match.path", "write a * for each: /a**"},
		{"http_abort", `{"path":["/a","/a^b"]}`, "match.path[1]", "write a * for each: /a*b"},
		{"http_abort", `{"path":"/(health|ready)"}`, "match.path", "such as [/health, /ready]"},
		{"http_abort", `{"path":"/{a,b}"}`, "match.path", "such as [/health, /ready]"},
		{"http_abort", `{"not":{"path":"/health$"}}`, "match.not.path", "write /health"},
		{"grpc_error", `{"grpc":"/shop.(Stock|Cart)/.*"}`, "match.grpc", "such as"},
		{"redis_latency", `{"not":"session:*"}`, "match.not", "write not: {key: \"session:*\"}"},
		{"postgres_latency", `{"not":["read"]}`, "match.not", "write not: {statement: read}"},
		{"redis_latency", `{"class":"reads"}`, "match.class", "class must be"},
		{"redis_latency", `{"class":["read","reads"]}`, "match.class[1]", "must be"},
		{"redis_latency", `{"class":"!read"}`, "match.class", "not: {class: read}"},
		{"redis_latency", `{"command":"!GET"}`, "match.command", "not: {command: GET}"},
		{"redis_latency", `{"command":["get","SET, get"]}`, "match.command[1]", "twice"},
		{"redis_latency", `{"not":{"class":"any"}}`, "match.not", "never"},
		{"postgres_latency", `{"sql":"*ORDERS*","not":{"sql":"*orders*"}}`, "match.not", "never"},
		{"postgres_latency", `{"statement":"!read"}`, "match.statement", "not: {statement: read}"},
		{"postgres_latency", `{"except":{"statement":"read"}}`, "match.except", "not: {statement: read}"},
	} {
		k, _ := injectors.LookupWire(tt.kind)
		object := `{"match":` + tt.match + `}`
		if strings.HasSuffix(tt.kind, "latency") {
			object = `{"latency":5,"match":` + tt.match + `}`
		}
		if tt.kind == "grpc_error" {
			object = `{"code":"INTERNAL","match":` + tt.match + `}`
		}
		_, err := k.ReadWire(json.RawMessage(object))
		mistake, ok := errors.AsType[*injectors.AttributeError](err)
		if !ok || mistake.Attribute != tt.attribute || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s %s: %v, want a mistake in %s that says %q", tt.kind, tt.match, err, tt.attribute, tt.says)
		}
	}
	for match, says := range map[string]string{`"/a"`: "write match: {path: /a}", `["/a","/b"]`: "write match: {path: [/a, /b]}", `true`: "write match: {not: {path: /health}}"} {
		k, _ := injectors.LookupWire("http_abort")
		if _, err := k.ReadWire(json.RawMessage(`{"match":` + match + `}`)); err == nil || !strings.HasSuffix(err.Error(), says) {
			t.Errorf("match: %s: %v, want %s", match, err, says)
		}
	}
	for _, name := range []string{"exclude", "except", "unless", "not"} {
		k, _ := injectors.LookupWire("http_abort")
		_, err := k.ReadWire(json.RawMessage(`{"` + name + `":{"path":"/health"}}`))
		if err == nil || !strings.Contains(err.Error(), "match: {not: {path: /health}}") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What leaves something is right, also where a not has more to say than stands beside it.
func TestMatchesThatLeaveSomething(t *testing.T) {
	t.Parallel()
	for _, match := range []string{
		`{"path":["/a","/b"],"not":{"path":"/a"}}`, `{"path":"/a","not":{"path":"/a","method":"GET"}}`, `{"path":"/api/*","not":{"path":"/api/health"}}`,
		`{"headers":{"X":"a"},"not":{"headers":{"X":"a","Y":"b"}}}`, `{"headers":{"X":["a","b"]},"not":{"headers":{"X":"a"}}}`, `{"not":{"grpc":"**"}}`,
		`{"baggage":{"K":"a"},"not":{"baggage":{"k":"a"}}}`,
		`{"path":["/report.*","/.well-known/*","/Products(1)","/$metadata","/a+b/**","*.css","/a;b=c@d:e,f!g'h"]}`, `{"method":"MKCOL"}`,
	} {
		k, _ := injectors.LookupWire("http_abort")
		if _, err := k.ReadWire(json.RawMessage(`{"match":` + match + `}`)); err != nil {
			t.Errorf("%s: %v", match, err)
		}
	}
}

func TestDescribeMatch(t *testing.T) {
	t.Parallel()
	k, _ := injectors.LookupWire("http_abort")
	for match, want := range map[string]string{
		`{"method":"POST","path":["/charges","/refunds"]}`:                             "http_abort for POST /charges or /refunds",
		`{"not":{"path":"/health"}}`:                                                   "http_abort for all but /health",
		`{"method":"POST","path":["/charges","/refunds"],"not":{"path":"/health"}}`:    "http_abort for all POST /charges or /refunds but /health",
		`{"path":"/api/*","not":{"method":"GET","path":["/api/health","/api/ready"]}}`: "http_abort for all /api/* but GET /api/health and /api/ready",
		`{"headers":{"X-Tenant":["a","b c"]}}`:                                         `http_abort for X-Tenant=a or "b c"`,
	} {
		given, err := k.ReadWire(json.RawMessage(`{"match":` + match + `}`))
		if got := k.Describe(given); err != nil || got != want {
			t.Errorf("%s: %q (%v), want %q", match, got, err, want)
		}
	}
}
