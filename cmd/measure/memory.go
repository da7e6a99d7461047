package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// defineMemory watches the memory of a run of 400 journeys a second, as the
// operating system counts it, until its report is written.
func defineMemory(f *flag.FlagSet) func(context.Context, *printer) error {
	lasts := f.Duration("for", 10*time.Minute, "how long journeys are sent")
	return func(ctx context.Context, out *printer) (err error) {
		cmd, err := build(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, cmd.Close()) }()
		dir, err := cmd.dir()
		if err != nil {
			return err
		}
		phase := *lasts / 3
		s, err := systemtest.Start(dir, systemtest.Options{
			Control: systemtest.Calls, Rate: "400/s", Limits: "{blast_radius: 100%}",
			Phases: fmt.Sprintf("{warmup: 2s, baseline: %[1]s, fault: %[1]s, recovery: %[1]s}", phase),
		})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		run := cmd.exec(ctx, dir, "run", "-f", systemtest.SystemFile, "--progress", "none", "--out", "run", systemtest.ExperimentFile)
		var said bytes.Buffer
		run.Stdout, run.Stderr = &said, &said
		if err := run.Start(); err != nil {
			return err
		}
		start, sending, most, err := watchMemory(run, *lasts)
		if err != nil {
			return err
		}
		if _, err := os.Stat(filepath.Join(dir, "run", "report.html")); err != nil {
			return fmt.Errorf("%w\n%s", err, &said)
		}
		out.printf("%.0f MB at the start, at most %.0f MB while journeys were sent, %.0f MB with the report\n", start, sending, most)
		if most-start > 64 {
			return fmt.Errorf("memory grew by %.0f MB", most-start)
		}
		return nil
	}
}

var residentLine = regexp.MustCompile(`(?m)^Vm(RSS|HWM):\s+([0-9]+) kB$`)

// watchMemory follows a process to its end: its resident memory in MB within the
// first second, the most of it while it sends, and its high-water mark.
func watchMemory(cmd *exec.Cmd, sends time.Duration) (start, sending, most float64, err error) {
	most, err = followMemory(cmd, func(since time.Duration, resident float64) {
		switch {
		case since < time.Second:
			start = resident
		case since < sends:
			sending = max(sending, resident)
		}
	})
	return start, sending, most, err
}

// followMemory follows a process to its end, calls look with its resident memory in MB
// ten times a second, and returns its high-water mark in MB.
func followMemory(cmd *exec.Cmd, look func(since time.Duration, resident float64)) (most float64, err error) {
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit code is a verdict
		close(ended)
	}()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for begun := time.Now(); ; {
		select {
		case <-ended:
			if most == 0 {
				err = errors.New("the memory of a process cannot be read here: it needs /proc")
			}
			return most, err
		case <-ticker.C:
		}
		if resident, mark, ok := memoryOf(cmd.Process.Pid); ok { // otherwise it has just ended
			most = max(most, mark)
			look(time.Since(begun), resident)
		}
	}
}

// memoryOf returns the resident memory of a process and its high-water mark in MB.
func memoryOf(pid int) (resident, mark float64, ok bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, false
	}
	for _, m := range residentLine.FindAllSubmatch(text, -1) {
		kb, err := strconv.ParseFloat(string(m[2]), 64)
		if err != nil {
			return 0, 0, false
		}
		if string(m[1]) == "HWM" {
			mark = kb / 1000
		} else {
			resident = kb / 1000
		}
	}
	return resident, mark, true
}
