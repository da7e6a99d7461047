package main

import (
	"os"
	"slices"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// stops CODE TEXT STOPCODE STOPARG... -- ARG... runs blastgauge with ARG and, once TEXT is on
// its standard error, with STOPARG, as from another terminal. It wants STOPCODE of that one,
// whose output is in the files stopout and stoperr, and CODE of the first.
func stops(ts *testscript.TestScript, neg bool, args []string) {
	dash := slices.Index(args, "--")
	if neg || dash < 4 {
		ts.Fatalf("usage: stops CODE TEXT STOPCODE STOPARG... -- ARG...")
	}
	other := command(ts, args[3:dash])
	stdout, err := os.Create(ts.MkAbs("stopout"))
	ts.Check(err)
	defer stdout.Close()
	stderr, err := os.Create(ts.MkAbs("stoperr"))
	ts.Check(err)
	defer stderr.Close()
	other.Stdout, other.Stderr = stdout, stderr
	code := 0
	finish(ts, command(ts, args[dash+1:]), args[0], func() {
		waitFor(ts, "err", args[1])
		_ = other.Run() // its exit code is what counts
		code = other.ProcessState.ExitCode()
	})
	if strconv.Itoa(code) != args[2] {
		ts.Fatalf("stop ends with %d, want %s\n%s%s", code, args[2], ts.ReadFile("stopout"), ts.ReadFile("stoperr"))
	}
}
