package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// promptly runs a command that must wait for nobody. It fails, and does not hang, if it
// does.
func promptly(t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	return promptlyUntil(t.Context(), t, args...)
}

func promptlyUntil(ctx context.Context, t *testing.T, args ...string) (code int, said string) {
	t.Helper()
	done := make(chan struct{})
	var out, errs bytes.Buffer
	go func() {
		defer close(done)
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: os.LookupEnv}
		code = a.execute(ctx, args)
	}()
	select {
	case <-done:
		return code, out.String() + errs.String()
	case <-time.After(time.Minute):
		t.Fatalf("%q waits for a pipe", args)
		return 0, ""
	}
}

func mkfifo(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// In a cloned repository anything may be a pipe, which nobody ever writes. No command
// waits for one that it finds, and each says what there is.
func TestNoPipeInADirectoryIsWaitedFor(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dir := t.TempDir()
	in := func(names ...string) string { return filepath.Join(append([]string{dir}, names...)...) }
	pipe := in("pipe")
	mkfifo(t, pipe)
	mkfifo(t, in("journal", journal.EventsFile))
	mkfifo(t, in("undo", journal.UndoFile))
	mkfifo(t, in("observations", journal.ObservationsFile))
	mkfifo(t, in("result", "y", result.File))
	mkfifo(t, in("yaml", "experiments", "x.yaml"))
	for _, name := range []string{in("undo", journal.EventsFile), in("undo", journal.ObservationsFile), in("observations", journal.EventsFile), in("yaml", "blastgauge.yaml")} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(in("linked"), 0o700), os.Symlink("../pipe", in("linked", result.File)), os.Mkdir(in("inside"), 0o700)); err != nil {
		t.Fatal(err)
	}
	mkfifo(t, in("inside", "p"))
	if err := os.Symlink("p", in("inside", result.File)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"report", pipe}, 1, "a named pipe"},
		{[]string{"report", in("journal")}, 1, "a named pipe"},
		{[]string{"report", in("undo")}, 1, "a named pipe"},
		{[]string{"report", in("observations")}, 1, "a named pipe"},
		{[]string{"compare", in("result", "y"), in("result", "y")}, 1, "a named pipe"},
		{[]string{"compare", in("inside"), in("inside")}, 1, "a named pipe"},
		{[]string{"compare", in("linked"), in("linked")}, 1, result.File},
		{[]string{"history", pipe}, 1, "a named pipe"},
		{[]string{"history", in("result")}, 0, "a named pipe"},
		{[]string{"report", "--index", pipe}, 1, "a named pipe"},
		{[]string{"report", "--index", in("result")}, 0, "a named pipe"},
		{[]string{"prune", "--keep", "1", pipe}, 1, "a named pipe"},
		{[]string{"prune", "--keep", "1", in("result")}, 0, "0 of 1"},
		{[]string{"recover", pipe}, 1, "a named pipe"},
		{[]string{"validate", in("yaml")}, 2, "a named pipe"},
		{[]string{"validate", "-f", in("yaml", "blastgauge.yaml"), in("yaml", "experiments")}, 2, "a named pipe"},
	} {
		if code, said := promptly(t, tt.args...); code != tt.code || !strings.Contains(said, tt.says) {
			t.Errorf("%q: exit %d, want %d and %q in\n%s", tt.args, code, tt.code, tt.says, said)
		}
	}
}

// A file that the user names may be a pipe. A signal ends the wait for who writes it.
func TestASignalEndsTheWaitForANamedPipe(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Chdir(t.TempDir())
	pipe := filepath.Join(t.TempDir(), "pipe")
	mkfifo(t, pipe)
	for _, args := range [][]string{
		{"compare", pipe, pipe}, {"validate", "-f", pipe, pipe}, {"plan", "-f", pipe, pipe}, {"run", "-f", pipe, pipe},
		{"try", "-f", pipe}, {"init", "--har", pipe}, {"proxy", "-config", pipe}, {"proxy", "--upstream-ca", pipe}, {"proxy", "--cert", pipe, "--key", pipe}, {"recover", "--token-file", pipe, "--toxiproxy", "http://127.0.0.1:1"}, {"proxy", "-f", pipe}, {"recover", "--trust", "-f", pipe, t.TempDir()},
	} {
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(50*time.Millisecond, func() { stop(&engine.Interrupt{Signal: "TERM"}) })
		if code, said := promptlyUntil(ctx, t, args...); code != result.ExitTERM {
			t.Errorf("%q: exit %d, want %d:\n%s", args, code, result.ExitTERM, said)
		}
		wantInHelp(t, args[0], result.ExitTERM)
	}
}

// What a pipe that the user names brings is read.
func TestANamedPipeIsRead(t *testing.T) {
	dir := fixtureRun(t, "suite", nil)
	text, err := os.ReadFile(filepath.Join(dir, result.File))
	if err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	mkfifo(t, pipe)
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, text, 0o600) }()
	if code, said := promptly(t, "compare", pipe, dir); code != result.ExitHeld {
		t.Errorf("compare: exit %d:\n%s", code, said)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}
}

// The list of open runs is its user's own, but what is no entry must not keep a fault
// from being looked for.
func TestAPipeInTheListOfOpenRuns(t *testing.T) {
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	mkfifo(t, filepath.Join(state, "blastgauge", "runs", "r1.json"))
	t.Chdir(t.TempDir())
	if code, said := promptly(t, "recover"); code == 0 || !strings.Contains(said, "r1.json is a named pipe") {
		t.Errorf("recover: exit %d:\n%s", code, said)
	}
}

// A token may come from a pipe, such as <(command) of a shell, however often it is needed.
func TestATokenFromAPipe(t *testing.T) {
	t.Parallel()
	server, err := proxy.Start(proxy.Options{Token: "from a pipe"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }() // nothing was made
	pipe := filepath.Join(t.TempDir(), "pipe")
	mkfifo(t, pipe)
	for token, want := range map[string]int{"from a pipe\n": 0, "another\n": 1, " \n": 2} {
		go func() { _ = os.WriteFile(pipe, []byte(token), 0) }()
		if code, said := promptly(t, "recover", "--toxiproxy", server.URL(), "--token-file", pipe); code != want || want == 1 && strings.Contains(said, "another") || strings.Contains(said, "environment variable") {
			t.Errorf("%q: exit %d, want %d: %s", token, code, want, said)
		}
	}
}
