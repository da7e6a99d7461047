// Package exit gives every error of a command its exit code.
package exit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// A Verdict carries the exit code of a command that did its work: the code is the answer,
// and there is no message.
type Verdict struct{ Code int }

func (v Verdict) Error() string {
	return fmt.Sprintf("exit %d: %s", v.Code, result.ExitMeaning(v.Code))
}

// With is the error of a command that ends with a code; nil for 0.
func With(code int) error {
	if code == result.ExitHeld {
		return nil
	}
	return Verdict{code}
}

// Code returns the exit code of every error. CI relies on it.
func Code(err error) int {
	if v, ok := errors.AsType[Verdict](err); ok {
		return v.Code
	}
	if _, ok := errors.AsType[usage.Error](err); ok && !errors.Is(err, engine.ErrNotRemoved) {
		return result.ExitUsage
	}
	return run.ExitCode(err)
}

// A LostReport is a report of a run that could not be written. A gate must not take it
// for a report that nobody wanted, so it is an error also where its reader went away.
type LostReport struct{ error }

func (l LostReport) Unwrap() error { return l.error }

// Lost marks an error of a report.
func Lost(err error) error { return LostReport{err} }

// ReaderLeft reports whether nothing went wrong but that the reader of stdout, such as
// head, has read enough.
func ReaderLeft(stdout io.Writer, err error) bool {
	switch e := err.(type) { //nolint:errorlint // each of a tree is looked at, not any of it
	case *fs.PathError:
		named, ok := stdout.(interface{ Name() string })
		return ok && e.Path == named.Name() && errors.Is(e.Err, syscall.EPIPE)
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(err error) bool { return !ReaderLeft(stdout, err) })
	}
	return false
}

// UnlessDecided returns an error, or prints it where the exit code says something that
// weighs more: a page that nobody saw changes no verdict.
func UnlessDecided(err error, code int, logf func(format string, args ...any)) error {
	if err == nil || code == result.ExitHeld {
		return err
	}
	logf("error: %v", err)
	return nil
}
