package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// What is measured does not depend on the time of day: somebody sets the clock in
// the middle of a run, and the report says the same.
func TestAClockThatIsSetChangesNoMeasurement(t *testing.T) {
	if testing.Short() {
		t.Skip("runs an experiment")
	}
	t.Parallel() // mostly waiting
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) }))
	defer shop.Close()
	c, err := newCrashCase(t.TempDir(), victim{server: "ours", fault: crashFaults[0]}, shop.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.run(func() {})
	want := measured(t, c)
	file := filepath.Join(c.out, journal.EventsFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSpace(text), []byte("\n"))
	for _, by := range []time.Duration{time.Hour, -time.Hour, -10 * 365 * 24 * time.Hour} {
		for from := 1; from < len(lines); from++ {
			if err := os.WriteFile(file, stepped(t, lines, from, by), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := measured(t, c); got != want {
				t.Errorf("the clock is set by %s at event %d: it measures\n%s\nand had measured\n%s", by, from+1, got, want)
			}
		}
	}
}

// stepped is a journal whose clock was set before an event.
func stepped(t *testing.T, lines [][]byte, from int, by time.Duration) []byte {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	log, err := journal.Create(root)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		var e journal.Event
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if i >= from {
			e.At = e.At.Add(by)
		}
		if err := log.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, journal.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// measured is what the report of a run measures, without times of day.
func measured(t *testing.T, c *crashCase) string {
	t.Helper()
	if code, out := c.command("report", c.out); code != 0 {
		t.Fatalf("report: exit code %d: %s", code, out)
	}
	text, err := os.ReadFile(filepath.Join(c.out, result.File))
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Experiments []struct {
			Verdict                                string
			Reasons                                []string
			Criteria, Journeys, Recovery, Lateness any
			BlastRadius                            any `json:"blast_radius"`
		}
	}
	text = regexp.MustCompile(`"at": ?"[^"]*",?`).ReplaceAll(text, nil) // when an example of harm was seen
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Experiments) != 1 || r.Experiments[0].Verdict == "" {
		t.Fatalf("nothing was measured: %s", text)
	}
	return strings.ReplaceAll(fmt.Sprintf("%+v", r.Experiments[0]), "map[", "\nmap[")
}
