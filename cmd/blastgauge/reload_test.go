package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// A logInjector says what it did.
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

// A system is told after its config went bad and after it is good again, and never
// of what did not happen. One that was not told may still have the bad one.
func TestASystemIsToldOfItsConfig(t *testing.T) {
	broken := errors.New("broken")
	for name, tt := range map[string]struct {
		injector, system error
		want             string
		inject, revert   string
	}{
		"both are well":            {nil, nil, "inject told-bad revert told-good", "", ""},
		"it cannot be injected":    {broken, nil, "inject revert", "broken", "broken"},
		"the system does not hear": {nil, broken, "inject told-bad revert told-good", "the config went bad, but the system was not told: broken", "the config is as it was, but the system was not told: broken"},
	} {
		var did []string
		in := telling{logInjector{did: &did, err: tt.injector}, func(_ context.Context, _ plan.Fault, bad bool) error {
			did = append(did, map[bool]string{true: "told-bad", false: "told-good"}[bad])
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

// Every kind that makes config bad tells, and no other.
func TestWhoTells(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	driver, err := urlDriver("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	var tell []string
	for kind, in := range handsOf(&plan.Plan{}, root, driver, os.LookupEnv).injectors() {
		if _, ok := in.(telling); ok {
			tell = append(tell, kind)
		}
	}
	if want := []string{"http_config"}; !slices.Equal(tell, want) { // config_file does so by itself
		t.Errorf("%s tell, want %s", tell, want)
	}
}

// A system that does not answer after its file was put back may still have the bad
// version: recover says so until it was told.
func TestASystemThatIsAway(t *testing.T) {
	t.Parallel() // mostly waiting
	dependency := crashDependency()
	defer dependency.Close()
	faults := crashFault{name: "a file", faults: crashFile}
	c := oneCase(t, victim{"ours", faults, "TWICE", injection(t, faults, dependency.URL)}, dependency.URL) // with its guard, under the fault
	c.run(func() {})
	if has := c.between.config()["file"]; has == crashConfig || has == "" {
		t.Fatalf("the system has %q: %s", has, c.stderr.String())
	}
	c.between.deaf.Store(true)
	code, out := c.command("recover")
	text, err := os.ReadFile(c.config())
	if code != 7 || !strings.Contains(out, "the file is as it was, but the system was not told: POST "+c.between.URL+"/reload/file: status 503") || err != nil || string(text) != crashConfig {
		t.Fatalf("recover: exit code %d, %s; the file is %q, %v", code, out, text, err)
	}
	c.between.deaf.Store(false)
	if code, out := c.command("recover"); code != 0 {
		t.Errorf("recover: exit code %d, %s", code, out)
	}
	if err := c.whole(); err != nil || c.between.config()["file"] != crashConfig {
		t.Errorf("the system has %q, %v", c.between.config(), err)
	}
}

// injection is the event, counted from 1, that says that the last fault of an
// experiment is in force.
func injection(t *testing.T, faults crashFault, dependency string) int {
	t.Helper()
	c := oneCase(t, victim{"ours", faults, "", 0}, dependency)
	c.run(func() {})
	text, err := os.ReadFile(filepath.Join(c.out, journal.EventsFile))
	if err != nil {
		t.Fatalf("%v: %s", err, c.stderr.String())
	}
	last := strings.LastIndex(string(text), `"fault_injected"`)
	if last < 0 {
		t.Fatalf("nothing was injected: %s", c.stderr.String())
	}
	return 1 + strings.Count(string(text[:last]), "\n")
}

// oneCase is a case outside of the matrix.
func oneCase(t *testing.T, v victim, dependency string) *crashCase {
	t.Helper()
	c, err := newCrashCase(t.TempDir(), v, dependency)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Where only the system is missing, nothing is to be removed any more.
func TestWhatIsSaidOfASystemThatIsDeaf(t *testing.T) {
	s := &salvage{dir: "runs/x", say: func(string, ...any) {}}
	fault := plan.Fault{Name: "blastgauge.x.1", Proxy: "settings", Fault: experiments.Fault{Inject: "http_config", Into: "settings"}}
	in := telling{logInjector{did: new([]string)}, func(context.Context, plan.Fault, bool) error { return errors.New("status 503") }}
	err := s.tell([]plan.Fault{fault}, []error{in.Revert(t.Context(), fault)})
	if !errors.Is(err, engine.ErrNotRemoved) || !strings.HasSuffix(err.Error(), "the system was not told: status 503; when it answers again: blastgauge recover runs/x") {
		t.Errorf("it is said: %v", err)
	}
}

// What a reload needs is known before anything is injected.
func TestAReloadThatCannotBeMade(t *testing.T) {
	a := &app{getenv: func(string) (string, bool) { return "", false }}
	reload := &experiments.Reload{Request: experiments.Request{Method: "POST", Target: "http://127.0.0.1:1/reload", Headers: []experiments.Field{{Name: "Authorization", Value: "Bearer ${env:RELOAD_TOKEN}"}}}}
	p := &plan.Plan{Experiments: []plan.Experiment{{ID: "e", Faults: []plan.Fault{{Fault: experiments.Fault{Inject: "config_file", Reload: reload}}}}}}
	if err := a.checkReloads(p); err == nil || !strings.Contains(err.Error(), "RELOAD_TOKEN") {
		t.Errorf("checkReloads() = %v", err)
	}
}
