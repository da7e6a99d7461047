package stop_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/stop"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/experiments/waiting"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

func TestMain(m *testing.M) { os.Exit(waiting.Tests{M: m}.Run()) }

// A user has runs of their own.
type user struct {
	registry journal.Registry
	out      *bytes.Buffer // what commands print
}

func newUser(t *testing.T) *user {
	t.Helper()
	return &user{journal.OpenRegistry(filepath.Join(t.TempDir(), "state")), &bytes.Buffer{}}
}

// options are those of a command of the user.
func (u *user) options(servers ...string) stop.Options {
	u.out.Reset()
	return stop.Options{Registry: u.registry, By: "ann", Why: "incident 4711", Servers: servers, Out: u.out}
}

// A bench is a system and the options of runs on it.
type bench struct {
	system  *systemtest.System
	options run.Options
}

func newBench(t *testing.T, u *user, toxiproxy string) *bench {
	t.Helper()
	o := systemtest.Options{Control: systemtest.Calls, Phases: "{warmup: 100ms, baseline: 500ms, fault: 60s, recovery: 0s}", Toxiproxy: toxiproxy}
	if toxiproxy != "" {
		o.Faults = "{inject: latency, into: backend, latency: 3s}"
	}
	dir := t.TempDir()
	s, err := systemtest.Start(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &bench{s, run.Options{Dir: filepath.Join(dir, "run"), Registry: u.registry}}
}

func (b *bench) plan(t *testing.T) *plan.Plan {
	t.Helper()
	p, err := b.system.Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// view reports that a fault is in force.
type view struct{ injected chan struct{} }

func (v view) Record(e journal.Event) {
	if e.Kind == journal.FaultInjected {
		close(v.injected)
	}
}
func (view) Observe(journal.Observation) {}
func (view) Close()                      {}

// start starts a run and returns once its fault is in force.
func (b *bench) start(t *testing.T) (ended <-chan *result.Result) {
	t.Helper()
	v, done := view{make(chan struct{})}, make(chan *result.Result, 1)
	b.options.View = func(*plan.Plan) run.View { return v }
	p := b.plan(t)
	go func() {
		defer close(done)
		out, err := run.Run(context.Background(), p, b.options)
		if err != nil {
			t.Error(err)
			return
		}
		done <- out.Result
	}()
	select {
	case <-v.injected:
	case r := <-done:
		t.Fatalf("the run ended before its fault: %+v", r)
	}
	return done
}

// wantStopped wants that a run ends because of ann, and leaves no fault.
func wantStopped(t *testing.T, ended <-chan *result.Result) {
	t.Helper()
	select {
	case r := <-ended:
		if r == nil || r.Run.ExitCode != result.ExitINT || r.Run.InterruptedBy != "ann" || r.Run.InterruptedWhy != "incident 4711" {
			t.Errorf("the run is %+v", r)
		}
	case <-time.After(30 * time.Second):
		t.Error("the run goes on")
	}
}

func (u *user) wantPrinted(t *testing.T, wanted ...string) {
	t.Helper()
	for _, want := range wanted {
		if !strings.Contains(u.out.String(), want) {
			t.Errorf("%q is not in\n%s", want, u.out)
		}
	}
}

// The one run that goes on is stopped, and the command returns when it is over.
func TestStopTheOneRun(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	if _, err := stop.One(u.options()); run.ExitCode(err) != result.ExitUsage {
		t.Errorf("One() without a run = %v", err)
	}
	b := newBench(t, u, "")
	ended := b.start(t)
	dir, err := stop.One(u.options())
	if err != nil || dir != b.options.Dir {
		t.Fatalf("One() = %s, %v", dir, err)
	}
	o := u.options()
	if err := stop.Run(t.Context(), dir, o); err != nil {
		t.Error(err)
	}
	u.wantPrinted(t, "is over", "stopped by ann (incident 4711)", "exit 130")
	wantStopped(t, ended)
	if err := stop.Run(t.Context(), dir, u.options()); err != nil {
		t.Errorf("stopped again: %v", err)
	}
	u.wantPrinted(t, "was over already")
}

// Of two runs one has to be named, and --all ends both.
func TestStopAllOfTwo(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	a, b := newBench(t, u, ""), newBench(t, u, "")
	first, second := a.start(t), b.start(t)
	list, err := u.registry.LiveRuns()
	if err != nil || len(list) != 2 {
		t.Fatalf("LiveRuns() = %v, %v", list, err)
	}
	_, err = stop.One(u.options())
	if run.ExitCode(err) != result.ExitUsage || !strings.Contains(err.Error(), list[0].Run) || !strings.Contains(err.Error(), list[1].Run) {
		t.Errorf("One() of two = %v", err)
	}
	if dir := stop.Find(u.options(), list[1].Run); dir != list[1].Dir {
		t.Errorf("Find() = %s, want %s", dir, list[1].Dir)
	}
	if err := stop.All(t.Context(), u.options()); err != nil {
		t.Error(err)
	}
	wantStopped(t, first)
	wantStopped(t, second)
}

// The kill switch ends runs of whoever they are, on both kinds of servers, and none begins
// until it is lifted.
func TestTheKillSwitch(t *testing.T) {
	t.Parallel()
	old, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	me, other := newUser(t), newUser(t)
	mine, theirs := newBench(t, me, ""), newBench(t, other, old.URL())
	first, second := mine.start(t), theirs.start(t)
	if err := stop.Block(t.Context(), me.options(mine.system.Toxiproxy, old.URL())); err != nil {
		t.Error(err)
	}
	wantStopped(t, first)
	wantStopped(t, second)
	me.wantPrinted(t, "blocked   "+mine.system.Toxiproxy, "blocked   "+old.URL(), "blastgauge stop --unblock")
	for _, b := range []*bench{mine, theirs} {
		b.options.Dir, b.options.View = filepath.Join(t.TempDir(), "again"), nil
		if out, err := run.Run(t.Context(), b.plan(t), b.options); out != nil || run.ExitCode(err) != result.ExitRefused {
			t.Errorf("a run begins: %+v, %v", out, err)
		}
	}
	// The servers of the block are known without being named again.
	if err := stop.PrintStatus(t.Context(), me.options()); err != nil {
		t.Error(err)
	}
	me.wantPrinted(t, "BLOCKED   runs of this user", "BLOCKED   "+mine.system.Toxiproxy, "BLOCKED   "+old.URL(), "by ann", "incident 4711")
	if err := stop.Unblock(t.Context(), me.options()); err != nil {
		t.Error(err)
	}
	me.wantPrinted(t, "lifted    "+mine.system.Toxiproxy, "lifted    "+old.URL())
	for _, b := range []*bench{mine, theirs} {
		p := b.plan(t)
		if err := run.CheckBlocked(t.Context(), &p.System, b.options); err != nil {
			t.Errorf("after it is lifted: %v", err)
		}
	}
	if err := stop.Unblock(t.Context(), me.options()); err != nil {
		t.Error(err)
	}
	me.wantPrinted(t, "nothing was blocked")
	if err := stop.Unblock(t.Context(), me.options(old.URL())); err != nil {
		t.Error(err)
	}
	me.wantPrinted(t, "free      runs of this user", "free      "+old.URL())
}

// A server that does not answer keeps no other from being blocked, and is told.
func TestAServerThatIsGone(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	b := newBench(t, u, "")
	ended := b.start(t)
	err := stop.Block(t.Context(), u.options("http://127.0.0.1:1", b.system.Toxiproxy))
	if run.ExitCode(err) != result.ExitError || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("Block() = %v", err)
	}
	wantStopped(t, ended)
	u.wantPrinted(t, "blocked   "+b.system.Toxiproxy)
}

// --all with a server ends the run that has it, whoever it is of, and blocks nothing for long.
func TestTheRunsOfAServer(t *testing.T) {
	t.Parallel()
	old, err := stock.Start("127.0.0.1:0", stock.OneAtATime)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	for kind, url := range map[string]string{"ours": "", "stock": old.URL()} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			me, other := newUser(t), newUser(t)
			b := newBench(t, other, url)
			ended := b.start(t)
			if err := stop.All(context.Background(), me.options(b.system.Toxiproxy)); err != nil {
				t.Error(err)
			}
			wantStopped(t, ended)
			p := b.plan(t)
			if err := run.CheckBlocked(t.Context(), &p.System, b.options); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// A run that died and left a fault is for recover.
func TestARunThatLeftAFault(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	b := newBench(t, u, "")
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	log, err := journal.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	p := b.plan(t)
	for i, e := range []journal.Event{
		{Kind: journal.RunStarted, Plan: p}, {Kind: journal.ExperimentStarted, Experiment: p.Experiments[0].ID},
		{Kind: journal.FaultIntended, Experiment: p.Experiments[0].ID, Fault: p.Experiments[0].Faults[0].Name},
	} {
		e.Seq, e.At = i+1, time.Now()
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	if err := stop.Run(t.Context(), dir, u.options()); !errors.Is(err, engine.ErrNotRemoved) || run.ExitCode(err) != result.ExitNotRemoved {
		t.Errorf("Run() = %v", err)
	}
}

// A run that cannot obey is not asked, and one that does not end is not waited for without
// end.
func TestRunsThatAreNotStopped(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	log, err := journal.Create(root) // it is alive, and does nothing
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := stop.Run(t.Context(), dir, u.options()); !errors.Is(err, experiments.ErrRefused) || run.ExitCode(err) != result.ExitRefused {
		t.Errorf("Run() in a shared directory = %v", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	o := u.options()
	o.NoWait = true
	if err := stop.Run(t.Context(), dir, o); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, errors.New("the person has gone"))
	defer cancel()
	if err := stop.Run(ctx, dir, u.options()); err == nil || !strings.Contains(err.Error(), "the person has gone") {
		t.Errorf("Run() = %v", err)
	}
	if err := stop.Run(t.Context(), t.TempDir(), u.options()); err == nil {
		t.Error("a directory without a run is stopped")
	}
	if err := stop.Block(t.Context(), stop.Options{Registry: u.registry, By: "ann"}); run.ExitCode(err) != result.ExitUsage {
		t.Errorf("Block() without a reason = %v", err)
	}
}
