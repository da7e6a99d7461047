package required_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/injectortest/required"
)

// A spy is a test that remembers how it ended.
type spy struct {
	testing.TB

	end string
}

func (s *spy) Helper() {}

func (s *spy) Fatal(args ...any) { s.ends("failed: " + fmt.Sprint(args...)) }

func (s *spy) Fatalf(format string, args ...any) { s.ends("failed: " + fmt.Sprintf(format, args...)) }

func (s *spy) Skipf(format string, args ...any) { s.ends("skipped: " + fmt.Sprintf(format, args...)) }

func (s *spy) ends(how string) {
	s.end = how
	runtime.Goexit()
}

// ended runs a test and says how it ended: it was skipped, it failed, or neither.
func ended(test func(t testing.TB)) string {
	s := &spy{end: "passed"}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(s)
	}()
	<-done
	return s.end
}

func TestWhatIsMissing(t *testing.T) {
	missing := errors.New("is not installed")
	lacks := fmt.Errorf("redis-server %w", missing)
	for name, tt := range map[string]struct {
		test         func(t testing.TB)
		without, all string // how it ends without BLASTGAUGE_REQUIRE=all, and with it
	}{
		"missing":       {func(t testing.TB) { required.Missing(t, "no %s", "curl") }, "skipped: no curl", "failed: no curl"},
		"no error":      {func(t testing.TB) { required.NoError(t, nil, missing) }, "passed", "passed"},
		"its class":     {func(t testing.TB) { required.NoError(t, lacks, missing) }, "skipped: redis-server is not installed", "failed: redis-server is not installed"},
		"another error": {func(t testing.TB) { required.NoError(t, errors.New("broken"), missing) }, "failed: broken", "failed: broken"},
		"no program":    {func(t testing.TB) { required.Program(t, "blastgauge-none", "buy one", "/none/*/none") }, "skipped: no blastgauge-none here: buy one", "failed: no blastgauge-none here: buy one"},
		"a program":     {func(t testing.TB) { required.Program(t, "go", "go.dev has it") }, "passed", "passed"},
	} {
		for value, want := range map[string]string{"": tt.without, "some": tt.without, "all": tt.all} {
			t.Setenv("BLASTGAUGE_REQUIRE", value)
			if got := ended(tt.test); got != want {
				t.Errorf("%s, BLASTGAUGE_REQUIRE=%s: %s, want %s", name, value, got, want)
			}
		}
	}
}

func TestConditionOfAScript(t *testing.T) {
	missing := errors.New("is not installed")
	for name, tt := range map[string]struct {
		value   string
		missing error
		met     bool
		err     error
	}{
		"there": {"", nil, true, nil}, "there, required": {"all", nil, true, nil},
		"missing": {"", missing, false, nil}, "missing, required": {"all", missing, true, missing},
	} {
		t.Setenv("BLASTGAUGE_REQUIRE", tt.value)
		if met, err := required.Condition(tt.missing); met != tt.met || !errors.Is(err, tt.err) {
			t.Errorf("%s: %t, %v; want %t, %v", name, met, err, tt.met, tt.err)
		}
	}
}

// A program is found in PATH before it is found elsewhere, by each of its names, and only if
// it can be started.
func TestPlacesOfAProgram(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", filepath.Join(dir, "bin"))
	for name, mode := range map[string]fs.FileMode{"bin/second": 0o700, "bin/text": 0o600, "15/server": 0o700, "16/server": 0o700} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	places := filepath.Join(dir, "*", "server")
	for want, names := range map[string][]string{
		"bin/second": {"first", "second", places}, "16/server": {"server", places}, "15/server": {"text", filepath.Join(dir, "15", "server"), "second"},
	} {
		if got := required.Program(t, names[0], "a test has it", names[1:]...); got != filepath.Join(dir, want) {
			t.Errorf("%v is %s, want %s", names, got, want)
		}
	}
}

// Whoever else asks what BLASTGAUGE_REQUIRE says has a rule of its own.
func TestNobodyElseAsksWhatIsRequired(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir("../../..", func(file string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(file) != ".go" || filepath.Base(filepath.Dir(file)) == "required" {
			return err
		}
		text, err := os.ReadFile(file)
		if strings.Contains(string(text), `env("BLASTGAUGE_REQUIRE`) {
			t.Errorf("%s asks by itself, and not with this package", file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
