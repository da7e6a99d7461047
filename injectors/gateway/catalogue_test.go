package gateway_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// What documents may say is what the gateways understand: the kinds, the schemes
// that they act on, and every word of their attributes.
func TestTheCatalogueIsUnderstood(t *testing.T) {
	t.Parallel()
	needed := map[string]map[string]any{
		"http_error": {"status": 500}, "http_latency": {"latency": 1}, "grpc_error": {"code": "UNAVAILABLE"},
		"redis_error": {"error": "ERR x"}, "redis_latency": {"latency": 1}, "postgres_error": {"sqlstate": "40001"}, "postgres_latency": {"latency": 1},
	}
	accepts := func(kind, name string, v any) {
		t.Helper()
		attributes := maps.Clone(needed[kind])
		if attributes == nil {
			attributes = map[string]any{}
		}
		attributes[name] = v
		raw, err := json.Marshal(attributes)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gateway.Parse(kind, 1, raw); err != nil {
			t.Errorf("%s %s: %v", kind, raw, err)
		}
	}
	for _, k := range injectors.Catalogue() {
		if k.Level != injectors.Message || k.Name == "http_config" { // whose attributes are operators
			continue
		}
		for _, scheme := range k.Schemes {
			if !slices.Contains(gateway.SchemesOf(k.Wire), scheme) || k.Acts == "" {
				t.Errorf("%s acts on %q of %s, and on the wire on those of %v", k.Name, k.Acts, scheme, gateway.SchemesOf(k.Wire))
			}
		}
		for _, a := range k.Attributes {
			for _, word := range a.Words {
				accepts(k.Wire, a.Wire, word)
			}
			for _, f := range a.Fields {
				for _, word := range f.Words {
					accepts(k.Wire, a.Wire, map[string]any{f.Wire: word})
				}
			}
		}
	}
}
