package cleanup

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/command"
)

// The tests here start programs, and none of them is parallel: between its fork and its
// exec a child has the locks of all other tests of this process.

// flagFault is a fault by command in a folder: the flag is a file, and undo leaves a trace.
func flagFault(into, dir string) experiments.Fault {
	sh := func(script string) []any { return []any{"sh", "-c", script} }
	return experiments.Fault{Inject: command.Kind, Into: into, Share: 1, Attributes: injectors.Attributes{
		"do": sh("touch set"), "undo": sh("touch undone; rm -f set"), "check": sh("test -e set"), "dir": dir,
	}}
}

// newDeadCommand is a run that died under a fault by command. Its flag is in the folder.
func newDeadCommand(t *testing.T, events ...journal.Kind) (d *deadRun, dir string) {
	t.Helper()
	d, dir = newDeadRun(t), t.TempDir()
	f := &d.plan.Experiments[0].Faults[0]
	if err := d.driver.Revert(t.Context(), *f); err != nil {
		t.Fatal(err)
	}
	f.Fault, f.Proxy = flagFault("payments", dir), ""
	f.Attributes = command.Locate(f.Fault, filepath.Join(dir, "e.yaml"))
	d.rewrite(t, events)
	d.unlist(t)
	d.list(t)
	if err := os.WriteFile(filepath.Join(dir, "set"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return d, dir
}

func isThere(t *testing.T, path ...string) bool {
	t.Helper()
	_, err := os.Lstat(filepath.Join(path...))
	return err == nil
}

// What a run of this user left is undone by what the list says of it.
func TestCommandsOfADeadRun(t *testing.T) {
	for name, tt := range map[string]struct {
		events []journal.Kind
		set    bool // the flag, when the run died
		undone bool
	}{
		"under the fault":                  {underFault, true, true},
		"in the middle of do":              {underFault[:2], true, true},
		"with nothing that check can see":  {underFault[:2], false, true},
		"before it did anything":           {underFault[:1], false, false},
		"of which a lost line would tell":  {underFault[:1], true, true},
		"without a journal that tells it":  {nil, true, true},
		"and nobody knows what it had set": {nil, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := newDeadCommand(t, tt.events...)
			if tt.events == nil {
				if err := os.WriteFile(filepath.Join(d.dir, journal.EventsFile), []byte("damage\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if !tt.set {
				if err := os.Remove(filepath.Join(dir, "set")); err != nil {
					t.Fatal(err)
				}
			}
			if err := Run(t.Context(), d.dir, d.options); err != nil {
				t.Fatal(err)
			}
			d.wantClean(t)
			if isThere(t, dir, "set") || isThere(t, dir, "undone") != tt.undone {
				t.Errorf("set: %v, undone: %v, want %v\n%s", isThere(t, dir, "set"), isThere(t, dir, "undone"), tt.undone, d.log.String())
			}
		})
	}
}

// No program is run because a directory says so: neither of a stranger's, nor of one that
// an entry without a plan names. A person is told the command.
func TestADirectoryRunsNoPrograms(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, d *deadRun){
		"a stranger's": func(t *testing.T, d *deadRun) { d.unlist(t) },
		"of an older entry": func(t *testing.T, d *deadRun) {
			d.unlist(t)
			entry, err := json.Marshal(map[string]any{"run": d.plan.Run, "dir": d.dir, "toxiproxy": d.system.Toxiproxy, "pid": 1})
			if err != nil {
				t.Fatal(err)
			}
			list := filepath.Join(filepath.Dir(d.dir), "state", "blastgauge", "runs")
			if err := os.WriteFile(filepath.Join(list, d.plan.Run+".json"), entry, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, dir := newDeadCommand(t, underFault...)
			spoil(t, d)
			o := d.options
			o.Trust = &Trust{}
			err := Run(t.Context(), d.dir, o)
			if !errors.Is(err, engine.ErrNotRemoved) || !errors.Is(err, errNotRun) || !strings.Contains(err.Error(), command.New(command.Options{}).Manual(d.fault())) {
				t.Errorf("Run() = %v", err)
			}
			if !isThere(t, dir, "set") || isThere(t, dir, "undone") {
				t.Error("a program was run")
			}
		})
	}
}

// What the user's own experiments have is run after a stranger's run, and nothing else.
func TestProgramsOfOnesOwn(t *testing.T) {
	d, dir := newDeadCommand(t, underFault...)
	d.unlist(t)
	own := func(f experiments.Fault) []*experiments.Experiment {
		return []*experiments.Experiment{{File: filepath.Join(dir, "e.yaml"), Faults: []experiments.Fault{{Inject: "latency", Into: "payments"}, f}}}
	}
	changed := func(step string, to []any) experiments.Fault {
		f := flagFault("payments", dir)
		f.Attributes[step] = to
		return f
	}
	elsewhere := flagFault("payments", "")
	delete(elsewhere.Attributes, "dir")
	for name, tt := range map[string]struct {
		fault plan.Fault
		own   []*experiments.Experiment
		may   bool
	}{
		"its own":             {d.fault(), own(flagFault("payments", dir)), true},
		"by its folder":       {d.fault(), own(elsewhere), true},
		"none":                {d.fault(), nil, false},
		"for somebody else":   {d.fault(), own(flagFault("carts", dir)), false},
		"in another folder":   {d.fault(), own(flagFault("payments", filepath.Join(dir, "a"))), false},
		"with another undo":   {d.fault(), own(changed("undo", []any{"rm", "set"})), false},
		"with another check":  {d.fault(), own(changed("check", []any{"true"})), false},
		"without a real name": {plan.Fault{Name: "$(reboot)", Fault: d.fault().Fault}, own(flagFault("payments", dir)), false},
	} {
		b := &bounds{trust: Trust{Experiments: tt.own}}
		if err := b.mayRun(tt.fault); (err == nil) != tt.may {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := d.options
	o.Trust = &Trust{Experiments: own(flagFault("payments", dir))}
	if err := Run(t.Context(), d.dir, o); err != nil || isThere(t, dir, "set") || !isThere(t, dir, "undone") {
		t.Errorf("Run() = %v\n%s", err, d.log.String())
	}
}
