package run_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/cleanup"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/scan"
)

// Scans that end in each of their stages, in each of these ways. A test takes some;
// cmd/measure crash-scan meets every stage by all:
//
//	BLASTGAUGE_CRASH=all go test ./experiments/run -run TestScanEndsInEveryStage -v
const (
	killed     = "killed"               // its watchdog removes its faults
	killedBare = "killed, no watchdog"  // recover removes them
	stopped    = "interrupted"          // it removes them itself
	frozen     = "proxy server stopped" // it cannot, and recover does once the server goes on
)

// busyTries is how often a scan is tried that a busy machine keeps from its answers: it says
// so itself, and decides nothing.
const busyTries = 3

// exercise is the time before the first cell.
const exercise journal.Stage = "exercise"

// A scanStage is a stage with a scan that comes to it soon.
type scanStage struct {
	name    journal.Stage
	entry   func(primary, standby string) http.Handler
	options plan.ScanOptions
	faults  int                    // that were injected by then, by name
	usual   []string               // ways to end it where not all are asked for
	knows   func(m *scan.Map) bool // what is known by then is on the map
}

func scanStages() []scanStage {
	of := func(d *scan.Dependency) scan.Verdict { return d.Cells[0].Verdict }
	return []scanStage{{
		name: exercise, entry: standsIn, usual: []string{killed},
		options: plan.ScanOptions{Modes: []plan.FailureMode{plan.Hang}},
		knows: func(m *scan.Map) bool {
			first, second := &m.Dependencies[0], &m.Dependencies[1]
			return first.Exercised != nil && *first.Exercised && *first.Calls > 0.5 && of(first) != scan.Harmful && of(first) != scan.Harmless && second.Exercised != nil
		},
	}, {
		name: journal.Pool, entry: needsBoth, faults: 2, usual: []string{killed, frozen},
		options: plan.ScanOptions{Modes: []plan.FailureMode{plan.Hang}},
		knows: func(m *scan.Map) bool {
			return len(m.Pools) == 1 && len(m.Pools[0].Faults) == 2 && m.Pools[0].Number == 1
		},
	}, {
		name: journal.Single, entry: needsBoth, faults: 1, // TestKilledScan, TestInterruptOfAScan
		options: plan.ScanOptions{Modes: []plan.FailureMode{plan.Refuse}, Dependencies: []string{primary}},
		knows:   func(m *scan.Map) bool { return m.Dependencies[0].Cells[0].Number == 1 },
	}, {
		name: journal.Threshold, entry: needsBoth, faults: 1, usual: []string{killedBare, stopped, frozen},
		options: plan.ScanOptions{Modes: []plan.FailureMode{plan.Slow}, Dependencies: []string{primary}, Thresholds: true},
		knows: func(m *scan.Map) bool {
			d := &m.Dependencies[0]
			return d.Cells[0].Number > 0 && d.BreakingPoint != nil && len(d.BreakingPoint.Levels) > 0 && d.BreakingPoint.Kind == "open"
		},
	}, {
		name: journal.PairStage, entry: standsIn, faults: 2, usual: []string{killed, stopped, frozen},
		options: plan.ScanOptions{Modes: []plan.FailureMode{plan.Refuse}, Dependencies: []string{primary, standby}, Pairs: true},
		knows: func(m *scan.Map) bool {
			d := &m.Dependencies[0]
			return of(d) == scan.Harmless && len(d.Fallbacks) == 1 && len(m.Pairs) == 1 && m.Pairs[0].Number > 1
		},
	}}
}

// crashed reports whether a test is to end a stage in this way.
func (s scanStage) crashed(how string) bool {
	return os.Getenv("BLASTGAUGE_CRASH") == "all" || slices.Contains(s.usual, how)
}

// inStage is a view that calls do when all faults of the first cell of a stage are in force,
// or when the exercise is over.
func inStage(stage journal.Stage, do func()) func(*plan.Plan) run.View {
	var mu sync.Mutex
	left := 0
	record := func(e journal.Event) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case e.Kind == journal.CellStarted && e.Cell.Stage == stage:
			left = len(e.Cell.Faults)
			return
		case e.Kind == journal.FaultInjected && left > 0:
			left--
		case e.Kind == journal.Exercised && stage == exercise:
		default:
			return
		}
		if left == 0 {
			do()
		}
	}
	return func(*plan.Plan) run.View { return &watcher{record: record} }
}

// strikeArgument makes the test binary scan the system of a directory until it kills itself
// in a stage:
//
//	run.test strike DIR STAGE WATCHDOG
const strikeArgument = "strike"

