package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/result"
)

const shopCollection = `{
  "info": {"name": "Checkout", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
  "item": [
    {"name": "Products", "item": [{
      "name": "List", "request": {"method": "GET", "url": "{{shop}}/products"},
      "event": [{"listen": "test", "script": {"exec": ["const list = pm.response.json().products;", "pm.test('some', () => pm.expect(list.length).to.be.above(0));", "pm.environment.set('sku', list[0].sku);"]}}]
    }, {
      "name": "Show", "request": {"method": "GET", "url": {"raw": "{{shop}}/products/:sku", "host": ["{{shop}}"], "path": ["products", ":sku"], "variable": [{"key": "sku", "value": "{{sku}}"}]}}
    }]},
    {"name": "Buy", "item": [{
      "name": "Open a cart",
      "request": {"method": "POST", "url": "{{shop}}/carts", "body": {"mode": "raw", "raw": "{\"sku\": \"{{sku}}\", \"quantity\": {{quantity}}}", "options": {"raw": {"language": "json"}}}},
      "event": [{"listen": "test", "script": {"exec": ["pm.response.to.have.status(201);", "const cart = pm.response.json();", "pm.environment.set('cart', cart.id); pm.environment.set('total', cart.total);"]}}]
    }, {
      "name": "Pay",
      "request": {"method": "POST", "url": "{{shop}}/orders", "header": [{"key": "Idempotency-Key", "value": "{{$guid}}"}], "body": {"mode": "raw", "raw": "{\"cart\": \"{{cart}}\"}", "options": {"raw": {"language": "json"}}}},
      "event": [{"listen": "test", "script": {"exec": ["pm.test('paid what was quoted', function () {", "  pm.response.to.have.status('Created');", "  pm.expect(pm.response.json().charged).to.eql(pm.environment.get('total'));", "});"]}}]
    }]}
  ]
}`

// TestDescribedCheckoutsAreGreen makes documents of a Postman collection and of an
// OpenAPI document of the demo shop. They are valid at once, and a journey is well.
func TestDescribedCheckoutsAreGreen(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the shop")
	}
	entry, api := standingShop(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	document, err := os.ReadFile("../../experiments/scaffold/testdata/demo.openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	environment := write("here.json", `{"name": "here", "values": [{"key": "shop", "value": "`+entry+`"}, {"key": "quantity", "value": "2"}]}`)
	for name, c := range map[string]struct {
		args  []string
		steps []string
	}{
		"postman": {[]string{"--postman", write("shop.json", shopCollection), "--postman-environment", environment}, []string{"list", "show", "open-a-cart", "pay"}},
		"openapi": {[]string{"--openapi", write("shop.yaml", strings.ReplaceAll(string(document), "http://127.0.0.1:8080", entry))}, []string{"list-products", "show-product", "open-cart", "pay"}},
	} {
		docs := filepath.Join(dir, name)
		system := filepath.Join(docs, "blastgauge.yaml")
		cli(t, append([]string{"init", "--toxiproxy", api, "--dir", docs}, c.args...)...)
		cli(t, "validate", "-f", system)
		out := cli(t, "try", "-f", system)
		for _, step := range c.steps {
			if !strings.Contains(out, step) {
				t.Errorf("%s: try does not tell of %s:\n%s", name, step, out)
			}
		}
	}
}

const shopExperiment = `
title: Payments late
configuration:
  toxiproxy_url: {type: env, key: CHAOS_TOXIPROXY, default: "%[1]s"}
steady-state-hypothesis:
  title: Products are shown
  probes:
    - {type: probe, name: products, tolerance: {type: jsonpath, target: body, path: "$.products[0].sku"}, provider: {type: http, url: "%[2]s/products"}}
method:
  - {type: action, name: late, provider: {type: python, module: chaostoxi.toxic.actions, func: create_latency_toxic, arguments: {for_proxy: payments, toxic_name: late, latency: 300}}, pauses: {after: 30}}
  - {type: action, name: restart, provider: {type: process, path: systemctl, arguments: restart shop}}
`

// TestAChaosToolkitExperimentIsGreen makes documents of an experiment of Chaos Toolkit on
// the demo shop: they are valid, its journey is well, and its fault can be planned. What
// has no twin is named with its line.
func TestAChaosToolkitExperimentIsGreen(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the shop")
	}
	entry, api := standingShop(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "late.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, shopExperiment, api, entry), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string][]string{"alone": nil, "asked": {"--toxiproxy", api}} {
		docs := filepath.Join(dir, name)
		system := filepath.Join(docs, "blastgauge.yaml")
		var stdout, stderr bytes.Buffer
		args := append([]string{"init", "--chaostoolkit", file, "--dir", docs}, more...)
		if got := runMain(args, strings.NewReader(""), &stdout, &stderr); got != result.ExitHeld || !strings.Contains(stderr.String(), "late.yaml:11:") {
			t.Fatalf("%s: exit %d\n%s", name, got, &stderr)
		}
		cli(t, "validate", "-f", system)
		cli(t, "plan", "-f", system)
		if out := cli(t, "try", "-f", system); !strings.Contains(out, "products") {
			t.Errorf("%s: try does not tell of products:\n%s", name, out)
		}
	}
}

// TestSourcesThatDoNotGoTogether are refused, and nothing is written.
func TestSourcesThatDoNotGoTogether(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{
		{"--har", "a", "--postman", "b"}, {"--postman", "a", "--openapi", "b"}, {"--har", "a", "--openapi", "b"}, {"--chaostoolkit", "a", "--har", "b"}, {"--chaostoolkit", filepath.Join(dir, "none")}, {"--gameday", "--chaostoolkit", "a"}, {"--postman-environment", "a"}, {"--postman-folder", "a"},
		{"--operation", "a"}, {"--origin", "http://a.test"}, {"--postman", filepath.Join(dir, "none")}, {"--openapi", filepath.Join(dir, "none")},
		{"--har", "a", "--postman-environment", "b"}, {"--openapi", "a", "--postman-folder", "b"},
	} {
		var stdout, stderr bytes.Buffer
		if got := runMain(append([]string{"init", "--dir", dir}, args...), strings.NewReader(""), &stdout, &stderr); got != result.ExitUsage {
			t.Errorf("%q: exit %d\n%s", args, got, &stderr)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
}
