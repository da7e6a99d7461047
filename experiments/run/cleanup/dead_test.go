package cleanup

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A deadRun is what a run left that died under its fault: a journal that ends there,
// a toxic and a lease on the server, and an entry in the registry.
type deadRun struct {
	system  *systemtest.System
	plan    *plan.Plan
	driver  *toxiproxy.Driver
	dir     string
	options Options
	log     bytes.Buffer
	kind    string // of the server, as the list has it; "": ours
	joined  string // a Toxiproxy that the journal says has joined
}

func newDeadRun(t *testing.T, events ...journal.Kind) *deadRun {
	t.Helper()
	dir := t.TempDir()
	s, err := systemtest.Start(dir, systemtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	d := &deadRun{system: s, dir: filepath.Join(dir, "run"), driver: toxiproxy.New(toxiproxy.Options{URL: s.Toxiproxy})}
	d.options = Options{Registry: journal.OpenRegistry(filepath.Join(dir, "state")), Log: &d.log}.withDefaults()
	d.plan = planOf(t, s)
	if _, err := d.driver.Acquire(t.Context(), d.plan.Run); err != nil { // and never released
		t.Fatal(err)
	}
	if err := d.driver.Inject(t.Context(), d.fault()); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d.record(t, events)
	d.list(t)
	return d
}

// open is what is believed of the run.
func (d *deadRun) open() journal.OpenRun {
	return journal.OpenRun{
		Run: d.plan.Run, Dir: d.dir, Toxiproxy: d.system.Toxiproxy, PID: 1, Started: time.Now(),
		Server: journal.Toxiproxy{Kind: cmp.Or(d.kind, toxiproxy.KindOurs), Version: "test"}, Plan: d.plan,
	}
}

// list puts the run into the registry, as its process did before it died.
func (d *deadRun) list(t *testing.T) {
	t.Helper()
	release, err := d.options.Registry.Add(d.open())
	if err != nil {
		t.Fatal(err)
	}
	release()
}

// unlist takes it off again.
func (d *deadRun) unlist(t *testing.T) {
	t.Helper()
	if err := d.options.Registry.Remove(d.plan.Run); err != nil {
		t.Fatal(err)
	}
}

func planOf(t *testing.T, s *systemtest.System) *plan.Plan {
	t.Helper()
	p, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (d *deadRun) fault() plan.Fault { return d.plan.Experiments[0].Faults[0] }

// record writes the journal, with a lock that ends with it as with the run.
func (d *deadRun) record(t *testing.T, events []journal.Kind) {
	t.Helper()
	root := openRoot(t, d.dir)
	log, err := journal.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	for i, kind := range events {
		e := journal.Event{Seq: i + 1, At: time.Now().UTC(), Kind: kind}
		switch kind {
		case journal.RunStarted:
			e.Plan, e.Toxiproxy = d.plan, &journal.Toxiproxy{Kind: toxiproxy.KindOurs, Version: "test"}
		case journal.InstanceJoined:
			e.Experiment, e.Fault, e.Instance = d.plan.Experiments[0].ID, d.fault().Name, d.joined
		case journal.FaultIntended, journal.FaultInjected:
			e.Experiment, e.Fault = d.plan.Experiments[0].ID, d.fault().Name
		}
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = root.Close() })
	return root
}

// underFault is how a run dies under its fault.
var underFault = []journal.Kind{journal.RunStarted, journal.FaultIntended, journal.FaultInjected}

func (d *deadRun) toxics(t *testing.T) string {
	return get(t, d.system.Toxiproxy+"/proxies/"+systemtest.Dependency+"/toxics")
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// wantClean wants no toxic and no lease on the server, and no open run.
func (d *deadRun) wantClean(t *testing.T) {
	t.Helper()
	if got := d.toxics(t); got != "[]" {
		t.Errorf("left on the server: %s\n%s", got, d.log.String())
	}
	if got := get(t, d.system.Toxiproxy+"/blastgauge/leases"); got != "[]" {
		t.Errorf("leases: %s\n%s", got, d.log.String())
	}
	if list, err := d.options.Registry.All(); len(list) > 0 || err != nil {
		t.Errorf("open runs: %+v, %v", list, err)
	}
}

func TestRunCleansUpAfterADeadRun(t *testing.T) {
	t.Parallel()
	for name, events := range map[string][]journal.Kind{
		"under the fault":      underFault,
		"during the injection": underFault[:2],
		"after its end":        append(underFault[:len(underFault):len(underFault)], journal.RunEnded),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, events...)
			if d.toxics(t) == "[]" {
				t.Fatal("the dead run left nothing")
			}
			if err := Run(t.Context(), d.dir, d.options); err != nil {
				t.Fatal(err)
			}
			d.wantClean(t)
			left, err := journal.ReadLeftovers(openRoot(t, d.dir))
			if err != nil || len(left.Faults) > 0 || left.Undone != 1 || !left.Certain() {
				t.Errorf("the journal says %+v, %v", left, err)
			}
			if err := Run(t.Context(), d.dir, d.options); err != nil {
				t.Errorf("once more: %v", err)
			}
		})
	}
}

