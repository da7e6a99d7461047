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

// writer returns what writes files into a directory of the test's own.
func writer(t *testing.T) func(name, text string) (file string) {
	t.Helper()
	dir := t.TempDir()
	return func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
}

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
	write := writer(t)
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

// Documents and faults that pages show are right.
func TestDocumentsOfPages(t *testing.T) {
	t.Parallel()
	write := writer(t)
	system, count := write("all.yaml", withAll), 0
	for _, page := range []string{"README.md", "../README.md", "../injectors/README.md", "../injectors/badconfig/README.md"} {
		for _, block := range yamlBlocks(t, page) {
			var err error
			switch {
			case strings.Contains(block, "\nsystem: "):
				_, _, err = Load(write("blastgauge.yaml", block), nil)
			case strings.Contains(block, "\nexperiment: ") && strings.Contains(block, "candidate"): // it names a file of its reader
				continue
			case strings.Contains(block, "\nexperiment: "):
				_, _, err = Load(system, []string{write("one.yaml", block)})
			case strings.HasPrefix(strings.TrimSpace(block), "- inject:"), strings.HasPrefix(strings.TrimSpace(block), "- {inject:"):
				_, _, err = Load(system, []string{write("one.yaml", "version: 1\nexperiment: one\nhypothesis: Checkout works.\nfaults:\n"+block)})
			default:
				continue
			}
			count++
			if err != nil {
				t.Errorf("%s:\n%s", page, shape.Explain(err))
			}
		}
	}
	if count < 25 {
		t.Errorf("only %d documents were found: the search is broken", count)
	}
}

// yamlBlocks are the blocks of a page that are YAML, without the indentation of their fence.
func yamlBlocks(t *testing.T, page string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var block strings.Builder
	in, indent := false, ""
	for line := range strings.Lines(string(text)) {
		switch before, info, fence := strings.Cut(strings.TrimRight(line, "\n"), "```"); {
		case fence && in:
			blocks, in = append(blocks, block.String()), false
		case fence && info == "yaml":
			in, indent = true, before
			block.Reset()
		case in:
			block.WriteString(strings.TrimPrefix(line, indent))
		}
	}
	return blocks
}
