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
	for _, arg := range args[3:] {
		quoted = append(quoted, "'"+arg+"'")
	}
	tmux("new-session", "-d", "-x", args[0], "-y", args[1], "blastgauge "+strings.Join(quoted, " ")+"; echo ended $?; read wait")
	ts.Defer(func() { tmux("kill-server") })
	shows := func(text string) string {
		for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
			screen := tmux("capture-pane", "-p", "-S", "-")
			if strings.Contains(screen, text) {
				return screen
			}
			if time.Now().After(deadline) {
				ts.Fatalf("the terminal does not show %q:\n%s", text, screen)
			}
		}
	}
	if args[2] != "" {
		shows(args[2])
		tmux("send-keys", "C-c")
	}
	ts.Check(os.WriteFile(ts.MkAbs("screen"), []byte(strings.TrimRight(shows("\nended "), "\n")+"\n"), 0o600))
}
