package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments/loopback"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// standingShop is the demo shop behind an unchanged Toxiproxy.
func standingShop(t *testing.T) (entry, api string) {
	t.Helper()
	shop, err := checkout.Start(t.Context(), checkout.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shop.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	driver := toxiproxy.New(toxiproxy.Options{URL: server.URL()})
	free, err := loopback.Reserve(len(shop.Dependencies()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	addresses := free.Addresses()
	listen := map[string]string{}
	for i, d := range shop.Dependencies() {
		listen[d.Name] = addresses[i]
		if err := driver.Create(t.Context(), d.Name, addresses[i], strings.SplitAfter(d.Upstream, "://")[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := shop.Open(t.Context(), listen); err != nil {
		t.Fatal(err)
	}
	return shop.URL(), server.URL()
}

// cli runs a command and wants it to succeed.
func cli(t *testing.T, args ...string) (stdout string) {
	t.Helper()
	var out, err bytes.Buffer
	if got := runMain(args, strings.NewReader(""), &out, &err); got != 0 {
		t.Fatalf("%q: exit %d\n%s%s", args, got, &out, &err)
	}
	return out.String()
}

// TestARecordedCheckoutRuns records a checkout in a browser, makes documents of
// the recording and of the Toxiproxy, and runs them: every journey is well.
func TestARecordedCheckoutRuns(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs an experiment")
	}
	entry, api := standingShop(t)
	recording := recordCheckout(t, entry)
	dir := t.TempDir()
	har := filepath.Join(dir, "checkout.har")
	if err := os.WriteFile(har, recording, 0o600); err != nil {
		t.Fatal(err)
	}

	docs := filepath.Join(dir, "docs")
	system := filepath.Join(docs, "blastgauge.yaml")
	cli(t, "init", "--har", har, "--toxiproxy", api, "--dir", docs)
	text, err := os.ReadFile(system)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\nurl: " + entry + "\n", "\ntoxiproxy: " + api + "\n", "request: GET /products/${sku}\n", `json: {sku: "${sku}", quantity: 1}`,
		`headers: {Idempotency-Key: "${uuid}"}`, `json: {cart: "${cart_id}"}`, `"$.charged": "${total}"`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the draft lacks %q", want)
		}
	}
	ids := regexp.MustCompile(`(cart|order)-[a-z0-9]{16}`).FindAllString(string(recording), -1)
	if len(ids) < 3 { // the cart's twice, the order's once
		t.Fatalf("the recording holds the ids %v", ids)
	}
	for _, known := range ids {
		if strings.Contains(string(text), known) {
			t.Errorf("the draft holds %q of the recording", known)
		}
	}
	cli(t, "validate", "-f", system)
	out := cli(t, "plan", "-f", system, "reviews-slow")
	if !strings.Contains(out, "every proxy is there") {
		t.Errorf("plan:\n%s", out)
	}
	if err := os.WriteFile(system, hurried(text), 0o644); err != nil {
		t.Fatal(err)
	}
	allUnharmed(t, system, filepath.Join(dir, "run"))
}

// TestARecordedLoginRuns records a checkout in a shop of pages and forms behind a login.
// Its documents hold no secret, and run against the shop, which refuses whatever its
// pages did not offer.
func TestARecordedLoginRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("runs an experiment")
	}
	t.Parallel() // mostly waiting
	entry := startLoginShop(t)
	recording := recordLogin(t, entry)
	server, err := stock.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	free, err := loopback.Reserve(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { free.Close() })
	addresses := free.Addresses()
	if err := toxiproxy.New(toxiproxy.Options{URL: server.URL()}).Create(t.Context(), "reviews", addresses[0], strings.TrimPrefix(entry, "http://")); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	har := filepath.Join(dir, "login.har")
	if err := os.WriteFile(har, recording, 0o600); err != nil {
		t.Fatal(err)
	}
	docs := filepath.Join(dir, "docs")
	system := filepath.Join(docs, "blastgauge.yaml")
	cli(t, "init", "--har", har, "--toxiproxy", server.URL(), "--dir", docs)
	draft, err := os.ReadFile(system)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{shopPassword, shopCard, "4111", shopCVC} {
		if strings.Contains(string(draft), secret) {
			t.Errorf("the draft holds %q", secret)
		}
	}
	for _, want := range []string{`total: "${total}"`, `cart_id: "${cart_id}"`, `authenticity_token: "${authenticity_token}"`, `extra: [gift, card]`, `quantity: "1"`, `request: GET /products/${product}`, `body: {contains: "${total}"}`, "follow: 5", `Location: {matches: "^/orders/"}`} {
		if !strings.Contains(string(draft), want) {
			t.Errorf("the draft lacks %q", want)
		}
	}
	keepLogin(t)
	cli(t, "validate", "-f", system)
	cli(t, "try", "-f", system)
	if err := os.WriteFile(system, hurried(draft), 0o644); err != nil {
		t.Fatal(err)
	}
	allUnharmed(t, system, filepath.Join(dir, "run"))
}

// keepLogin keeps what the customer enters where the draft looks for it. No other test has
// variables of these names, so that all may run beside each other, which t.Setenv forbids.
func keepLogin(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{"LOGIN_USER_PASSWORD": shopPassword, "LOGIN_CARD_NUMBER": shopCard, "LOGIN_CVC": shopCVC} {
		if err := os.Setenv(name, value); err != nil { //nolint:usetesting // see above
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Unsetenv(name) })
	}
}

