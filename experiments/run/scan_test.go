package run_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/scan"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

// impatient is an entry that does without its dependency as soon as it knows that this does
// not work, and waits for it for as long as it says nothing: the time-out is missing.
func impatient(backend string) http.Handler {
	client := systemtest.Client(10 * time.Second)
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { systemtest.Answers(client, backend) })
}

// newScanBench is a bench whose plan is a scan of one soft dependency.
func newScanBench(t *testing.T, o systemtest.Options, of plan.ScanOptions) *bench {
	t.Helper()
	o.SlowAfter, o.Timeout = "2s", "4s" // a busy machine is slow
	o.Phases = "{warmup: 100ms, baseline: 2s, fault: 10s, recovery: 0s}"
	b := newBench(t, o)
	var err error
	b.plan, err = b.system.PlanScan(of, func(s *experiments.System) { s.Dependencies[0].Criticality = experiments.Soft })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A scan finds the harm that was planted and no other, and leaves nothing.
func TestScan(t *testing.T) {
	t.Parallel()
	b := newScanBench(t, systemtest.Options{Entry: impatient}, plan.ScanOptions{Budget: 2 * time.Minute, Modes: []plan.FailureMode{plan.Hang, plan.Refuse}})
	w := &watcher{}
	b.options.View = func(*plan.Plan) run.View { return w }
	out := b.run(t.Context(), t)
	r := out.Result
	if out.Err != nil || r.Schema != scan.Schema || len(r.Experiments) != 0 || r.Scan == nil || r.Scan.Ended != journal.ScanComplete {
		t.Fatalf("schema %s, %d experiments, %v, map %+v", r.Schema, len(r.Experiments), out.Err, r.Scan)
	}
	d := r.Scan.Dependencies[0]
	if len(d.Cells) != 2 || d.Cells[0].Verdict != scan.Harmful || d.Cells[1].Verdict == scan.Harmful || d.Cells[1].Number != 2 {
		t.Errorf("%+v", d)
	}
	if r.Run.ExitCode != result.ExitRefuted {
		t.Errorf("exit code %d: %s", r.Run.ExitCode, r.ExitMeaning())
	}
	wantGone(t, r, 2)
	b.wantClean(t)
	if !w.closed || len(w.judged) > 0 || !slices.Contains(w.seen, journal.CellEnded) || w.seen[len(w.seen)-1] != journal.RunEnded {
		t.Errorf("the view saw %v, closed %v, %d verdicts", w.seen, w.closed, len(w.judged))
	}
	wantValidParts(t, out.Dir)
}

// wantGone wants so many faults injected, each of them proven gone.
func wantGone(t *testing.T, r *result.Result, n int) {
	t.Helper()
	if len(r.ScanFaults) != n || slices.ContainsFunc(r.ScanFaults, func(f result.ScanFault) bool { return f.Times == 0 || !f.RemovalVerified }) {
		t.Errorf("faults %+v, want %d, all of them gone", r.ScanFaults, n)
	}
}

// wantValidParts wants a result from every beginning of a journal, as of a run that died
// then: one that can be written and loaded, and that never claims too much.
func wantValidParts(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, journal.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := 1; n < len(lines)-1; n++ {
		root, err := os.OpenRoot(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := root.WriteFile(journal.EventsFile, bytes.Join(lines[:n], nil), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := result.Read(root)
		if err != nil {
			t.Fatalf("the first %d events: %v", n, err)
		}
		written, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := result.Decode(written); err != nil {
			t.Errorf("the first %d events: %v", n, err)
		}
		left, err := journal.ReadLeftovers(root)
		if err != nil {
			t.Fatal(err)
		}
		known := slices.ContainsFunc(left.Faults, func(f journal.Leftover) bool { return f.Intended })
		if r.Scan == nil || !r.Run.Died || (r.Run.ExitCode == result.ExitNotRemoved) != known || !known && r.Run.ExitCode != result.ExitError {
			t.Errorf("the first %d events: exit code %d, died %v, a fault that may be left: %v", n, r.Run.ExitCode, r.Run.Died, known)
		}
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An interrupt in the middle of a cell removes its fault, and keeps a map of what is known.
func TestInterruptOfAScan(t *testing.T) {
	t.Parallel()
	b := newScanBench(t, systemtest.Options{}, plan.ScanOptions{Modes: []plan.FailureMode{plan.Refuse, plan.Reset}})
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	b.options.View = func(*plan.Plan) run.View {
		return &watcher{record: func(e journal.Event) {
			if e.Kind == journal.FaultInjected {
				stop(&engine.Interrupt{Signal: "INT"})
			}
		}}
	}
	out := b.run(ctx, t)
	r := out.Result
	if r.Run.ExitCode != result.ExitINT || r.Run.Outcome != result.Interrupted || r.Scan.Ended != scan.Interrupted || out.Decisive {
		t.Errorf("exit code %d, %s, the map ended as %s: %v", r.Run.ExitCode, r.Run.Outcome, r.Scan.Ended, out.Err)
	}
	if meaning := r.ExitMeaning(); meaning != "interrupted; faults removed" {
		t.Error(meaning)
	}
	wantGone(t, r, 1)
	b.wantClean(t)
}

// scanArgument makes the test binary scan the system of a directory until it is killed:
//
//	run.test scan DIR WATCHDOG
const scanArgument = "scan"

// state is the directory of the registry of scans that are killed.
func state(dir string) string { return filepath.Join(dir, "state") }

func scanUntilKilled(dir, watchdog string) error {
	p, err := (&systemtest.System{Dir: dir}).PlanScan(plan.ScanOptions{Modes: []plan.FailureMode{plan.Hang}}, nil)
	if err != nil {
		return err
	}
	o := run.Options{Dir: filepath.Join(dir, "run"), Registry: journal.OpenRegistry(state(dir))}
	if watchdog == "true" {
		o.Watchdog = []string{os.Args[0], watchdogArgument, state(dir)}
	}
	o.View = func(*plan.Plan) run.View {
		return &watcher{record: func(e journal.Event) {
			if e.Kind == journal.FaultInjected {
				select {} // it is killed in the middle of its cell, however late
			}
		}}
	}
	_, err = run.Run(context.Background(), p, o)
	return err
}

// A scan that is killed in the middle of a cell leaves its fault, which its watchdog takes
// away at once, and a clean-up where there is none.
func TestKilledScan(t *testing.T) {
	t.Parallel()
	for _, watchdog := range []string{"true", "false"} {
		t.Run("watchdog "+watchdog, func(t *testing.T) {
			t.Parallel()
			b := newScanBench(t, systemtest.Options{}, plan.ScanOptions{})
			child := exec.Command(os.Args[0], scanArgument, b.system.Dir, watchdog)
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			toxics := b.system.Toxiproxy + "/proxies/" + systemtest.Dependency + "/toxics"
			until(t, func() bool { return get(t, toxics) != "[]" })
			until(t, func() bool {
				text, err := os.ReadFile(filepath.Join(b.options.Dir, journal.EventsFile))
				return err == nil && bytes.Contains(text, []byte(journal.FaultInjected))
			})
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait() // it says that it was killed
			if watchdog == "false" {
				if err := cleanup.Run(t.Context(), b.options.Dir, cleanup.Options{Registry: b.options.Registry}); err != nil {
					t.Fatal(err)
				}
			}
			until(t, func() bool { return get(t, toxics) == "[]" })
			until(t, func() bool { list, err := b.options.Registry.All(); return len(list) == 0 && err == nil })
			r, err := result.Load(b.options.Dir)
			if err != nil {
				t.Fatal(err)
			}
			if !r.Run.Died || r.Scan.Ended != scan.Died || r.Run.ExitCode != result.ExitError || !strings.Contains(r.Run.Error, "in cell 1") {
				t.Errorf("%+v, ended as %s", r.Run, r.Scan.Ended)
			}
			wantGone(t, r, 1)
		})
	}
}

// An unchanged Toxiproxy knows no requests: what acts on these is unavailable, and all else
// is tried.
func TestScanBehindStock(t *testing.T) {
	t.Parallel()
	server, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // connections of journeys may be open
	b := newScanBench(t, systemtest.Options{Toxiproxy: server.URL(), Faults: "{inject: down, into: backend}"}, plan.ScanOptions{})
	b.plan, err = b.system.PlanScan(plan.ScanOptions{Modes: []plan.FailureMode{plan.Refuse, plan.Error}}, func(s *experiments.System) {
		s.Dependencies[0].Upstream = "http://" + s.Dependencies[0].Upstream
	})
	if err != nil {
		t.Fatal(err)
	}
	found, err := run.Inspect(t.Context(), b.plan, b.options)
	if err != nil || !found.ProxiesFit {
		t.Errorf("%+v, %v", found, err)
	}
	r := b.run(t.Context(), t).Result
	cells := r.Scan.Dependencies[0].Cells
	if len(cells) != 2 || cells[0].Verdict != scan.Harmful || cells[1].Verdict != scan.Unavailable || cells[1].Why != plan.NeedsOurs {
		t.Errorf("%+v", cells)
	}
	wantGone(t, r, 1)
}

// A system that does not work already is not scanned.
func TestScanOfABrokenSystem(t *testing.T) {
	t.Parallel()
	b := newScanBench(t, systemtest.Options{Backend: http.NotFoundHandler()}, plan.ScanOptions{})
	out, err := run.Run(t.Context(), b.plan, b.options)
	if err != nil {
		t.Fatal(err)
	}
	r := out.Result
	if run.ExitCode(out.Err) != result.ExitInvalid || r.Run.ExitCode != result.ExitInvalid || r.Scan == nil || r.Scan.Ended != result.ScanNotRun || r.Scan.Detail == "" {
		t.Errorf("exit code %d, %v, map %+v", r.Run.ExitCode, out.Err, r.Scan)
	}
	wantGone(t, r, 0)
	b.wantClean(t)
}

// until waits for what another process does.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not happened within a minute")
		}
	}
}
