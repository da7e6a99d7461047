package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// terminal COLUMNS ROWS TEXT ARG... runs blastgauge in a real terminal of that size, and
// types ^C when it shows TEXT, unless that is empty. What stands there in the end, also
// what has scrolled away, is in the file screen; its last line is "ended CODE".
func inTerminal(ts *testscript.TestScript, _ bool, args []string) {
	t := newTerminal(ts, args[0], args[1], args[3:])
	if args[2] != "" {
		t.shows(args[2])
		t.keys("C-c")
	}
	t.keep()
}

// asked COLUMNS ROWS FILE ARG... does the same and answers what blastgauge asks. Each line of
// FILE is what the terminal shows, a tab, and what is typed then: a line, or a key such as
// C-d.
func asked(ts *testscript.TestScript, _ bool, args []string) {
	t := newTerminal(ts, args[0], args[1], args[3:])
	for line := range strings.Lines(ts.ReadFile(args[2])) {
		text, types, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		t.shows(text)
		if strings.HasPrefix(types, "C-") {
			t.keys(types)
			continue
		}
		t.keys("-l", types)
		t.keys("Enter")
	}
	t.keep()
}

// A tmuxTerminal is a real terminal in which blastgauge runs.
type tmuxTerminal struct {
	ts   *testscript.TestScript
	tmux func(with ...string) string
}

func newTerminal(ts *testscript.TestScript, columns, rows string, args []string) tmuxTerminal {
	dir, err := os.MkdirTemp("", "tmux") // the path of a socket has to be short
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(dir) })
	tmux := func(with ...string) string {
		cmd := command(ts, nil)
		cmd.Path, err = exec.LookPath("tmux")
		ts.Check(err)
		cmd.Args = append([]string{"tmux", "-u", "-f", os.DevNull, "-S", filepath.Join(dir, "s")}, with...)
		text, err := cmd.CombinedOutput()
		if err != nil {
			ts.Fatalf("tmux %q: %v\n%s", with, err, text)
		}
		return string(text)
	}
	var quoted []string
	for _, arg := range args {
		quoted = append(quoted, "'"+arg+"'")
	}
	tmux("new-session", "-d", "-x", columns, "-y", rows, "blastgauge "+strings.Join(quoted, " ")+"; echo ended $?; read wait")
	ts.Defer(func() { tmux("kill-server") })
	return tmuxTerminal{ts, tmux}
}

// keys types keys, as tmux names them.
func (t tmuxTerminal) keys(names ...string) { t.tmux(append([]string{"send-keys"}, names...)...) }

// shows waits until the terminal shows a text, and returns all that stands there.
func (t tmuxTerminal) shows(text string) string {
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		screen := t.tmux("capture-pane", "-p", "-S", "-")
		if strings.Contains(screen, text) {
			return screen
		}
		if time.Now().After(deadline) {
			t.ts.Fatalf("the terminal does not show %q:\n%s", text, screen)
		}
	}
}

// keep waits for the end, and keeps the screen in a file.
func (t tmuxTerminal) keep() {
	t.ts.Check(os.WriteFile(t.ts.MkAbs("screen"), []byte(strings.TrimRight(t.shows("\nended "), "\n")+"\n"), 0o600))
}
