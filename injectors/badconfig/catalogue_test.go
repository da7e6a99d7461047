package badconfig_test

import (
	"encoding/json"
	"testing"

	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// What the catalogue accepts and sends is what operators read.
func TestWhatTheCatalogueSendsIsRead(t *testing.T) {
	t.Parallel()
	kind, _ := injectors.Lookup("http_config")
	for _, attributes := range []injectors.Attributes{
		{"scale": map[string]any{"path": "/a", "by": "1/60"}},
		{"truncate": map[string]any{"bytes": 10.0, "at": "line"}},
		{"extreme": map[string]any{"path": "/a", "to": -1.0}},
		{"split": map[string]any{"share": 0.125, "with": map[string]any{"flip": map[string]any{"path": "/a", "to": nil}}}},
		{"unpair": map[string]any{"set": map[string]any{"/a": 1.0}}},
		{"unpair": map[string]any{"swap": []any{"/a", "/b"}}},
		{"expire": map[string]any{"days": -3.0}},
		{"candidate": map[string]any{"file": "next.json", "body": "{}"}},
	} {
		raw, err := json.Marshal(kind.OnWire(attributes))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := kind.ReadWire(raw); err != nil {
			t.Errorf("%v: %v", attributes, err)
		}
		operator, parameters, err := badconfig.Select(kind.OnWire(attributes))
		if err == nil {
			_, err = badconfig.Parse(operator, parameters)
		}
		if err != nil {
			t.Errorf("%v: %v", attributes, err)
		}
	}
}