// A run whose journal holds no plan may have injected everything: its plan is on the list.
func TestRunCleansUpAfterARunWithoutAPlan(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"its fault is in force": true, "it injected nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t)
			if !there {
				if err := d.driver.Revert(t.Context(), d.fault()); err != nil {
					t.Fatal(err)
				}
			}
			if err := Run(t.Context(), d.dir, d.options); err != nil {
				t.Fatal(err)
			}
			d.wantClean(t)
			if got := strings.Contains(d.log.String(), "removed, read back as gone"); got != there {
				t.Errorf("it logged\n%s", d.log.String())
			}
		})
	}
}

// What a damaged journal does not prove gone is removed.
func TestRunTakesADamagedJournalForTheWorst(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, journal.RunStarted)
	file, err := os.OpenFile(filepath.Join(d.dir, journal.EventsFile), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("\x00\x00\x00\n"); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), d.dir, d.options); err != nil {
		t.Fatal(err)
	}
	d.wantClean(t)
}

func TestRunSaysWhatItCouldNotRemove(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer broken.Close()
	d.plan.System.Toxiproxy = broken.URL
	d.system.Toxiproxy = broken.URL
	d.list(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := Run(ctx, d.dir, d.options)
	if !errors.Is(err, engine.ErrNotRemoved) || !strings.Contains(err.Error(), "curl") {
		t.Errorf("Run() = %v", err)
	}
	if list, err := d.options.Registry.All(); len(list) != 1 || err != nil {
		t.Errorf("open runs: %+v, %v", list, err)
	}
}

// A server that has ended took the faults on it along, whoever looks.
func TestFaultsEndWithTheirServer(t *testing.T) {
	t.Parallel()
	for name, clean := range map[string]func(*testing.T, *deadRun) error{
		"recover": func(t *testing.T, d *deadRun) error { return Run(t.Context(), d.dir, d.options) },
		"recover with a lost directory": func(t *testing.T, d *deadRun) error {
			return errors.Join(os.RemoveAll(d.dir), All(t.Context(), nil, d.options))
		},
		"recover with a damaged journal": func(t *testing.T, d *deadRun) error {
			return errors.Join(os.WriteFile(filepath.Join(d.dir, journal.EventsFile), []byte("?\n"), 0o600), All(t.Context(), nil, d.options))
		},
		"the watchdog": func(t *testing.T, d *deadRun) error { return d.watch(t, "..") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, underFault...)
			if err := d.system.Close(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if err := clean(t, d); err != nil {
				t.Errorf("%v\n%s", err, d.log.String())
			}
			if took := time.Since(began); took > 4*removalTimeout/5 {
				t.Errorf("it took %s", took)
			}
			if list, err := d.options.Registry.All(); len(list) > 0 || err != nil {
				t.Errorf("open runs: %+v, %v", list, err)
			}
		})
	}
}

// A stock server that refuses connections may only be out of reach: its faults count as
// gone once a person says that it has ended.
func TestAStockServerMayBeOutOfReach(t *testing.T) {
	t.Parallel()
	for name, clean := range map[string]func(*deadRun) error{
		"recover": func(d *deadRun) error { return Run(t.Context(), d.dir, d.options) },
		"all":     func(d *deadRun) error { return All(t.Context(), nil, d.options) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, underFault...)
			d.kind = toxiproxy.KindStock
			d.list(t)
			if err := d.system.Close(); err != nil {
				t.Fatal(err)
			}
			if err := clean(d); !errors.Is(err, engine.ErrNotRemoved) || !strings.Contains(err.Error(), "--server-ended "+d.dir) {
				t.Error(err)
			}
			if list, err := d.options.Registry.All(); len(list) != 1 || err != nil {
				t.Errorf("open runs: %+v, %v", list, err)
			}
			d.options.ServerEnded = true
			if err := Run(t.Context(), d.dir, d.options); err != nil {
				t.Errorf("with --server-ended: %v", err)
			}
			if list, err := d.options.Registry.All(); len(list) > 0 || err != nil {
				t.Errorf("open runs: %+v, %v", list, err)
			}
		})
	}
}

// A process that cleans up and does not come to an end, such as a guard that is stopped,
// keeps no fault in force. A person is told that nothing is recorded.
func TestAStoppedGuardKeepsNoFault(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	guard, err := journal.OpenUndo(openRoot(t, d.dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []time.Duration{200 * time.Millisecond, 20 * time.Second} { // a busy machine needs longer
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err = Run(ctx, d.dir, d.options)
		cancel()
		if d.toxics(t) == "[]" {
			break
		}
	}
	if !errors.Is(err, engine.ErrNotRemoved) || !errors.Is(err, journal.ErrBusy) || !strings.Contains(err.Error(), "blastgauge recover "+d.dir) {
		t.Errorf("Run() = %v", err)
	}
	if got := d.toxics(t); got != "[]" {
		t.Errorf("left on the server: %s", got)
	}
	if list, err := d.options.Registry.All(); len(list) != 1 || err != nil {
		t.Errorf("open runs: %+v, %v", list, err)
	}
	if err := guard.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), d.dir, d.options); err != nil {
		t.Errorf("Run() without that process = %v", err)
	}
	d.wantClean(t)
}

