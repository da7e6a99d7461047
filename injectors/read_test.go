package injectors_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
)

// What the API takes is read into held form, without what says nothing.
func TestReadWire(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind, given string
		want        injectors.Attributes
	}{
		{"http_error", `{"status":503,"headers":null,"first":0,"when":"","body":"","match":{}}`, injectors.Attributes{"status": 503.0}},
		{"http_error", `{"status":503,"match":{"method":"post","headers":{"X":"y"}}}`,
			injectors.Attributes{"status": 503.0, "match": map[string]any{"method": "POST", "headers": map[string]any{"X": "y"}}}},
		{"http_latency", `{"latency":1500,"jitter":0}`, injectors.Attributes{"latency": 1.5, "jitter": 0.0}},
		{"http_abort", ``, injectors.Attributes{}},
		{"grpc_error", `{"code":14}`, injectors.Attributes{"code": "UNAVAILABLE"}},
		{"grpc_error", `{"code":"not_found"}`, injectors.Attributes{"code": "NOT_FOUND"}},
		{"redis_empty", `{"match":{"command":"set,config  get"}}`, injectors.Attributes{"match": map[string]any{"command": "SET, CONFIG GET"}}},
		{"http_config", `{"seed":7,"split":{"share":"12.5%","with":{"flip":{"to":null}}}}`,
			injectors.Attributes{"seed": 7.0, "split": map[string]any{"share": 0.125, "with": map[string]any{"flip": map[string]any{"to": nil}}}}},
		{"http_config", `{"unpair":{"set":{"/a":12345678901234567890}}}`,
			injectors.Attributes{"unpair": map[string]any{"set": map[string]any{"/a": json.Number("12345678901234567890")}}}},
	} {
		k, _ := injectors.LookupWire(tt.kind)
		got, err := k.ReadWire(json.RawMessage(tt.given))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s %s is read as %v, want %v (%v)", tt.kind, tt.given, got, tt.want, err)
		}
		shown, err := k.ShowWire(got)
		again, err2 := k.ReadWire(shown)
		if err != nil || err2 != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%s %s is shown as %s, which is read as %v (%v, %v)", tt.kind, tt.given, shown, again, err, err2)
		}
	}
}

// A mistake names its attribute, in a group too.
func TestReadWireFindsMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ kind, given, attribute string }{
		{"http_error", ``, "status"},
		{"http_error", `[]`, ""},
		{"http_error", `{"status":42}`, "status"},
		{"http_error", `{"status":503.5}`, "status"},
		{"http_error", `{"status":"503"}`, "status"},
		{"http_error", `{"statuz":503}`, "statuz"},
		{"http_error", `{"Status":503}`, "Status"},
		{"http_error", `{"status":503,"headers":{"a b":"c"}}`, "headers"},
		{"http_error", `{"status":503,"headers":{"X":"a\r\nSet-Cookie: b"}}`, "headers"},
		{"http_error", `{"status":503,"headers":{"X":5}}`, "headers"},
		{"http_error", `{"status":503,"headers":{"content-length":"5"}}`, "headers"},
		{"http_error", `{"status":204,"body":"x"}`, "body"},
		{"http_error", `{"status":503,"first":-1}`, "first"},
		{"http_error", `{"status":503,"match":"x"}`, "match"},
		{"http_error", `{"status":503,"match":{"paht":"/x"}}`, "match.paht"},
		{"http_error", `{"status":503,"match":{"path":"x"}}`, "match.path"},
		{"http_latency", `{"latency":0}`, "latency"},
		{"http_latency", `{"latency":1,"jitter":2}`, "jitter"},
		{"grpc_error", `{"code":0}`, "code"},
		{"grpc_error", `{"code":17}`, "code"},
		{"redis_error", `{"error":"ERR "}`, "error"},
		{"redis_error", `{"error":"ERR a\nb"}`, "error"},
		{"redis_error", `{"error":"MOVED x","address":"a:1"}`, "address"},
		{"postgres_error", `{"sqlstate":"01000"}`, "sqlstate"},
		{"postgres_error", `{"sqlstate":"57P03","match":{"sql":"*"}}`, "match"},
		{"command", `{"do":["a",1],"undo":["b"],"check":["c"]}`, "do"},
		{"command", `{"do":["a"],"undo":[],"check":["c"]}`, "undo"},
		{"command", `{"do":["a"],"undo":["b"],"check":"c"}`, "check"},
		{"http_config", `{}`, "operator"},
		{"http_config", `{"scale":5}`, "scale"},
		{"http_config", `{"scale":{"times":3}}`, "scale.times"},
		{"http_config", `{"drop":{"path":null}}`, "drop.path"},
		{"http_config", `{"scale":{},"flap":5}`, "flap"},
		{"http_config", `{"scale":{},"when":"before"}`, "when"},
		{"http_config", `{"scale":{},"seed":-1}`, "seed"},
		{"http_config", `{"candidate":{"file":"a.json"}}`, "candidate"},
		{"http_config", `{"split":{"with":{"split":{}}}}`, "split.with.split"},
	} {
		k, _ := injectors.LookupWire(tt.kind)
		_, err := k.ReadWire(json.RawMessage(tt.given))
		mistake, ok := errors.AsType[*injectors.AttributeError](err)
		if !ok || mistake.Attribute != tt.attribute || mistake.Problem == "" {
			t.Errorf("%s %s: %#v, want a mistake in %q", tt.kind, tt.given, err, tt.attribute)
		}
	}
}

// FuzzReadWire: what is read is shown in a form that is read as the same.
func FuzzReadWire(f *testing.F) {
	f.Add("http_error", `{"status":503,"headers":{"A":"b"},"match":{"path":"/**","baggage":{"a":"b"}}}`)
	f.Add("grpc_error", `{"code":"UNAVAILABLE","message":"é%"}`)
	f.Add("http_abort", `{"match":{"path":["/a","/b"],"headers":{"A":["b","c"]},"not":{"method":["get"],"baggage":{"k":["v"]}}}}`)
	f.Add("redis_error", `{"error":"OOM","match":{"command":["get, set",","],"not":{"class":["read"]}}}`)
	f.Add("http_config", `{"scale":{"by":1e-3,"path":"/a"},"flap":5000,"match":{"path":"/s"}}`)
	f.Add("command", `{"do":["a",""],"undo":["b"],"check":["c"],"within":500}`)
	f.Fuzz(func(t *testing.T, kind, object string) {
		k, ok := injectors.LookupWire(kind)
		if !ok || strings.ContainsRune(object, '\uFFFD') {
			return
		}
		read, err := k.ReadWire(json.RawMessage(object))
		if err != nil {
			return
		}
		shown, err := k.ShowWire(read)
		if err != nil {
			t.Fatal(err)
		}
		again, err := k.ReadWire(shown)
		if err != nil || !reflect.DeepEqual(again, read) {
			t.Errorf("%s %s is read as %v and shown as %s, which is read as %v (%v)", kind, object, read, shown, again, err)
		}
	})
}
