package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A system that does not answer after its file was put back may still have the bad
// version: recover says so until it was told.
func TestASystemThatIsAway(t *testing.T) {
	t.Parallel() // mostly waiting
	dependency := crashDependency()
	defer dependency.Close()
	faults := crashFault{name: "a file", faults: crashFile}
	c := oneCase(t, victim{"ours", faults, "TWICE", injection(t, faults, dependency.URL)}, dependency.URL) // with its guard, under the fault
	c.run(func() {})
	if has := c.between.config()["file"]; has == crashConfig || has == "" {
		t.Fatalf("the system has %q: %s", has, c.stderr.String())
	}
	c.between.deaf.Store(true)
	code, out := c.recovered()
	text, err := os.ReadFile(c.config())
	if code != 7 || !strings.Contains(out, "POST "+c.between.URL+"/reload/file: status 503") || err != nil || string(text) != crashConfig {
		t.Fatalf("recover: exit code %d, %s; the file is %q, %v", code, out, text, err)
	}
	c.between.deaf.Store(false)
	if code, out := c.recovered(); code != 0 {
		t.Errorf("recover: exit code %d, %s", code, out)
	}
	if err := c.whole(); err != nil || c.between.config()["file"] != crashConfig {
		t.Errorf("the system has %q, %v", c.between.config(), err)
	}
}

// recovered recovers again for as long as a busy machine takes longer for an answer than
// recover waits: that says so, and leaves everything to the next.
func (c *crashCase) recovered() (code int, out string) {
	for deadline := time.Now().Add(time.Minute); ; {
		code, out = c.command("recover")
		if late := code == 7 && strings.Contains(out, "i/o timeout"); !late || time.Now().After(deadline) {
			return code, out
		}
	}
}

// injection is the event, counted from 1, that says that the last fault of an
// experiment is in force.
func injection(t *testing.T, faults crashFault, dependency string) int {
	t.Helper()
	c := oneCase(t, victim{"ours", faults, "", 0}, dependency)
	c.run(func() {})
	text, err := os.ReadFile(filepath.Join(c.out, journal.EventsFile))
	if err != nil {
		t.Fatalf("%v: %s", err, c.stderr.String())
	}
	last := strings.LastIndex(string(text), `"fault_injected"`)
	if last < 0 {
		t.Fatalf("nothing was injected: %s", c.stderr.String())
	}
	return 1 + seenEvents(text[:last])
}

// oneCase is a case outside of the matrix.
func oneCase(t *testing.T, v victim, dependency string) *crashCase {
	t.Helper()
	c, err := newCrashCase(t.TempDir(), v, dependency)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