// hurried is a document with some journeys a second, which a busy machine has time for.
func hurried(document []byte) []byte {
	document = regexp.MustCompile(`slow_after: \S+`).ReplaceAll(document, []byte("slow_after: 2s"))
	document = regexp.MustCompile(`timeout: \S+`).ReplaceAll(document, []byte("timeout: 20s"))
	return regexp.MustCompile(`rate: \S+`).ReplaceAll(document, []byte("rate: 5/s"))
}

// allUnharmed runs an experiment with a dependency that no journey needs.
func allUnharmed(t *testing.T, system, dir string) {
	t.Helper()
	cli(t, "run", "-f", system, "--phases", "warmup=200ms,baseline=3s,fault=4s,recovery=200ms", "--out", dir,
		"--set", "defaults.limits.baseline=100%", "--set", "caps.blast_radius=100%", "--set", "defaults.limits.blast_radius=100%", "--allow", "invalid", "--allow", "inconclusive", "--progress", "none", "reviews-slow")
	text, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r result.Result
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	// How many there are, and how slow, is the machine's: a guardrail may end the fault early.
	if arm := r.Experiments[0].Journeys[0].Arms.Fault; arm.Journeys == 0 || arm.OK+arm.Slow != arm.Journeys {
		t.Errorf("%+v", arm)
	}
}

// TestAPlanNeedsNoToxiproxy: documents are written and planned before anything
// stands.
func TestAPlanNeedsNoToxiproxy(t *testing.T) {
	dir := t.TempDir()
	cli(t, "init", "--dir", dir)
	const closed = "127.0.0.1:1" // nobody listens there
	system := filepath.Join(dir, "blastgauge.yaml")
	text, err := os.ReadFile(system)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("http://127.0.0.1:8474"), []byte("http://"+closed))
	if err := os.WriteFile(system, text, 0o644); err != nil {
		t.Fatal(err)
	}
	out := cli(t, "plan", "-f", system)
	for _, want := range []string{"latency 2s, jitter 250ms on proxy payments", closed + " is not reached", "Nothing was injected."} {
		if !strings.Contains(out, want) {
			t.Errorf("plan lacks %q:\n%s", want, out)
		}
	}
}

// TestGeneratedDocumentsNameTheirSchema: the first line of each leads to a file
// that init wrote.
func TestGeneratedDocumentsNameTheirSchema(t *testing.T) {
	dir := t.TempDir()
	cli(t, "init", "--dir", dir)
	line := regexp.MustCompile(`\A# yaml-language-server: \$schema=(\S+)\n`)
	for _, file := range []string{"blastgauge.yaml", "experiments/payments-slow.yaml"} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := line.FindSubmatch(text)
		if m == nil {
			t.Errorf("%s begins with %.80q", file, text)
			continue
		}
		schema, err := os.ReadFile(filepath.Join(filepath.Dir(path), string(m[1])))
		if err != nil || !json.Valid(schema) {
			t.Errorf("%s: its schema: %v", file, err)
		}
	}
}
