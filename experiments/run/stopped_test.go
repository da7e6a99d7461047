package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// longFault has a fault phase that only an order ends.
const longFault = "{warmup: 100ms, baseline: 500ms, fault: 60s, recovery: 0s}"

// stockSystem is a system behind a stock Toxiproxy.
func stockSystem(t *testing.T) systemtest.Options {
	t.Helper()
	server, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return systemtest.Options{Phases: longFault, Toxiproxy: server.URL(), Faults: "{inject: latency, into: backend, latency: 3s}"}
}

// onceInjected calls do, in a goroutine of its own, once a fault of the run is in force.
func (b *bench) onceInjected(do func(*run.Control)) {
	controls := make(chan *run.Control, 1)
	b.options.Control = func(_ *plan.Plan, c *run.Control) { controls <- c }
	b.options.View = func(*plan.Plan) run.View {
		return &watcher{record: func(e journal.Event) {
			if e.Kind == journal.FaultInjected {
				go do(<-controls)
			}
		}}
	}
}

// wantStopped wants a run that ann stopped, without a fault.
func wantStopped(t *testing.T, r *result.Result) {
	t.Helper()
	if r.Run.ExitCode != result.ExitINT || r.Run.Outcome != result.Interrupted || r.Run.InterruptedBy != "ann" || r.Run.InterruptedWhy != "incident 4711" {
		t.Errorf("exit code %d, %s by %q because of %q (%s)", r.Run.ExitCode, r.Run.Outcome, r.Run.InterruptedBy, r.Run.InterruptedWhy, r.Run.Error)
	}
	wantRemoved(t, r.Experiments[0])
}

// However somebody stops a run, it ends as by Ctrl-C, and its result says who did and why.
func TestStoppedByAPerson(t *testing.T) {
	t.Parallel()
	block := func(t *testing.T, b *bench) func(*run.Control) {
		return func(*run.Control) {
			if _, err := toxiproxy.New(toxiproxy.Options{URL: b.system.Toxiproxy}).SetBlock(context.Background(), "ann", "incident 4711"); err != nil {
				t.Error(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		stock bool
		stop  func(t *testing.T, b *bench) func(*run.Control)
	}{
		"by its control": {stop: func(t *testing.T, _ *bench) func(*run.Control) {
			return func(c *run.Control) {
				if err := c.Stop("ann", "incident 4711"); err != nil {
					t.Error(err)
				}
			}
		}},
		"in its directory": {stop: func(t *testing.T, b *bench) func(*run.Control) {
			return func(*run.Control) {
				root, err := atomicfile.OpenDir(b.options.Dir)
				if err == nil {
					err = errors.Join(journal.AskToStop(root, journal.Order{By: "ann", Why: "incident 4711"}), root.Close())
				}
				if err != nil {
					t.Error(err)
				}
			}
		}},
		"with all runs of the user": {stop: func(t *testing.T, b *bench) func(*run.Control) {
			return func(*run.Control) {
				if err := b.options.Registry.SetBlock(journal.Block{By: "ann", Reason: "incident 4711"}); err != nil {
					t.Error(err)
				}
			}
		}},
		"on a server of ours":  {stop: block},
		"on a stock Toxiproxy": {stock: true, stop: block},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := systemtest.Options{Phases: longFault}
			if tt.stock {
				o = stockSystem(t)
			}
			b := newBench(t, o)
			b.onceInjected(tt.stop(t, b))
			out := b.run(t.Context(), t)
			if out.Decisive {
				t.Errorf("an error decides the exit code: %v", out.Err)
			}
			wantStopped(t, out.Result)
			if live, err := b.options.Registry.LiveRuns(); len(live) > 0 || err != nil {
				t.Errorf("runs that go on: %v, %v", live, err)
			}
			if open, err := b.options.Registry.All(); len(open) > 0 || err != nil {
				t.Errorf("open runs: %v, %v", open, err)
			}
		})
	}
}

// A lines is a log that several goroutines write and read.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

// An order in a directory that others can write may be anybody's.
func TestAStrangersOrderIsNotObeyed(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Phases: longFault})
	log, told := &lines{}, "an order to stop this run is not obeyed"
	b.options.Log = log
	b.onceInjected(func(c *run.Control) {
		file := filepath.Join(b.options.Dir, journal.StopFile)
		err := errors.Join(os.Chmod(b.options.Dir, 0o777), os.WriteFile(file, []byte(`{"by":"mallory"}`), 0o666))
		for deadline := time.Now().Add(30 * time.Second); log.count(told) == 0 && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(600 * time.Millisecond) // time for more looks
		if err = errors.Join(err, os.Remove(file), os.Chmod(b.options.Dir, 0o700), c.Stop("ann", "incident 4711")); err != nil {
			t.Error(err)
		}
	})
	wantStopped(t, b.run(t.Context(), t).Result)
	if n := log.count(told); n != 1 {
		t.Errorf("the log says %d times that the file is not obeyed", n)
	}
}

