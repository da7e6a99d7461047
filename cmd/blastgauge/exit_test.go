package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/exit"
	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/stop"
	"github.com/blastgauge/blastgauge/experiments/shape"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

func TestExitCodesAndTheirPrecedence(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("somewhere: %w", err) }
	for _, tt := range []struct {
		name string
		err  error
		want int
	}{
		{"nothing", nil, 0},
		{"anything", errors.New("disk full"), 1},
		{"a missing proxy", wrapped(toxiproxy.ErrMissing), 1},
		{"an end without a signal", context.Canceled, 1},
		{"usage", usage.Errorf("unknown flag"), 2},
		{"a wrapped usage", wrapped(usage.Errorf("unknown flag")), 2},
		{"a document", wrapped(experiments.ErrInvalid), 2},
		{"one mistake in a document", &shape.Error{File: "a.yaml"}, 2},
		{"a plan", wrapped(plan.ErrImpossible), 2},
		{"a host", wrapped(experiments.ErrRefused), 6},
		{"a foreign toxic", wrapped(toxiproxy.ErrRefused), 6},
		{"a fault that stays", wrapped(engine.ErrNotRemoved), 7},
		{"HUP", wrapped(&engine.Interrupt{Signal: "HUP"}), 129},
		{"INT", wrapped(&engine.Interrupt{Signal: "INT"}), 130},
		{"TERM", wrapped(&engine.Interrupt{Signal: "TERM"}), 143},
		{"a verdict", wrapped(exit.With(result.ExitRefuted)), 3},
		{"a fault that stays outranks a signal", errors.Join(&engine.Interrupt{Signal: "INT"}, engine.ErrNotRemoved), 7},
		{"a fault that stays outranks a flag", errors.Join(usage.Errorf("no such proxy"), engine.ErrNotRemoved), 7},
		{"a fault that stays outranks a refusal", errors.Join(experiments.ErrRefused, engine.ErrNotRemoved), 7},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := exit.Code(tt.err); got != tt.want {
				t.Errorf("exit.Code(%v) = %d, want %d", tt.err, got, tt.want)
			}
		})
	}
}

// The error comes first, and what the exit code means is the last line.
func TestExplainEndsWithTheMeaning(t *testing.T) {
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"nothing to explain", nil, ""},
		{"a verdict has been printed", exit.With(3), ""},
		{"an error", errors.New("disk full"), "error: disk full\nexit 1: error of the tool or its environment\n"},
		{"an interrupt", &engine.Interrupt{Signal: "INT"}, "error: INT received\nexit 130: interrupted\n"}, // which knows of no fault
		{"a flag", usage.Errorf("no such flag"), "error: no such flag\nexit 2: invalid flags or documents; nothing was injected\n"},
		{"nothing to stop", usage.Errorf("%w: name it", stop.ErrNone), "error: no run of this user goes on here: name it\nexit 2: nothing was stopped\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			(&app{stderr: &stderr}).explain(tt.err)
			if stderr.String() != tt.want {
				t.Errorf("explained as %q, want %q", &stderr, tt.want)
			}
		})
	}
}

// wantInHelp wants the help of a command to list an exit code that it gave.
func wantInHelp(t *testing.T, command string, code int) {
	t.Helper()
	cmd, _, err := newRoot(&app{}).Find([]string{command})
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(cmd.Long, "\nExit status:\n")
	if !regexp.MustCompile(`(?m)^  (?:\d+, )*` + strconv.Itoa(code) + `(?:, \d+)*   +\S`).MatchString(table) {
		t.Errorf("the help of %s does not say what exit %d is:\n%s", command, code, table)
	}
}

// What a command exits with, its help tells.
func TestTheHelpTellsWhatItExitsWith(t *testing.T) {
	suite, worse, none := fixtureRun(t, "suite", nil), fixtureRun(t, "suite", worse), fixtureRun(t, "suite", func(r *result.Result) { r.Experiments = r.Experiments[:0] })
	t.Chdir(t.TempDir())
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	if code, _, errs := invoke(t, "init", "--dir", "s"); code != result.ExitHeld {
		t.Fatal(errs)
	}
	const system = "s/blastgauge.yaml"
	for _, tt := range []struct {
		args string
		want int
	}{
		{"init --dir s2", 0}, {"init --dir /proc/self/none", 1}, {"init --har none.har", 2}, {"init --toxiproxy http://127.0.0.1:1", 1},
		{"validate -f " + system, 0}, {"validate", 2}, {"validate -o none", 2},
		{"validate -f " + system + " --set environment=production", 6},
		{"plan -f " + system, 0}, {"plan -f " + system + " --token-file none", 2}, {"plan", 2}, {"plan -f " + system + " --set environment=production", 6},
		{"try", 2}, {"try -f " + system + " --set environment=production", 6}, {"try -f " + system + " none", 2},
		{"compare " + suite + " " + suite, 0}, {"compare none none", 1}, {"compare " + suite, 2}, {"compare " + suite + " " + worse, 3}, {"compare " + none + " " + none, 5},
		{"run", 2}, {"run -f " + system + " --set environment=production", 6},
		{"proxy -port x", 1}, {"proxy -config none", 2}, {"proxy --log-level none", 2}, {"proxy -f " + system + " --set environment=production", 6},
		{"demo --rate 0", 2},
		{"stop", 2}, {"stop --block x", 2}, {"stop --all --block=", 2}, {"stop latest --all", 2}, {"stop --all --unblock", 2}, {"stop -f " + system, 2},
		{"stop --status", 0}, {"stop --unblock", 0}, {"stop --status --toxiproxy http://127.0.0.1:1", 1}, {"stop none", 1},
	} {
		args := strings.Fields(tt.args)
		if code, out, errs := invoke(t, args...); code != tt.want {
			t.Errorf("%s: exit %d, want %d\n%s%s", tt.args, code, tt.want, out, errs)
		}
		wantInHelp(t, args[0], tt.want)
	}
	for _, args := range [][]string{{"init", "--dir", "s3"}, {"validate", "-f", system}, {"plan", "-f", system}, {"compare", suite, suite}} {
		a := &app{stdin: strings.NewReader(""), stdout: fullDisk{}, stderr: io.Discard, getenv: os.LookupEnv}
		if code := a.execute(t.Context(), args); code != result.ExitError {
			t.Errorf("%q on a full disk: exit %d, want %d", args, code, result.ExitError)
		}
		wantInHelp(t, args[0], result.ExitError)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// The help of run is where people look the codes up.
func TestTheHelpOfRunListsEveryExitCode(t *testing.T) {
	for _, code := range []int{
		result.ExitHeld, result.ExitError, result.ExitUsage, result.ExitRefuted, result.ExitInconclusive,
		result.ExitInvalid, result.ExitRefused, result.ExitNotRemoved, result.ExitHUP, result.ExitINT, result.ExitTERM,
	} {
		meaning, _, _ := strings.Cut(result.ExitMeaning(code), ";")
		meaning, _, _ = strings.Cut(meaning, ":")
		if !strings.Contains(help("run"), fmt.Sprint(code)) || !strings.Contains(help("run"), meaning) {
			t.Errorf("the help does not say that %d is %q", code, meaning)
		}
	}
}
