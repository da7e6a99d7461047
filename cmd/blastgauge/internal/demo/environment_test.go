package demo

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
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

// What the user has changed in the documents stays when the shop is served again, with the
// addresses of then; what is as it was written, or gone, is written anew.
func TestServingAgainKeepsWhatTheUserChanged(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "shop")
	serve := func() *Environment {
		t.Helper()
		e, err := Start(t.Context(), EnvironmentOptions{Dir: dir, Storefront: checkout.Naive})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Start(t.Context(), EnvironmentOptions{Dir: dir, Storefront: checkout.Naive}); !isUsage(err) {
			t.Errorf("a second one beside it: %v", err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		return e
	}
	file, slow, down := filepath.Join(dir, experiments.SystemFile), filepath.Join(dir, "experiments/payments-slow.yaml"), filepath.Join(dir, "experiments/payments-down.yaml")
	first := serve()
	for _, name := range []string{file, slow} {
		text := textOf(t, name)
		if err := os.WriteFile(name, []byte("# mine\n"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(down); err != nil {
		t.Fatal(err)
	}
	for range 2 { // what was kept once is kept again
		e := serve()
		if want := []string{experiments.SystemFile, "experiments/payments-slow.yaml"}; !slices.Equal(e.Kept, want) {
			t.Errorf("kept %q, want %q", e.Kept, want)
		}
		system := textOf(t, file)
		if !strings.HasPrefix(system, "# mine\n") || !strings.Contains(system, e.URL()) || strings.Contains(system, first.URL()) {
			t.Errorf("%s is not of the user's with the addresses of now:\n%s", file, system)
		}
		loaded, _, err := experiments.Selection{SystemFile: file}.Load()
		if err != nil || loaded.URL != e.URL() || loaded.ControlURL != e.ControlURL() {
			t.Errorf("the documents: %v", err)
		}
		if !strings.HasPrefix(textOf(t, slow), "# mine\n") || textOf(t, down) == "" {
			t.Error("the experiments are not those of the user")
		}
	}
}

// Documents that somebody else wrote are not overwritten.
func TestServingOverwritesNothingOfOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, experiments.SystemFile)
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), EnvironmentOptions{Dir: dir, Storefront: checkout.Naive, SettingsFile: true}); !isUsage(err) {
		t.Errorf("Start() = %v, want a usage error", err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 || textOf(t, file) != "mine" {
		t.Errorf("there are %v, %v", list, err)
	}
}

func isUsage(err error) bool {
	_, ok := errors.AsType[usage.Error](err)
	return ok
}

func textOf(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
