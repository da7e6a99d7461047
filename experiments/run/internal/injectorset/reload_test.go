package injectorset

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/fleet"
)

// A logInjector logs what it did.
type logInjector struct {
	engine.Injector
	did *[]string
	err error
}

func (l logInjector) Inject(context.Context, plan.Fault) error {
	*l.did = append(*l.did, "inject")
	return l.err
}

func (l logInjector) Revert(context.Context, plan.Fault) error {
	*l.did = append(*l.did, "revert")
	return l.err
}

// A system gets a reload request after its config went bad, after it is good again,
// and never for what did not happen.
func TestReloading(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		injector, system error
		want             string
		inject, revert   string
	}{
		"both are well":              {nil, nil, "inject reload-bad revert reload-good", "", ""},
		"it cannot be injected":      {broken, nil, "inject revert", "broken", "broken"},
		"the system does not answer": {nil, broken, "inject reload-bad revert reload-good", "the config is bad now, but the request that makes the system read it failed: broken", "the config is good again, but the request that makes the system read it failed: broken"},
	} {
		var did []string
		in := reloading{logInjector{did: &did, err: tt.injector}, func(_ context.Context, _ plan.Fault, bad bool) error {
			did = append(did, map[bool]string{true: "reload-bad", false: "reload-good"}[bad])
			return tt.system
		}}
		text := func(err error) string {
			if err == nil {
				return ""
			}
			return err.Error()
		}
		inject, revert := text(in.Inject(t.Context(), plan.Fault{})), text(in.Revert(t.Context(), plan.Fault{}))
		if got := strings.Join(did, " "); got != tt.want || inject != tt.inject || revert != tt.revert {
			t.Errorf("%s: %s, %q, %q", name, got, inject, revert)
		}
	}
}

// Every kind of fault that makes config bad reloads, and no other.
func TestWhichKindsReload(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	driver := fleet.New(fleet.Options{System: &experiments.System{Toxiproxy: "http://127.0.0.1:1"}})
	var reload []string
	for kind, in := range New(&plan.Plan{}, root, driver, Options{Getenv: os.LookupEnv}).ByKind() {
		if _, ok := in.(reloading); ok {
			reload = append(reload, kind)
		}
	}
	if want := []string{"http_config"}; !slices.Equal(reload, want) { // config_file does so itself
		t.Errorf("%s reload, want %s", reload, want)
	}
}
