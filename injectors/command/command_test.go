package command_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/redact"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/command"
	"github.com/blastgauge/blastgauge/injectors/injectortest"
)

// sh is a program that runs a script in the folder of the fault.
func sh(script string) []any { return []any{"sh", "-c", script} }

var flags atomic.Int64 //nolint:gochecknoglobals // of all tests

// A flag is a fault that sets a flag: a file that is there.
type flag struct {
	*testing.T
	dir   string
	fault plan.Fault
}

func newFlag(t *testing.T) *flag {
	t.Helper()
	dir := t.TempDir()
	// Each has a name of its own: what do of a fault is doing is found by that.
	return &flag{t, dir, plan.Fault{Name: injectors.FaultName("20261124t000000z-test00", int(flags.Add(1))), Fault: experiments.Fault{
		Inject: command.Kind, Into: "payments", Share: 1,
		Attributes: injectors.Attributes{"do": sh("touch set"), "undo": sh("rm -f set"), "check": sh("test -e set"), "dir": dir},
	}}}
}

func (f *flag) with(step, script string) *flag {
	f.fault.Attributes[step] = sh(script)
	return f
}

func (f *flag) isThere(name string) bool {
	_, err := os.Lstat(filepath.Join(f.dir, name))
	return !errors.Is(err, fs.ErrNotExist)
}

func (f *flag) want(there bool) error {
	if f.isThere("set") != there {
		return fmt.Errorf("the flag is set: %v, want %v", !there, there)
	}
	return nil
}

func (f *flag) revert(in *command.Injector) {
	f.Helper()
	if err := errors.Join(in.Revert(f.Context(), f.fault), f.want(false)); err != nil {
		f.Error(err)
	}
}

func TestTheContract(t *testing.T) {
	t.Parallel()
	injectortest.Lifecycle(t, func(t *testing.T) injectortest.Subject {
		f := newFlag(t)
		return injectortest.Subject{
			New:   func() engine.Injector { return command.New(command.Options{}) },
			Fault: f.fault,
			Bad:   func() error { return f.want(true) },
			Well:  func() error { return f.want(false) },
		}
	})
}

// Programs know which fault of which run they are for, and have the environment of
// whoever runs them.
func TestWhatProgramsAreTold(t *testing.T) {
	t.Parallel()
	f := newFlag(t)
	for _, step := range []string{"do", "undo"} {
		f.with(step, `echo "$BLASTGAUGE_RUN $BLASTGAUGE_FAULT $BLASTGAUGE_INTO $OF_MINE" >> $BLASTGAUGE_STEP; touch set; test $BLASTGAUGE_STEP = do || rm set`)
	}
	in := command.New(command.Options{Environ: func() []string { return append(os.Environ(), "OF_MINE=mine", "BLASTGAUGE_INTO=somebody else") }})
	if err := in.Inject(t.Context(), f.fault); err != nil {
		t.Fatal(err)
	}
	f.revert(in)
	for _, step := range []string{"do", "undo"} {
		text, err := os.ReadFile(filepath.Join(f.dir, step))
		if want := "20261124t000000z-test00 " + f.fault.Name + " payments mine\n"; err != nil || string(text) != want {
			t.Errorf("%s was told %q (%v), want %q", step, text, err, want)
		}
	}
}

// What is wrong with a program is an error, and what it has left is undone.
func TestDoThatFailsIsUndone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do     []any
		within float64 // a busy machine is slow
		want   string
	}{
		"it fails half way":     {sh("touch set; echo no room >&2; exit 3"), 10, "do ends with 3: no room"},
		"it is killed":          {sh("touch set; kill -9 $$"), 10, "do was ended: signal: killed"},
		"it is not there":       {[]any{"/nowhere/flag"}, 10, "do cannot be run"},
		"it hangs":              {sh("touch set; sleep 60"), 0.3, "do was killed: it did not end within 300ms"},
		"it waits for a child":  {sh("touch set; sleep 60 & wait"), 0.3, "do was killed: it did not end within 300ms"},
		"it is without effects": {sh("true"), 2, "the fault is not in force after do: check ends with 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFlag(t)
			f.fault.Attributes["do"], f.fault.Attributes["within"] = tt.do, tt.within
			in := command.New(command.Options{})
			if err := in.Inject(t.Context(), f.fault); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Inject() = %v, want %q", err, tt.want)
			}
			f.fault.Attributes["within"] = 10.0
			f.revert(in)
		})
	}
}

