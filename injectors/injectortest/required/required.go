// Package required decides what becomes of a test whose machine lacks something.
//
// Such a test is skipped, so that go test passes on any machine; where
// BLASTGAUGE_REQUIRE=all says that nothing may be left out, it fails. Tests alone import
// this package.
package required

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// All reports whether nothing may be left out.
func All() bool { return os.Getenv("BLASTGAUGE_REQUIRE") == "all" }

// Missing ends a test that cannot go on for what its machine lacks. The text says what that
// is, and how one gets it.
func Missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if All() {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// NoError ends a test that met an error: as [Missing] where it is of the class missing, and
// as a failure otherwise.
func NoError(t testing.TB, err, missing error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, missing):
		Missing(t, "%v", err)
	default:
		t.Fatal(err)
	}
}

// Program returns the path of a program. It looks in PATH, also for the other names that the
// program has. One with a slash is a place outside of PATH, and may be a pattern as of
// [filepath.Glob], whose last match counts. Where there is none the test ends as by
// [Missing]; hint says how one gets the program.
func Program(t testing.TB, name, hint string, others ...string) string {
	t.Helper()
	for _, name := range append([]string{name}, others...) {
		if found, err := filepath.Glob(name); strings.Contains(name, "/") && err == nil && len(found) > 0 {
			name = found[len(found)-1]
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, "no %s here: %s", name, hint)
	return ""
}

// Condition is that of a testscript, for what its machine may lack: a script is left out
// where there is an error, and where nothing may be, the error fails it.
func Condition(missing error) (bool, error) {
	if All() {
		return true, missing
	}
	return missing == nil, nil
}