// A block that others can write may be anybody's: it refuses runs, and ends none.
func TestABlockOfAStrangerEndsNoRun(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Phases: longFault})
	state := filepath.Join(t.TempDir(), "state")
	b.options.Registry = journal.OpenRegistry(state)
	b.onceInjected(func(c *run.Control) {
		dir := filepath.Join(state, "blastgauge")
		file := filepath.Join(dir, "block.json")
		err := errors.Join(os.WriteFile(file+".new", []byte(`{"by":"mallory","reason":"mine"}`), 0o600), os.Chmod(file+".new", 0o666), os.Rename(file+".new", file))
		time.Sleep(600 * time.Millisecond) // time for more looks
		if err := errors.Join(err, c.Stop("ann", "incident 4711")); err != nil {
			t.Error(err)
		}
	})
	wantStopped(t, b.run(t.Context(), t).Result)
	if err := run.CheckBlocked(t.Context(), &b.plan.System, b.options); !errors.Is(err, experiments.ErrRefused) {
		t.Errorf("CheckBlocked() = %v", err)
	}
}

// While there is a block nothing is injected, and nothing is left of a run.
func TestABlockRefusesRuns(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(*bench) error{
		"of the user": func(b *bench) error {
			return b.options.Registry.SetBlock(journal.Block{By: "ann", Reason: "incident 4711"})
		},
		"of the server": func(b *bench) error {
			_, err := toxiproxy.New(toxiproxy.Options{URL: b.system.Toxiproxy}).SetBlock(context.Background(), "ann", "incident 4711")
			return err
		},
	} {
		for _, kind := range []string{"ours", "stock"} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				o := systemtest.Options{}
				if kind == "stock" {
					o = stockSystem(t)
				}
				b := newBench(t, o)
				if err := where(b); err != nil {
					t.Fatal(err)
				}
				out, err := run.Run(t.Context(), b.plan, b.options)
				if out != nil || !errors.Is(err, experiments.ErrRefused) || run.ExitCode(err) != result.ExitRefused {
					t.Errorf("Run() = %+v, %v", out, err)
				}
				for _, word := range []string{"ann", "incident 4711", "blastgauge stop --unblock"} {
					if err != nil && !strings.Contains(err.Error(), word) {
						t.Errorf("%q does not say %q", err, word)
					}
				}
				if err := run.CheckBlocked(t.Context(), &b.plan.System, b.options); !errors.Is(err, experiments.ErrRefused) {
					t.Errorf("CheckBlocked() = %v", err)
				}
				if found, err := run.Inspect(t.Context(), b.plan, b.options); err != nil || found.Blocked == nil {
					t.Errorf("Inspect() = %v, %v", found.Blocked, err)
				}
				if _, err := os.Stat(b.options.Dir); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the run that was refused left its directory: %v", err)
				}
			})
		}
	}
}

// What people write is in the result, in its place.
func TestNotesOfARun(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Phases: longFault})
	var control *run.Control
	b.onceInjected(func(c *run.Control) {
		control = c
		err := errors.Join(c.Note("bob", "Support sees tickets.\nTwo so far.", true), c.Note("", "\x1b[2J", false), c.Stop("ann", "incident 4711"))
		if err != nil {
			t.Error(err)
		}
	})
	give := b.options.Control
	b.options.Control = func(p *plan.Plan, c *run.Control) {
		if err := c.Note("ann", "Before the first event.", false); err != nil {
			t.Error(err)
		}
		give(p, c)
	}
	out := b.run(t.Context(), t)
	wantStopped(t, out.Result)
	notes := out.Result.Run.Notes
	if len(notes) != 3 {
		t.Fatalf("the notes are %+v", notes)
	}
	id := out.Result.Experiments[0].ID
	if n := notes[0]; n.Experiment != "" || n.Author != "ann" || n.FollowUp {
		t.Errorf("the first note is %+v", n)
	}
	if n := notes[1]; n.Experiment != id || n.Phase != string(journal.Fault) || n.Author != "bob" || n.Text != "Support sees tickets.\nTwo so far." || !n.FollowUp || n.Since <= 0 || n.At.IsZero() {
		t.Errorf("the second note is %+v", n)
	}
	if n := notes[2]; n.Author != "somebody" || n.Text != "?[2J" {
		t.Errorf("the third note is %+v", n)
	}
	if err := errors.Join(control.Note("ann", "late", false), control.Stop("ann", "")); !errors.Is(err, run.ErrOver) {
		t.Errorf("once the run is over: %v", err)
	}
	if !slices.IsSortedFunc(notes, func(a, b result.Note) int { return a.At.Compare(b.At) }) {
		t.Error("the notes are in another order than they were written")
	}
}

// A lateStop is a view that asks for a stop when the run is over.
type lateStop struct {
	watcher
	stop func()
}

func (v *lateStop) Close() { v.stop() }

// Once the engine has ended, a stop has no effect any more, and is not confirmed: also not
// while views still show the end.
func TestAStopAfterTheEndIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{Phases: "{warmup: 100ms, baseline: 500ms, fault: 2s, recovery: 0s}"})
	var control *run.Control
	var stopped error
	b.options.Control = func(_ *plan.Plan, c *run.Control) { control = c }
	b.options.View = func(*plan.Plan) run.View {
		return &lateStop{watcher{record: func(journal.Event) {}}, func() { stopped = control.Stop("ann", "too late") }}
	}
	b.run(t.Context(), t)
	if !errors.Is(stopped, run.ErrOver) {
		t.Errorf("a stop at the end: %v, want %v", stopped, run.ErrOver)
	}
}