// With a program that is out of time, what it has started is ended.
func TestChildrenEndWithTheirProgram(t *testing.T) {
	t.Parallel()
	f := newFlag(t).with("do", "sh -c 'echo $$ > pid; exec sleep 60' & touch set; wait")
	f.fault.Attributes["within"] = 3.0
	in := command.New(command.Options{})
	began := time.Now()
	if err := in.Inject(t.Context(), f.fault); err == nil {
		t.Fatal("Inject() = nil")
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
	f.wantEnded("pid")
	f.revert(in)
}

// wantEnded wants the process whose number is in a file to end soon.
func (f *flag) wantEnded(file string) {
	f.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, file))
	if err != nil {
		f.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		f.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output(); err != nil || strings.HasPrefix(string(state), "Z") {
			return
		}
		if time.Now().After(deadline) {
			f.Fatalf("process %d is still there", pid)
		}
	}
}

// A program may leave something running: that may be the fault itself.
func TestWhatDoLeavesRunningStays(t *testing.T) {
	t.Parallel()
	f := newFlag(t).with("do", "sleep 60 & echo $! > pid; touch set").with("undo", "kill $(cat pid) && rm -f set")
	in := command.New(command.Options{})
	if err := in.Inject(t.Context(), f.fault); err != nil {
		t.Fatal(err)
	}
	f.revert(in) // by a kill that fails where the process is gone
	f.wantEnded("pid")
}

// The fault may take a while to come, and to go.
func TestCheckMayAgreeLater(t *testing.T) {
	t.Parallel()
	f := newFlag(t).with("do", "(sleep 0.3; touch set) >/dev/null 2>&1 &").with("undo", "(sleep 0.3; rm set) >/dev/null 2>&1 &")
	in := command.New(command.Options{})
	if err := errors.Join(in.Inject(t.Context(), f.fault), f.want(true)); err != nil {
		t.Fatal(err)
	}
	f.revert(in)
}

// A check that is broken proves neither that a fault is there nor that it is gone.
func TestABrokenCheckProvesNothing(t *testing.T) {
	t.Parallel()
	for name, check := range map[string][]any{
		"another code":     sh("exit 2"),
		"no such program":  {"/nowhere/check"},
		"it is killed":     sh("kill -9 $$"),
		"it hangs":         sh("exec sleep 60"),
		"a missing script": {"sh", "missing.sh"},
		"none":             nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFlag(t)
			hangs := name == "it hangs" // and so may everything, as long as it is given little time
			f.fault.Attributes["within"] = map[bool]float64{true: 0.3, false: 1}[hangs]
			f.fault.Attributes["check"] = check
			in := command.New(command.Options{})
			if e, err := in.Check(t.Context(), f.fault); err == nil {
				t.Errorf("Check() = %+v", e)
			}
			if err := in.Inject(t.Context(), f.fault); err == nil {
				t.Error("Inject() = nil")
			}
			if err := in.Revert(t.Context(), f.fault); err == nil {
				t.Error("Revert() = nil")
			}
			in.MarkDoubtful(f.fault.Name)
			if err := f.want(false); err != nil && !hangs {
				t.Error(err)
			}
			f.write("set")
			if err := in.Revert(t.Context(), f.fault); err == nil || f.isThere("set") && !hangs {
				t.Errorf("Revert() of what may be there = %v", err)
			}
		})
	}
}

// What undo cannot do is told with the command for a person, which does it.
func TestUndoThatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		undo   string
		within float64
		want   string
	}{
		"it fails":        {"test -n \"$HAND\" || { echo locked; exit 4; }; rm set", 10, "undo ends with 4: locked"},
		"it does nothing": {"test -z \"$HAND\" || rm set", 2, "the fault is still in force after undo: check ends with 0"},
		"it hangs":        {"test -n \"$HAND\" || sleep 60; rm set", 0.3, "undo was killed: it did not end within 300ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFlag(t).with("undo", tt.undo)
			in := command.New(command.Options{})
			if err := in.Inject(t.Context(), f.fault); err != nil {
				t.Fatal(err)
			}
			f.fault.Attributes["within"] = tt.within
			if err := in.Revert(t.Context(), f.fault); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Revert() = %v, want %q", err, tt.want)
			}
			byHand := exec.Command("sh", "-c", "HAND=1; export HAND; "+in.Manual(f.fault))
			if out, err := byHand.CombinedOutput(); err != nil || f.isThere("set") {
				t.Errorf("by hand: %v: %s", err, out)
			}
		})
	}
}

// A removal in little time says why it failed before that is over.
func TestAReasonBeforeTheEnd(t *testing.T) {
	t.Parallel()
	f := newFlag(t).with("undo", "echo waiting for somebody; exec sleep 60")
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	err := command.New(command.Options{}).Revert(ctx, f.fault)
	if err == nil || !strings.Contains(err.Error(), "waiting for somebody") || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Revert() = %v", err)
	}
}

