package demo

import (
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/blastgauge/blastgauge/examples/checkout"
	"github.com/blastgauge/blastgauge/experiments"
)

func startEnvironment(t *testing.T, o EnvironmentOptions) *Environment {
	t.Helper()
	o.Dir = filepath.Join(t.TempDir(), "shop")
	e, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
	})
	return e
}

// The shop answers on both routes, and its documents load with every experiment of the
// demo.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	e := startEnvironment(t, EnvironmentOptions{Storefront: checkout.Hardened, SettingsFile: true})
	for _, url := range []string{e.URL(), e.ControlURL()} {
		response, err := http.Get(url + "/products")
		if err != nil {
			t.Fatal(err)
		}
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s, %v", url, response.Status, err)
		}
	}
	system, list, err := experiments.Selection{SystemFile: e.SystemFile, Arguments: Experiments(Stores{})}.Load()
	if err != nil {
		t.Fatal(experiments.Explain(err), err)
	}
	if system.URL != e.URL() || len(list) != len(Experiments(Stores{})) {
		t.Errorf("the documents name %s and %d experiments", system.URL, len(list))
	}
}

// An address that another process took in the meantime is exchanged for another one.
func TestCreateProxyTakesAnotherAddress(t *testing.T) {
	t.Parallel()
	e := startEnvironment(t, EnvironmentOptions{Storefront: checkout.Naive})
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	d := e.shop.Dependencies()[0]
	d.Name = "another"
	address, err := e.createProxy(t.Context(), d, taken.Addr().String())
	if err != nil || address == taken.Addr().String() {
		t.Fatalf("createProxy() = %s, %v; want another address", address, err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestStartRefusesAnAddressThatIsNone(t *testing.T) {
	t.Parallel()
	if e, err := Start(t.Context(), EnvironmentOptions{Dir: t.TempDir(), Stores: Stores{Redis: "http://x"}}); err == nil {
		_ = e.Close()
		t.Error("no error")
	}
}