func TestAllCleansUpAfterEveryOpenRun(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]bool{"with its directory": false, "without its directory": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, underFault...)
			if lose {
				if err := os.RemoveAll(d.dir); err != nil {
					t.Fatal(err)
				}
			}
			if err := All(t.Context(), nil, d.options); err != nil {
				t.Fatal(err)
			}
			d.wantClean(t)
		})
	}
}

// Without a journal a run's toxics are known by their names, and a run that has the
// server's lease is left alone.
func TestServerNeedsNoJournal(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	stranger := d.options
	stranger.Registry = journal.Registry{}
	if err := Server(t.Context(), d.system.Toxiproxy, stranger); !errors.Is(err, experiments.ErrRefused) || d.toxics(t) == "[]" {
		t.Errorf("Server() of a run that may be alive = %v, left %s", err, d.toxics(t))
	}
	if err := Server(t.Context(), d.system.Toxiproxy, d.options); err != nil {
		t.Errorf("Server() of a run that has died = %v", err)
	}
	d.wantClean(t)
	orphan := d.fault()
	orphan.Name = injectors.FaultName(plan.NewRun(time.Now()), 1)
	if err := d.driver.Inject(t.Context(), orphan); err != nil {
		t.Fatal(err)
	}
	if err := Server(t.Context(), d.system.Toxiproxy, stranger); err != nil || d.toxics(t) != "[]" {
		t.Errorf("Server() of nobody's toxics = %v, left %s", err, d.toxics(t))
	}
}

func TestRecreateNeedsAProxyOfTheRun(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	o := d.options
	o.Recreate = "other"
	var mistake *UsageError
	if err := Run(t.Context(), d.dir, o); !errors.As(err, &mistake) {
		t.Errorf("Run() = %v", err)
	}
}

// The watchdog removes the faults of a run that dies, and leaves those of a run that
// shuts it down.
func TestWatch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		last  string
		clean bool
	}{"the run dies": {"..", true}, "the run shuts it down": {"..!", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, underFault...)
			if err := d.watch(t, tt.last); err != nil {
				t.Errorf("watch() = %v", err)
			}
			if tt.clean {
				d.wantClean(t)
			} else if d.toxics(t) == "[]" {
				t.Error("it removed the faults of a run that shut it down")
			}
		})
	}
}

// watch runs the watchdog of the run, which says some last words and dies.
func (d *deadRun) watch(t *testing.T, last string, before ...func()) error {
	t.Helper()
	stdin, run := io.Pipe()
	answer, stdout := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- watch(d.dir, stdin, stdout, d.options) }()
	if err := json.NewEncoder(run).Encode(config{Open: d.open()}); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, len(readyLine))
	if _, err := io.ReadFull(answer, ready); err != nil || string(ready) != readyLine {
		t.Fatalf("it says %q, %v", ready, err)
	}
	for _, f := range before {
		f()
	}
	if _, err := io.WriteString(run, last); err != nil {
		t.Fatal(err)
	}
	return errors.Join(run.Close(), <-done)
}

// A watchdog knows all it needs: it cleans up after a run whose directory is gone, was
// moved, or holds nonsense.
func TestWatchNeedsNoDirectory(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(d *deadRun) error{
		"it is removed": func(d *deadRun) error { return os.RemoveAll(d.dir) },
		"it is moved":   func(d *deadRun) error { return os.Rename(d.dir, d.dir+"-elsewhere") },
		"it is emptied": func(d *deadRun) error {
			return errors.Join(os.Remove(filepath.Join(d.dir, journal.EventsFile)), os.Remove(filepath.Join(d.dir, journal.ObservationsFile)))
		},
		"its journal is cut": func(d *deadRun) error { return os.Truncate(filepath.Join(d.dir, journal.EventsFile), 0) },
		"its journal is another's": func(d *deadRun) error {
			return os.WriteFile(filepath.Join(d.dir, journal.EventsFile), []byte("{}\n"), 0o600)
		},
		"others can write it": func(d *deadRun) error { return os.Chmod(d.dir, 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, underFault...)
			began := time.Now()
			err := d.watch(t, "..", func() {
				if err := spoil(d); err != nil {
					t.Error(err)
				}
			})
			if err != nil {
				t.Errorf("watch() = %v", err)
			}
			d.wantClean(t)
			t.Logf("clean after %s", time.Since(began))
		})
	}
}

func TestWatchNeedsItsConfig(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", "nonsense\n", "{}\n", "{\"run\":{\"run\":\"r\"}}\n"} {
		if err := watch(t.TempDir(), strings.NewReader(text), io.Discard, Options{}.withDefaults()); err == nil {
			t.Errorf("watch() with %q as its config = nil", text)
		}
	}
}
