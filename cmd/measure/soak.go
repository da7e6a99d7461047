package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
	"github.com/blastgauge/blastgauge/injectors/injectortest/stock"
)

// defineSoak performs experiments in a loop, in one process, on a server of ours
// and on a stock one. Goroutines, open files and memory must stay where they were.
func defineSoak(f *flag.FlagSet) func(context.Context, *printer) error {
	lasts := f.Duration("for", 10*time.Minute, "how long experiments are performed")
	return func(ctx context.Context, out *printer) (err error) {
		dir, err := os.MkdirTemp("", "blastgauge-measure-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		systems, stop, err := soakSystems(dir)
		defer func() { err = errors.Join(err, stop()) }()
		if err != nil {
			return err
		}
		var log []footprint
		begun, looked := time.Now(), time.Time{}
		for runs := 0; time.Since(begun) < *lasts || runs < 2*len(systems); runs++ {
			if err := performOnce(ctx, systems[runs%len(systems)]); err != nil {
				return fmt.Errorf("run %d: %w", runs+1, err)
			}
			if time.Since(looked) > *lasts/20 && runs >= len(systems) {
				looked = time.Now()
				log = append(log, takeFootprint(runs+1, time.Since(begun)))
				out.printf("%s\n", log[len(log)-1])
			}
		}
		return compareFootprints(log)
	}
}

// soakSystems starts a system for each kind of fault, on each kind of server.
func soakSystems(dir string) (list []*systemtest.System, stop func() error, err error) {
	var started []interface{ Close() error }
	stop = func() error {
		var errs []error
		for i := len(started) - 1; i >= 0; i-- {
			errs = append(errs, started[i].Close())
		}
		return errors.Join(errs...)
	}
	server, err := stock.Start("127.0.0.1:0")
	if err != nil {
		return nil, stop, err
	}
	started = append(started, server)
	faults := []struct{ api, faults string }{
		{"", "{inject: down, into: backend}"},
		{"", "{inject: timeout, into: backend, for: 200ms}, {inject: limit_data, into: backend, bytes: 100KB, at: 250ms}"},
		{"", "{inject: http_error, into: backend, status: 503}, {inject: latency, into: backend, latency: 20ms}"},
		{server.URL(), "{inject: latency, into: backend, latency: 20ms, for: 200ms}, {inject: down, into: backend, at: 250ms}"},
	}
	for i, c := range faults {
		sub := filepath.Join(dir, fmt.Sprint("system", i))
		if err := os.Mkdir(sub, 0o700); err != nil {
			return nil, stop, err
		}
		s, err := systemtest.Start(sub, systemtest.Options{Faults: c.faults, Toxiproxy: c.api, SlowAfter: "100ms", Timeout: "500ms",
			Phases: "{warmup: 100ms, baseline: 300ms, fault: 500ms, recovery: 300ms}"})
		if err != nil {
			return nil, stop, err
		}
		started = append(started, s)
		list = append(list, s)
	}
	return list, stop, nil
}

// performOnce performs a system's experiment and removes what the run wrote.
func performOnce(ctx context.Context, s *systemtest.System) error {
	p, err := s.Plan()
	if err != nil {
		return err
	}
	out, err := run.Run(ctx, p, run.Options{Dir: filepath.Join(s.Dir, "run")})
	if err != nil {
		return err
	}
	return errors.Join(out.Err, os.RemoveAll(out.Dir))
}

// A footprint is what the process holds at a moment.
type footprint struct {
	runs        int
	after       time.Duration
	goroutines  int
	files       int     // open; -1 where it cannot be known
	live, taken float64 // MB of the heap, and from the system
}

func takeFootprint(runs int, after time.Duration) footprint {
	http.DefaultClient.CloseIdleConnections()
	runtime.GC()
	runtime.GC() // what finalizers let go of
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/total:bytes"}}
	metrics.Read(sample)
	f := footprint{runs, after, runtime.NumGoroutine(), -1, float64(sample[0].Value.Uint64()) / 1e6, float64(sample[1].Value.Uint64()) / 1e6}
	if entries, err := os.ReadDir("/dev/fd"); err == nil {
		f.files = len(entries)
	}
	return f
}

func (f footprint) String() string {
	return fmt.Sprintf("%4d runs in %7s: %3d goroutines, %3d open files, %5.1f MB live, %5.1f MB of the system",
		f.runs, f.after.Round(time.Second), f.goroutines, f.files, f.live, f.taken)
}

// compareFootprints compares the last third of a log with its first.
func compareFootprints(log []footprint) error {
	if len(log) < 2 {
		return errors.New("too short to compare anything: -for 1m at least")
	}
	third := max(1, len(log)/3)
	var errs []error
	for _, figure := range []struct {
		what  string
		of    func(footprint) float64
		slack float64
	}{
		{"goroutines", func(f footprint) float64 { return float64(f.goroutines) }, 5},
		{"open files", func(f footprint) float64 { return float64(f.files) }, 5},
		{"MB live", func(f footprint) float64 { return f.live }, 2},
		{"MB of the system", func(f footprint) float64 { return f.taken }, 20},
	} {
		early, late := medianOf(log[:third], figure.of), medianOf(log[len(log)-third:], figure.of)
		if late > early+figure.slack {
			errs = append(errs, fmt.Errorf("%s grew from %.1f to %.1f", figure.what, early, late))
		}
	}
	return errors.Join(errs...)
}

func medianOf(log []footprint, of func(footprint) float64) float64 {
	var list []float64
	for _, f := range log {
		list = append(list, of(f))
	}
	return median(list)
}
