// Command blastgauge breaks the dependencies of a staging system on purpose and
// measures what share of its journeys that harms.
//
// This package is the command line: it reads flags, prints, and returns exit codes.
// What the commands do is in the packages below it.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/live"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/livepage"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/signals"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
)

func main() {
	os.Exit(runMain(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// runMain is main without the process: tests call it with buffers.
func runMain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr, getenv: os.LookupEnv}
	return a.attend(func(ctx context.Context) int { return a.execute(ctx, args) })
}

// attend does work and handles signals meanwhile: the first stops it, so that the faults
// are removed; the second skips the report; the third ends the process at once.
func (a *app) attend(work func(context.Context) int) int {
	return signals.Attend(work, a.endEcho, a.toldAgain)
}

// toldAgain answers to a signal after the first. It reports whether to leave at once.
func (a *app) toldAgain(count int) bool {
	switch {
	case a.serves.Load() && count == 2:
		a.logf("blastgauge: ending; once more leaves at once")
		return false
	case a.serves.Load():
	case count == 2 && !a.hurry.Skip():
		a.logf("blastgauge: the report is being written; once more leaves at once")
		return false
	case count == 2:
		a.logf("blastgauge: skipping the report; once more leaves before the faults are removed")
		return false
	default:
		a.logf("blastgauge: left before the end: the guard of the run removes its faults; `blastgauge recover` makes sure")
	}
	a.dropScratch()
	return true
}

// An app is one invocation: its streams, its environment, and the state that its
// signal handler needs.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	stdoutErr      error // the first one of printf
	getenv         func(string) (string, bool)
	reads          bool                   // the command could have injected nothing
	hurry          signals.Hurry          // a second signal came: skip the report
	serves         atomic.Bool            // it is a server: it has no faults and no report
	scratch        atomic.Pointer[string] // a temporary directory to remove in any case
	shown          atomic.Pointer[live.Screen]
}

// dropScratch removes the temporary directory where attend does not wait for the work,
// which would remove it.
func (a *app) dropScratch() {
	if dir := a.scratch.Load(); dir != nil {
		_ = os.RemoveAll(*dir) // the process ends: its error would not be seen
	}
}

// printf prints lines to stdout, in which names of files and texts of others command
// nothing. If that fails, so does the command, see execute.
func (a *app) printf(format string, args ...any) {
	if _, err := io.WriteString(a.stdout, inert.Lines(fmt.Sprintf(format, args...))); err != nil && a.stdoutErr == nil {
		a.stdoutErr = err
	}
}

// logf prints lines to stderr. Its error is dropped: there is nowhere to report it.
func (a *app) logf(format string, args ...any) {
	_, _ = io.WriteString(a.messages(), inert.Lines(fmt.Sprintf(format, args...))+"\n")
}

// messages is where messages go: above the bars of a run, or to stderr.
func (a *app) messages() io.Writer {
	if s := a.shown.Load(); s != nil {
		return s
	}
	return a.stderr
}

// endEcho ends the line in which a terminal has echoed ^C, so that what follows begins a
// line of its own. Bars are drawn over it.
func (a *app) endEcho() {
	if s := a.shown.Load(); live.IsTerminal(a.stderr) && (s == nil || !s.Drawn()) {
		_, _ = io.WriteString(a.stderr, "\n") // nobody would learn of its error
	}
}

// execute runs the command that args name and returns its exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := newRoot(a)
	args = livepage.JoinAddress(singleDashed(args))
	if cmd, _, err := root.Find(args); err == nil && cmd == root {
		args = addVersionFlag(root, args) // its commands have none, and their help shows none
	}
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	a.reads = slices.Contains([]string{"approve", "compare", "faults", "history", "incidents", "prune", "report", "schema", "serve", "show"}, cmd.Name())
	if err == nil {
		err = a.stdoutErr
	}
	if exit.ReaderLeft(a.stdout, err) { // as other programs do, but for their death by a signal
		return result.ExitPIPE
	}
	a.explain(err)
	return exit.Code(err)
}
