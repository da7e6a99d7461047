package experiments

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors"
)

// withAll is a system with a dependency for each kind of fault.
const withAll = `version: 1
system: shop
environment: test
toxiproxy: http://127.0.0.1:8474
url: http://127.0.0.1:8080
dependencies:
  payments: {listen: "127.0.0.1:18081", upstream: "http://127.0.0.1:8081"}
  carts: {listen: "127.0.0.1:18082", upstream: "redis://127.0.0.1:8082"}
  catalogue: {listen: "127.0.0.1:18083", upstream: "http://127.0.0.1:8083"}
  inventory: {listen: "127.0.0.1:18084", upstream: "grpc://127.0.0.1:8084"}
  settings: {listen: "127.0.0.1:18085", upstream: "http://127.0.0.1:8085"}
  pricing: {listen: "127.0.0.1:18086", upstream: "http://127.0.0.1:8086"}
  recommendations: {listen: "127.0.0.1:18087", upstream: "http://127.0.0.1:8087"}
  orders: {listen: "127.0.0.1:18088", upstream: "postgres://127.0.0.1:8088"}
journeys:
  checkout: {rate: 40/s, steps: [{name: pay, request: POST /orders}]}
`

// Each example of the catalogue is a fault that can be written so.
func TestExamplesOfTheCatalogue(t *testing.T) {
	t.Parallel()
	examples := map[string]string{}
	for _, k := range injectors.Catalogue() {
		examples[k.Name] = k.Example
		for _, a := range k.Attributes {
			if a.Unit == injectors.Operation {
				examples[k.Name+" "+a.Name] = strings.NewReplacer("http_config", "{inject: http_config, into: settings, ", "config_file", "{inject: config_file, into: settings, file: settings.json, ").Replace(k.Name) + a.Name + ": " + a.Example + "}"
			}
		}
	}
	if len(examples) < 40 {
		t.Fatalf("only %d examples", len(examples))
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	system := write("blastgauge.yaml", withAll)
	write("settings-118.json", "{}")
	write("settings-next.json", "{}")
	for name, example := range examples {
		doc := write("one.yaml", "version: 1\nexperiment: one\nhypothesis: Checkout works.\nfaults:\n  - "+example+"\n")
		_, list, err := Load(system, []string{doc})
		if err != nil {
			t.Errorf("%s: %s\n%s", name, example, shape.Explain(err))
			continue
		}
		if drop := list[0].Faults[0].Attributes.Group("drop"); strings.HasSuffix(name, " drop") && drop.Text("as") != "null" {
			t.Errorf("%s: as is %v, want the word null", example, drop["as"])
		}
	}
}
