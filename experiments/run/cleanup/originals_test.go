package cleanup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// A fileRun is a dead run whose fault is on a file, with nothing left of what the fault
// kept.
type fileRun struct {
	*deadRun
	file  string
	toxic plan.Fault // of the same run's name, which nothing else tells of
}

const goodFile, badFile = "limit: 5\n", "limit: 500000\n"

// newFileRun makes a run that began with a good file. It died after these events, and the
// file is bad.
func newFileRun(t *testing.T, events ...journal.Kind) *fileRun {
	t.Helper()
	d := &fileRun{deadRun: newDeadRun(t), file: filepath.Join(t.TempDir(), "app.yaml")}
	d.toxic = d.fault()
	d.toxic.Name = injectors.FaultName(d.plan.Run, 9)
	if err := d.driver.Revert(t.Context(), d.fault()); err != nil {
		t.Fatal(err)
	}
	f := &d.plan.Experiments[0].Faults[0]
	f.Inject, f.Proxy = configfile.Kind, ""
	f.Attributes = injectors.Attributes{"file": d.file, "truncate": map[string]any{"keep": 0.5}}
	d.rewrite(t, events)
	d.write(t, goodFile)
	files, err := configfile.Files(d.plan)
	if err != nil {
		t.Fatal(err)
	}
	open := (&Protection{dir: d.dir, o: ProtectOptions{Files: files, Server: d.open().Server}}).describe(d.plan)
	release, err := d.options.Registry.Add(open)
	if err != nil {
		t.Fatal(err)
	}
	release()
	d.write(t, badFile)
	return d
}

func (d *fileRun) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(d.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file that is not what it was when its run began is for a person to settle, where
// everything is gone that could restore it. A fault that was never intended, by a journal
// that is whole, has changed nothing.
func TestAFileThatNothingCanRestoreIsForAPerson(t *testing.T) {
	t.Parallel()
	whole := func(string) error { return nil }
	for name, tt := range map[string]struct {
		events []journal.Kind
		spoil  func(dir string) error
		held   bool // against the run
	}{
		"under the fault":        {underFault, whole, true},
		"during the injection":   {underFault[:2], whole, true},
		"before it was intended": {underFault[:1], whole, false},
		"its directory is gone":  {underFault, os.RemoveAll, true},
		"its journal is empty":   {underFault, func(dir string) error { return os.Truncate(filepath.Join(dir, journal.EventsFile), 0) }, true},
		"its journal is damaged": {underFault[:1], func(dir string) error {
			return os.WriteFile(filepath.Join(dir, journal.EventsFile), []byte("x\n"), 0o600)
		}, true},
		"others can write there":  {underFault[:1], func(dir string) error { return os.Chmod(dir, 0o777) }, true},
		"its journal was removed": {underFault, func(dir string) error { return os.Remove(filepath.Join(dir, journal.EventsFile)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFileRun(t, tt.events...)
			if err := tt.spoil(d.dir); err != nil {
				t.Fatal(err)
			}
			err := All(t.Context(), nil, d.options)
			if !tt.held {
				if err != nil {
					t.Errorf("All() = %v", err)
				}
				d.wantClean(t)
				return
			}
			if !errors.Is(err, engine.ErrNotRemoved) || !errors.Is(err, configfile.ErrLost) || !strings.Contains(err.Error(), d.file) || !strings.Contains(err.Error(), "--keep-files "+d.dir) {
				t.Errorf("All() = %v", err)
			}
			if list, err := d.options.Registry.All(); len(list) != 1 || err != nil {
				t.Fatalf("open runs: %+v, %v", list, err)
			}
			d.write(t, goodFile)
			if err := All(t.Context(), nil, d.options); err != nil {
				t.Errorf("All() once it was put back = %v", err)
			}
			d.wantClean(t)
		})
	}
}

// A person may say that the files are right as they are. That holds for files only, and a
// file that still is what the fault made of it is put back all the same.
func TestAPersonKeepsFiles(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		now, want string // what the file is, and what becomes of it
		injected  bool   // and what the fault kept is there
	}{
		"nothing is left":     {badFile, badFile, false},
		"somebody changed it": {"limit: 7\n", "limit: 7\n", true},
		"it has the fault":    {"", goodFile, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFileRun(t, underFault...)
			if tt.injected {
				d.write(t, goodFile)
				in := configfile.New(configfile.Options{Run: openRoot(t, d.dir)})
				if err := in.Inject(t.Context(), d.fault()); err != nil {
					t.Fatal(err)
				}
			}
			if tt.now != "" {
				d.write(t, tt.now)
			}
			if err := d.driver.Inject(t.Context(), d.toxic); err != nil {
				t.Fatal(err)
			}
			o := d.options
			o.KeepFiles = true
			if err := Run(t.Context(), d.dir, o); err != nil {
				t.Errorf("Run() = %v", err)
			}
			d.wantClean(t)
			if text, err := os.ReadFile(d.file); err != nil || string(text) != tt.want {
				t.Errorf("the file is now %q, %v", text, err)
			}
			if left, err := filepath.Glob(filepath.Join(filepath.Dir(d.file), ".*")); len(left) > 0 || err != nil {
				t.Errorf("beside the file: %v, %v", left, err)
			}
		})
	}
}

// The watchdog knows as much as the list does.
func TestTheWatchdogKnowsWhatFilesWere(t *testing.T) {
	t.Parallel()
	d := newFileRun(t, underFault...)
	list, err := d.options.Registry.All()
	if err != nil || len(list) != 1 {
		t.Fatalf("open runs: %+v, %v", list, err)
	}
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(config{Open: list[0]}); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig(bufio.NewReader(&line))
	d.write(t, goodFile)
	want := configfile.Originals(c.Open.Files)
	if err != nil || len(want) != 1 || !maps.Equal(c.Open.Originals, want) {
		t.Errorf("readConfig() = %+v, %v", c.Open.Originals, err)
	}
}
