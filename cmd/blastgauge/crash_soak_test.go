package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
)

// Experiments in a loop, in one process, on either kind of server. Goroutines,
// memory and open files must stay where they were after the first minute.
//
//	BLASTGAUGE_SOAK=10m go test ./cmd/blastgauge -run TestSoak -v -timeout 30m
func TestSoak(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv("BLASTGAUGE_SOAK"))
	if err != nil {
		t.Skip("BLASTGAUGE_SOAK says for how long")
	}
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	dependency := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("ok")) }))
	defer dependency.Close()
	var cases []*crashCase
	for _, f := range crashFaults {
		for _, server := range strings.Fields(f.servers) {
			c, err := newCrashCase(t.TempDir(), victim{server: server, fault: f}, dependency.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer c.close()
			cases = append(cases, c)
		}
	}
	began, looked := time.Now(), time.Time{}
	var log []footprint
	for runs := 0; time.Since(began) < lasts || runs < 2*len(cases); runs++ {
		soak(t, cases[runs%len(cases)], runs)
		if every := lasts / 20; time.Since(looked) > every && runs >= len(cases) {
			looked = time.Now()
			log = append(log, stand(runs+1, time.Since(began)))
			t.Log(log[len(log)-1])
		}
	}
	log = append(log, stand(0, time.Since(began)))
	t.Logf("at the end: %s", log[len(log)-1])
	flat(t, log)
}

// soak performs one run and removes what it wrote.
func soak(t *testing.T, c *crashCase, n int) {
	t.Helper()
	a := &app{stdout: io.Discard, stderr: io.Discard, getenv: os.LookupEnv}
	o := runOptions{selection: selection{file: filepath.Join(c.dir, "blastgauge.yaml")}, out: filepath.Join(c.dir, fmt.Sprint("run", n))}
	loaded, err := o.plan(os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	out, err := perform(context.Background(), a, o, loaded.Plan, nil)
	if err != nil || out.Err != nil {
		t.Fatalf("%s: run %d: %v, %+v", c.victim, n, err, out)
	}
	if err := writeRunFiles(out.Dir, out.Result); err != nil {
		t.Error(err)
	}
	if err := os.RemoveAll(out.Dir); err != nil {
		t.Error(err)
	}
}

// A footprint is what the process holds at a moment.
type footprint struct {
	runs       int
	after      time.Duration
	goroutines int
	files      int
	heap, all  uint64 // bytes, live and from the system
}

func stand(runs int, after time.Duration) footprint {
	http.DefaultClient.CloseIdleConnections()
	runtime.GC()
	runtime.GC() // what finalizers let go of
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	f := footprint{runs, after, runtime.NumGoroutine(), -1, sample[0].Value.Uint64(), sample[1].Value.Uint64()}
	if entries, err := os.ReadDir("/dev/fd"); err == nil {
		f.files = len(entries)
	}
	return f
}

func (f footprint) String() string {
	return fmt.Sprintf("%4d runs in %7s: %3d goroutines, %3d open files, %5.1f MB live, %5.1f MB of the system",
		f.runs, f.after.Round(time.Second), f.goroutines, f.files, float64(f.heap)/1e6, float64(f.all)/1e6)
}

// flat compares the last third of a log with its first.
func flat(t *testing.T, log []footprint) {
	t.Helper()
	third := max(1, len(log)/3)
	for what, of := range map[string]struct {
		get   func(footprint) float64
		slack float64
	}{
		"goroutines":        {func(f footprint) float64 { return float64(f.goroutines) }, 5},
		"open files":        {func(f footprint) float64 { return float64(f.files) }, 5},
		"MB live":           {func(f footprint) float64 { return float64(f.heap) / 1e6 }, 2},
		"MB of the system ": {func(f footprint) float64 { return float64(f.all) / 1e6 }, 20},
	} {
		early, late := middle(log[:third], of.get), middle(log[len(log)-third:], of.get)
		if late > early+of.slack {
			t.Errorf("%s grew from %.1f to %.1f", what, early, late)
		}
	}
}

func middle(log []footprint, get func(footprint) float64) float64 {
	var list []float64
	for _, f := range log {
		list = append(list, get(f))
	}
	slices.Sort(list)
	return list[len(list)/2]
}
