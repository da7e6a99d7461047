package experiments

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// manyToxiproxies is a system whose dependencies have Toxiproxies of their own.
const manyToxiproxies = `version: 1
system: checkout
environment: staging
allow_hosts: [carts-proxy.staging, 10.0.0.10]
url: http://127.0.0.1:8080
dependencies:
  payments: {toxiproxy: ["http://127.0.0.2:8474", "http://127.0.0.3:8474"], proxy: payments}
  carts: {toxiproxy: "dns://carts-proxy.staging:8474?server=10.0.0.10:53", proxy: carts}
  search: {toxiproxy: "http://127.0.0.4:8474", proxy: search}
journeys:
  checkout: {rate: 40/s, steps: [{name: browse, request: GET /products}]}
`

// writeMany writes the system and an experiment with one fault.
func writeMany(t *testing.T, system, fault string) (files [2]string) {
	t.Helper()
	dir := t.TempDir()
	files = [2]string{filepath.Join(dir, "blastgauge.yaml"), filepath.Join(dir, "experiment.yaml")}
	experiment := "version: 1\nexperiment: some\nhypothesis: Checkout keeps working.\nfaults:\n  - " + fault + "\n"
	for i, text := range []string{system, experiment} {
		if err := os.WriteFile(files[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestDependenciesWithToxiproxies(t *testing.T) {
	t.Parallel()
	files := writeMany(t, manyToxiproxies, "{inject: latency, into: payments, latency: 2s, share: {instances: 1 of 2}}")
	s, list, err := Load(files[0], files[1:])
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"http://127.0.0.2:8474", "http://127.0.0.3:8474", "dns://carts-proxy.staging:8474?server=10.0.0.10:53", "http://127.0.0.4:8474"}
	if got := s.Toxiproxies(); !slices.Equal(got, want) {
		t.Errorf("Toxiproxies() = %v", got)
	}
	if got := s.Dialled(); slices.Contains(got, "carts-proxy.staging") || !slices.Contains(got, "10.0.0.10") || !slices.Contains(got, "127.0.0.3") {
		t.Errorf("Dialled() = %v, want the DNS server and the URLs, and not the name that only that server knows", got)
	}
	if f := list[0].Faults[0]; f.Share != 1 || f.Instances == nil || *f.Instances != (InstanceShare{1, 2}) {
		t.Errorf("share %v, instances %v", f.Share, f.Instances)
	}
	if err := s.CheckHosts(list...); err != nil {
		t.Errorf("CheckHosts() = %v", err)
	}
	s.AllowHosts = []string{"10.0.0.10"}
	if err := s.CheckHosts(list...); !errors.Is(err, ErrRefused) {
		t.Errorf("CheckHosts() = %v, want a refusal of the name that is not listed", err)
	}
}

func TestInstancesThatAreNotThere(t *testing.T) {
	t.Parallel()
	for fault, refused := range map[string]bool{
		"{inject: latency, into: payments, latency: 2s, share: {instances: 2 of 3}}": true,
		"{inject: latency, into: search, latency: 2s, share: {instances: 1 of 2}}":   true,
		"{inject: latency, into: carts, latency: 2s, share: {instances: 2 of 6}}":    false, // the name decides how many there are
		"{inject: latency, into: payments, latency: 2s, share: 20%}":                 false,
	} {
		files := writeMany(t, manyToxiproxies, fault)
		if _, _, err := Load(files[0], files[1:]); errors.Is(err, ErrInvalid) != refused {
			t.Errorf("%s: Load() = %v, want refused: %t", fault, err, refused)
		}
	}
	embedded := strings.Replace(manyToxiproxies, "url:", "toxiproxy: embedded\nurl:", 1)
	files := writeMany(t, embedded, "{inject: latency, into: payments, latency: 2s}")
	if _, _, err := Load(files[0], files[1:]); !errors.Is(err, ErrInvalid) {
		t.Errorf("Load() = %v of an embedded Toxiproxy beside others", err)
	}
}

func TestParseDNSName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]DNSName{
		"dns://carts-proxy.staging:8474":                       {Name: "carts-proxy.staging", Port: "8474"},
		"dns://carts-proxy.staging:8474?server=127.0.0.1:5353": {Name: "carts-proxy.staging", Port: "8474", Server: "127.0.0.1:5353"},
		"dns://carts-proxy":                                    {},
		"dns://carts-proxy:0":                                  {},
		"dns://carts-proxy:70000":                              {},
		"dns://u:p@carts-proxy:8474":                           {},
		"dns://carts-proxy:8474/path":                          {},
		"dns://carts-proxy:8474?server=nowhere":                {},
		"dns://carts-proxy:8474?port=1":                        {},
		"http://carts-proxy:8474":                              {},
	} {
		if got, ok := ParseDNSName(text); got != want || ok != (want != DNSName{}) {
			t.Errorf("ParseDNSName(%s) = %+v, %t", text, got, ok)
		}
	}
}

// What is read as a name or as a share of instances is one.
func FuzzToxiproxies(f *testing.F) {
	for _, seed := range []string{"dns://carts-proxy.staging:8474", "dns://a:1?server=127.0.0.1:53", "dns://a:1?server=[::1]:53", "2 of 6", "0 of 1", "7 of 6", "1 of 999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, ok := ParseDNSName(text); ok && (n.Name == "" || !validPort(n.Port, "") || n.Port == "" || strings.Contains(text, "@")) {
			t.Errorf("%q is %+v", text, n)
		}
		if s, wrong := parseInstanceShare(text); wrong == nil && (s.Take < 1 || s.Take > s.Of || s.String() != text) {
			t.Errorf("%q is %+v", text, s)
		}
	})
}
