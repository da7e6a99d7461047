package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// A verdictError carries the exit code of a command that did its work: the code is the
// answer, and there is no message.
type verdictError struct{ code int }

func (v verdictError) Error() string {
	return fmt.Sprintf("exit %d: %s", v.code, result.ExitMeaning(v.code))
}

// exitCode returns the exit code of every error. CI relies on it.
func exitCode(err error) int {
	if v, ok := errors.AsType[verdictError](err); ok {
		return v.code
	}
	if _, ok := errors.AsType[usage.Error](err); ok && !errors.Is(err, engine.ErrNotRemoved) {
		return result.ExitUsage
	}
	return run.ExitCode(err)
}

// A lostReport is a report of a run that could not be written. A gate must not take it
// for a report that nobody wanted, so it is an error also where its reader went away.
type lostReport struct{ error }

func (l lostReport) Unwrap() error { return l.error }

// readerLeft reports whether nothing went wrong but that the reader of stdout, such as
// head, has read enough.
func (a *app) readerLeft(err error) bool {
	switch e := err.(type) { //nolint:errorlint // each of a tree is looked at, not any of it
	case *fs.PathError:
		named, ok := a.stdout.(interface{ Name() string })
		return ok && e.Path == named.Name() && errors.Is(e.Err, syscall.EPIPE)
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !a.readerLeft(err) })
	}
	return false
}

// unlessDecided returns an error, or prints it where the exit code says something that
// weighs more: a page that nobody saw changes no verdict.
func (a *app) unlessDecided(err error, code int) error {
	if err == nil || code == result.ExitHeld {
		return err
	}
	a.logf("error: %v", err)
	return nil
}

// explain prints an error, and the meaning of its exit code as the last line. It prints
// nothing for a verdict, which its command has printed.
func (a *app) explain(err error) {
	if err == nil {
		return
	}
	if _, ok := errors.AsType[verdictError](err); ok {
		return
	}
	code := exitCode(err)
	if list := experiments.Explain(err); list != "" {
		a.logf("%s", strings.TrimSuffix(list, "\n"))
	} else {
		a.logf("error: %v", err)
	}
	meaning := result.ExitMeaning(code)
	if a.reads {
		meaning, _, _ = strings.Cut(meaning, ";")
	}
	a.logf("exit %d: %s", code, meaning)
}
