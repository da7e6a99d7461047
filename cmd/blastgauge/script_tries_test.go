package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptTries decides how often a script is tried.
//
// With the race detector, six scripts at a time leave a small machine no time to measure,
// and a verdict that it was too busy for fails a script. That one is tried once more then,
// while no other script runs. What is wrong fails both times. A race or a panic fails at
// once, and so do scripts after many that were tried again: then it is no busy machine.
type scriptTries struct {
	atOnce sync.RWMutex // held for reading by each script, and for writing by one that is tried again
	again  atomic.Int32
}

// mostAgain is how many scripts may be tried again.
const mostAgain = 20

// broken is in the log of a script that fails on no machine for being busy.
var broken = regexp.MustCompile(`DATA RACE|\bpanic: |\bfatal error: `)

var tries scriptTries

// runScripts runs each script of a folder as a test.
func runScripts(t *testing.T, p testscript.Params) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(p.Dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", p.Dir, err)
	}
	if deadline, ok := t.Deadline(); ok {
		p.Deadline = deadline
	}
	p = reporting(p)
	p.Dir = ""
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			p := p
			p.Files = []string{file}
			if scriptsAgain {
				tries.run(t, p)
				return
			}
			testscript.RunT(script{t}, p)
		})
	}
}

// run runs a script, and once more where its first failure may be the machine's.
func (s *scriptTries) run(t *testing.T, p testscript.Params) {
	first := s.first(t, p)
	switch {
	case first.skipped != "":
		t.Skip(first.skipped)
	case !first.failed:
		t.Log(first.log.String())
		return
	case !s.mayTryAgain(first):
		t.Fatal(first.log.String())
	}
	t.Logf("failed beside others, and is tried again, alone:\n%s", first.log.String())
	s.atOnce.Lock()
	defer s.atOnce.Unlock()
	testscript.RunT(script{t}, p)
}

// mayTryAgain decides about a script that failed.
func (s *scriptTries) mayTryAgain(first *firstTry) bool {
	return !broken.MatchString(first.log.String()) && s.again.Add(1) <= mostAgain
}

// first is a try that may fail.
func (s *scriptTries) first(t *testing.T, p testscript.Params) *firstTry {
	s.atOnce.RLock()
	defer s.atOnce.RUnlock()
	first := &firstTry{T: t}
	ended := make(chan struct{})
	go func() { // which a failure ends, and not the test
		defer close(ended)
		testscript.RunT(first, p)
	}()
	<-ended
	return first
}

// A script is the test that it is run in: not one more below that.
type script struct{ *testing.T }

func (s script) Run(_ string, f func(testscript.T)) { f(s) }
func (script) Parallel()                            {}
func (script) Verbose() bool                        { return testing.Verbose() }

// A firstTry keeps what a script says, and does not fail its test.
type firstTry struct {
	*testing.T // of which only what follows is a script's

	mu      sync.Mutex
	log     strings.Builder
	failed  bool
	skipped string // why
}

func (f *firstTry) Run(_ string, run func(testscript.T)) { run(f) }
func (f *firstTry) Parallel()                            {}
func (f *firstTry) Verbose() bool                        { return testing.Verbose() }

func (f *firstTry) Log(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _ = fmt.Fprintln(&f.log, args...) // a Builder takes all
}

func (f *firstTry) Fail() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = true
}

func (f *firstTry) Failed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed
}

func (f *firstTry) FailNow() {
	f.Fail()
	runtime.Goexit()
}

func (f *firstTry) Skip(args ...any) {
	f.skipped = fmt.Sprintln(args...)
	runtime.Goexit()
}

func (f *firstTry) Logf(format string, args ...any)   { f.Log(fmt.Sprintf(format, args...)) }
func (f *firstTry) Skipf(format string, args ...any)  { f.Skip(fmt.Sprintf(format, args...)) }
func (f *firstTry) SkipNow()                          { f.Skip("skipped") }
func (f *firstTry) Error(args ...any)                 { f.Log(args...); f.Fail() }
func (f *firstTry) Errorf(format string, args ...any) { f.Error(fmt.Sprintf(format, args...)) }
func (f *firstTry) Fatal(args ...any)                 { f.Log(args...); f.FailNow() }
func (f *firstTry) Fatalf(format string, args ...any) { f.Fatal(fmt.Sprintf(format, args...)) }

// A script that fails beside others and not alone passes. What is broken, or fails too
// often, is not tried again.
func TestAScriptIsTriedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"fails": "fails", "late": "late", "passes": "", "skips": "skip", "races": "fails 'WARNING: DATA RACE'"} {
		if err := os.WriteFile(filepath.Join(dir, name+".txtar"), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	met := 0
	params := func(name string) testscript.Params {
		return reporting(testscript.Params{Files: []string{filepath.Join(dir, name+".txtar")}, Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fails": func(ts *testscript.TestScript, _ bool, args []string) {
				if met++; met == 1 || len(args) > 0 {
					ts.Fatalf("%s", strings.Join(args, " "))
				}
			},
			"late": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Defer(func() { test(ts).Errorf("something was left") })
			},
		}})
	}
	var s scriptTries
	if s.run(t, params("fails")); met != 2 || s.again.Load() != 1 {
		t.Errorf("tried %d times, %d again", met, s.again.Load())
	}
	for name, want := range map[string]struct{ failed, skipped, again bool }{"late": {true, false, true}, "passes": {}, "skips": {false, true, false}, "races": {true, false, false}} {
		first := s.first(t, params(name))
		if first.Failed() != want.failed || (first.skipped != "") != want.skipped || want.failed && s.mayTryAgain(first) != want.again {
			t.Errorf("%s: failed %t, skipped %q:\n%s", name, first.Failed(), first.skipped, first.log.String())
		}
	}
	s.again.Store(mostAgain)
	if s.mayTryAgain(s.first(t, params("late"))) {
		t.Error("there is no end of it")
	}
}