func strike(dir, stage, watchdog string) error {
	stages := scanStages()
	i := slices.IndexFunc(stages, func(s scanStage) bool { return string(s.name) == stage })
	p, err := planStandby(dir, stages[i].options)
	if err != nil {
		return err
	}
	o := standbyOptions(dir)
	if watchdog != "true" {
		o.Watchdog = nil
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	o.View = inStage(stages[i].name, func() {
		_ = self.Kill()
		select {} // nothing happens after death
	})
	_, err = run.Run(context.Background(), p, o)
	return errors.Join(errors.New("it lived on"), err)
}

// In whichever stage a scan ends, and however: nothing is left, and there is a map of what
// was known.
func TestScanEndsInEveryStage(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*testing.T, scanStage) (*standbyBench, *result.Result){
		killed:     func(t *testing.T, s scanStage) (*standbyBench, *result.Result) { return killIn(t, s, true) },
		killedBare: func(t *testing.T, s scanStage) (*standbyBench, *result.Result) { return killIn(t, s, false) },
		stopped:    interruptIn,
		frozen:     freezeIn,
	}
	for _, how := range []string{frozen, killed, killedBare, stopped} { // the longest first
		end := ends[how]
		for _, s := range scanStages() {
			if !s.crashed(how) {
				continue
			}
			t.Run(string(s.name)+" "+how, func(t *testing.T) {
				t.Parallel()
				b, r := end(t, s)
				for again := 1; r == nil && again < busyTries; again++ {
					b, r = end(t, s)
				}
				if r == nil {
					t.Fatal("no scan came to this stage")
				}
				b.wantClean(t)
				faults := s.faults
				if how == frozen { // the first one is tried before it shows
					faults = max(1, faults)
				}
				wantGone(t, r, faults)
				if !s.knows(r.Scan) {
					t.Errorf("the map is %s", inJSON(t, r.Scan))
				}
				again, err := result.Load(b.options.Dir)
				if err != nil {
					t.Fatal(err)
				}
				if !s.knows(again.Scan) {
					t.Errorf("read again, the map is %s", inJSON(t, again.Scan))
				}
			})
		}
	}
}

// killIn scans in a process that kills itself in the stage. The result is nil where it did
// not come to that.
func killIn(t *testing.T, s scanStage, watchdog bool) (*standbyBench, *result.Result) {
	b := newStandbyBench(t, startProxies(t), s.entry)
	child := exec.Command(os.Args[0], strikeArgument, b.dir, string(s.name), fmt.Sprint(watchdog))
	if out, err := child.CombinedOutput(); child.ProcessState == nil || child.ProcessState.Exited() {
		t.Logf("it was not killed: %v, %s", err, out)
		return b, nil
	}
	died := time.Now()
	if watchdog {
		until(t, func() bool { return len(b.unclean(t)) == 0 })
		if took := time.Since(died); took > 8*time.Second { // less than a lease takes to lapse: the server removes them then
			t.Errorf("its watchdog took %v", took)
		}
	} else if err := cleanup.Run(t.Context(), b.options.Dir, cleanup.Options{Registry: b.options.Registry}); err != nil {
		t.Fatal(err)
	}
	r, err := result.Load(b.options.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Run.Died || r.Scan.Ended != scan.Died || r.Run.ExitCode != result.ExitError {
		t.Errorf("%+v, ended as %s", r.Run, r.Scan.Ended)
	}
	return b, r
}

// interruptIn stops a scan in the stage, if it comes to that.
func interruptIn(t *testing.T, s scanStage) (*standbyBench, *result.Result) {
	b := newStandbyBench(t, startProxies(t), s.entry)
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	r := b.scan(ctx, t, s, func() { stop(&engine.Interrupt{Signal: "INT"}) })
	if r != nil && (r.Run.ExitCode != result.ExitINT || r.Scan.Ended != scan.Interrupted) {
		t.Errorf("exit code %d, ended as %s: %s", r.Run.ExitCode, r.Scan.Ended, r.Run.Error)
	}
	return b, r
}

// scan scans and calls do in the stage. The result is nil where it did not come to that.
func (b *standbyBench) scan(ctx context.Context, t *testing.T, s scanStage, do func()) *result.Result {
	t.Helper()
	p, err := planStandby(b.dir, s.options)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	reached := false
	b.options.View = inStage(s.name, func() { once.Do(func() { reached = true; do() }) })
	out, err := run.Run(ctx, p, b.options)
	if err != nil {
		t.Fatal(err)
	}
	if !reached {
		t.Logf("exit code %d, ended as %s; the map is %s", out.Result.Run.ExitCode, out.Result.Scan.Ended, inJSON(t, out.Result.Scan))
		return nil
	}
	return out.Result
}

func inJSON(t *testing.T, m *scan.Map) []byte {
	t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