// Of what a program writes, little is kept, nothing commands a terminal, and no secret is
// shown.
func TestOutputIsShownWithoutSecrets(t *testing.T) {
	t.Parallel()
	known := &redact.Secrets{}
	known.Hide("hunter2-of-a-document", "${env:X}")
	in := command.New(command.Options{Secrets: known, Environ: func() []string {
		return append(os.Environ(), "DB_PASSWORD=horse-battery", "SHOP=http://ann:staple9@127.0.0.1:1/")
	}})
	f := newFlag(t).with("do", `printf '\033[2J::error::%s %s\n' hunter2-of-a-document "$DB_PASSWORD" >&2; echo "$SHOP token=abcdefghij"; head -c 100000 /dev/zero | tr '\0' x; exit 1`)
	err := in.Inject(t.Context(), f.fault)
	if err == nil {
		t.Fatal("Inject() = nil")
	}
	text := err.Error()
	for _, secret := range []string{"hunter2", "horse", "battery", "staple9", "abcdefghij", "\033", "\n"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows %q", text, secret)
		}
	}
	if !strings.HasPrefix(text, "do ends with 1: ") || !strings.Contains(text, "${env:DB_PASSWORD}") || len(text) > 400 {
		t.Errorf("the error is %q", text)
	}
	f.with("check", "echo \"$DB_PASSWORD\tis in force\"")
	if e, err := in.Check(t.Context(), f.fault); err != nil || !e.Present || e.Counted || e.Output != "${env:DB_PASSWORD} is in force" {
		t.Errorf("Check() = %+v, %v", e, err)
	}
}

// Programs of which nobody knows that they are the user's are not run, and nobody tries
// again.
func TestProgramsThatMustNotRun(t *testing.T) {
	t.Parallel()
	no := errors.New("not yours")
	f := newFlag(t)
	for _, step := range []string{"do", "undo", "check"} {
		f.with(step, "touch ran")
	}
	in := command.New(command.Options{May: func(plan.Fault) error { return no }})
	in.MarkUnsettled(f.fault.Name)
	in.MarkDoubtful(f.fault.Name)
	_, asked := in.Check(t.Context(), f.fault)
	began := time.Now()
	reverted := engine.Revert(t.Context(), map[string]engine.Injector{command.Kind: in}, []plan.Fault{f.fault})[0]
	for _, err := range []error{asked, reverted, in.Inject(t.Context(), f.fault)} {
		if !errors.Is(err, no) {
			t.Errorf("error %v, want %v", err, no)
		}
	}
	if f.isThere("ran") || time.Since(began) > 30*time.Second {
		t.Errorf("a program ran: %v; it took %s", f.isThere("ran"), time.Since(began))
	}
}

// A fault of which nothing tells is undone where check does not say that it is gone.
func TestDoubtfulFaults(t *testing.T) {
	t.Parallel()
	f := newFlag(t).with("undo", "touch ran; rm -f set")
	in := command.New(command.Options{})
	in.MarkDoubtful(f.fault.Name)
	if f.revert(in); f.isThere("ran") {
		t.Error("it was undone although it was gone")
	}
	if err := os.WriteFile(filepath.Join(f.dir, "set"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f.revert(in); !f.isThere("ran") {
		t.Error("it was not undone although it was there")
	}
}

// What do of a dead run is still doing is ended before it is undone, also in a session of
// its own. What do of another fault does goes on.
func TestWhatIsLeftOfDoIsEnded(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip("no process shows its environment here")
	}
	f, other := newFlag(t), newFlag(t)
	other.fault.Name += "1"
	start := func(f *flag) *exec.Cmd {
		cmd := exec.Command("sh", "-c", "sleep 60 & echo $! > child; touch started; wait; touch set")
		cmd.Dir, cmd.SysProcAttr = f.dir, &syscall.SysProcAttr{Setsid: true}
		cmd.Env = append(os.Environ(), "BLASTGAUGE_FAULT="+f.fault.Name, "BLASTGAUGE_STEP=do")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for !f.isThere("started") {
			time.Sleep(time.Millisecond)
		}
		return cmd
	}
	dead, alive := start(f), start(other)
	defer func() { _ = syscall.Kill(-alive.Process.Pid, syscall.SIGKILL); _ = alive.Wait() }()
	var reaped atomic.Bool
	go func() { _ = dead.Wait(); reaped.Store(true) }()
	in := command.New(command.Options{})
	f.revert(in)
	f.isStillThere(dead.Process.Pid, &reaped)
	in.MarkUnsettled(f.fault.Name)
	f.revert(in)
	f.wantEnded("child")
	if err := syscall.Kill(alive.Process.Pid, 0); err != nil {
		t.Errorf("do of another fault was ended: %v", err)
	}
	if f.isThere("set") {
		t.Error("do went on after undo")
	}
}

// isStillThere wants a process that nobody asked to end.
func (f *flag) isStillThere(pid int, reaped *atomic.Bool) {
	f.Helper()
	if err := syscall.Kill(pid, 0); err != nil || reaped.Load() {
		f.Errorf("process %d was ended without need: %v", pid, err)
	}
}
