package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// A benchmark is a figure whose program is a benchmark or a long test of a room,
// which go test runs only with these arguments.
type benchmark struct {
	name, line string
	room       string
	args       []string
	env        []string
}

// benchmarks are in the rooms whose insides they need.
func benchmarks() []benchmark {
	bench := func(pattern, benchtime string) []string {
		return []string{"-run", "^$", "-bench", pattern, "-benchtime", benchtime}
	}
	return []benchmark{
		{name: "journey", line: "processor time of one journey of five steps, with and without sockets (20 s)", room: "./experiments/run/journey", args: append(bench("Journey|Judging", "2s"), "-count", "5")},
		{name: "proxy", line: "requests and latency through the proxy beside a stock Toxiproxy; needs wrk (1 min)", room: "./injectors/proxy", args: bench("AgainstStock", "7x")},
		{name: "grpc", line: "gRPC calls through the proxy beside a stock Toxiproxy, without and with faults (1 min)", room: "./injectors/proxy", args: bench("GRPC", "50x")},
		{name: "stores", line: "Redis and PostgreSQL through the proxy beside a stock Toxiproxy, with their own benchmarks (4 min)", room: "./injectors/proxy", args: bench("Stores", "5x")},
		{name: "connections", line: "memory of an idle connection in the proxy beside a stock Toxiproxy (10 s)", room: "./injectors/proxy", args: bench("Memory", "3x")},
		{name: "fidelity", line: "how exactly shares and latencies are injected (30 s)", room: "./injectors/proxy", args: bench("Fidelity", "3x")},
		{name: "page", line: "time and size of the HTML report of forty experiments (10 s)", room: "./report", args: append(bench("Page", "3x"), "-run", "PageSize", "-v")},
		{name: "calibration", line: "coverage of the intervals over simulated traffic (minutes)", room: "./experiments/stats", args: []string{"-run", "Calibration|EProcessFalseStops|ComparisonCovers", "-calibrate", "-v", "-timeout", "60m"}},
		{name: "crash", line: "the crash matrix: runs killed at every event of their journals and in every call (2 min)", room: "./cmd/blastgauge", args: []string{"-run", "TestCrashMatrix", "-v", "-timeout", "60m"}, env: []string{"BLASTGAUGE_CRASH=each"}},
		{name: "crash-product", line: "the crash matrix as the full product of events and deaths (30 min)", room: "./cmd/blastgauge", args: []string{"-run", "TestCrashMatrix", "-v", "-timeout", "90m"}, env: []string{"BLASTGAUGE_CRASH=all"}},
		{name: "crash-scan", line: "scans that end in each of their stages: killed, interrupted, their proxy server frozen (1 min)", room: "./experiments/run", args: []string{"-run", "TestScanEndsInEveryStage", "-v", "-timeout", "60m"}, env: []string{"BLASTGAUGE_CRASH=all"}},
	}
}

func benchmarkPrograms() []program {
	var list []program
	for _, b := range benchmarks() {
		list = append(list, program{b.name, b.line, func(*flag.FlagSet) func(context.Context, *printer) error {
			return func(ctx context.Context, out *printer) (err error) { return b.run(ctx, out) }
		}})
	}
	return append(list, program{"crash-random", "runs and guards killed at random moments, on damaged and removed directories (200 cases: 1 min)", defineCrashRandom}, program{"startup", "start-up time of the command (10 s)", defineStartup},
		program{"truth", "what is promised of verdicts beside what whole experiments in fake time show (4 h on two cores with 2,000 runs; -for 30m, -state FILE to go on)", defineTruth})
}

// defineTruth plays the cases behind each row of what is promised, and whole suites for
// what is promised of compare. It prints how far it is, and a table at the end.
func defineTruth(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("runs", 2000, "runs of each case")
	limit := f.Duration("for", 0, "end after this time, with the runs that there are (default: after all)")
	state := f.String("state", "", "keep the runs in this `FILE`, and go on from what is in it")
	return func(ctx context.Context, out *printer) error {
		more := []string{"-for", limit.String()}
		if *state != "" {
			path, err := filepath.Abs(*state) // go test runs in the room's directory
			if err != nil {
				return err
			}
			more = append(more, "-state", path)
		}
		var errs []error
		for _, b := range truthBenchmarks(*runs, more...) {
			errs = append(errs, b.run(ctx, out))
		}
		return errors.Join(errs...)
	}
}

// truthBenchmarks are the table of whole experiments, with more arguments, and the suites of
// compare.
func truthBenchmarks(runs int, more ...string) []benchmark {
	of := func(room, test string, more ...string) benchmark {
		args := []string{"-run", "^" + test + "$", "-v", "-timeout", "0", "-runs", strconv.Itoa(runs)}
		return benchmark{name: "truth", room: room, args: append(args, more...)}
	}
	return []benchmark{
		of("./experiments/truth", "TestAcceptance", append([]string{"-accept"}, more...)...),
		of("./experiments/compare", "TestSuites"),
	}
}

// defineCrashRandom is the crash matrix without its grid.
func defineCrashRandom(f *flag.FlagSet) func(context.Context, *printer) error {
	count := f.Int("count", 200, "how many runs are killed")
	seed := f.Uint64("seed", 1, "decides the faults, the ways to die and the moments")
	return func(ctx context.Context, out *printer) error { return crashRandom(*count, *seed).run(ctx, out) }
}

func crashRandom(count int, seed uint64) benchmark {
	return benchmark{
		name: "crash-random", room: "./cmd/blastgauge", args: []string{"-run", "TestCrashAtRandomMoments", "-v", "-timeout", "90m"},
		env: []string{"BLASTGAUGE_CRASH_RANDOM=" + strconv.Itoa(count), "BLASTGAUGE_CRASH_SEED=" + strconv.FormatUint(seed, 10)},
	}
}

// run runs the benchmark. Without a benchmark or a test that ran it fails.
func (b benchmark) run(ctx context.Context, out *printer) error {
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", b.room, "-count", "1"}, b.args...)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), b.env...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(out, &said), os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	if text := said.Bytes(); !bytes.Contains(text, []byte("\nBenchmark")) && !bytes.Contains(text, []byte("--- PASS")) {
		return fmt.Errorf("nothing was measured in %s: what it needs is not installed", b.room)
	}
	return nil
}

// defineStartup runs `blastgauge version` again and again.
func defineStartup(f *flag.FlagSet) func(context.Context, *printer) error {
	runs := f.Int("runs", 51, "how often the command is started")
	path := f.String("command", "", "the `PATH` of the command (default: built from this tree)")
	return func(ctx context.Context, out *printer) (err error) {
		if *path == "" {
			var cmd *command
			if cmd, err = build(ctx); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, cmd.Close()) }()
			*path = cmd.path
		}
		var wall, processor []float64
		for range *runs {
			cmd := exec.CommandContext(ctx, *path, "version")
			begun := time.Now()
			if err := cmd.Run(); err != nil {
				return err
			}
			wall = append(wall, time.Since(begun).Seconds()*1e3)
			state := cmd.ProcessState
			processor = append(processor, (state.UserTime()+state.SystemTime()).Seconds()*1e3)
		}
		if len(wall) == 0 {
			return errors.New("-runs " + strconv.Itoa(*runs) + ": nothing was measured")
		}
		out.printf("%d starts: %.1f ms, %.1f ms of processor time (medians)\n", *runs, median(wall), median(processor))
		return nil
	}
}
