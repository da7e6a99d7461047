package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// lookEvery is the pause between two looks at the processes.
const lookEvery = 5 * time.Millisecond

// endProcesses kills every process that do of a fault has started, by what it has in its
// environment, and waits until none is left. What another user runs is not seen.
func endProcesses(ctx context.Context, fault string) error {
	for {
		found, err := processes(fault)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, pid := range found {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("process %d of do is still running, and cannot be ended: %w", pid, err)
			}
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return fmt.Errorf("processes of do do not end: %v", found)
		}
	}
}

// processes lists the processes that do of a fault has started.
func processes(fault string) (found []int, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		environ, err := os.ReadFile(file)
		if err != nil { // it has ended, or is another user's
			continue
		}
		if !has(environ, "BLASTGAUGE_FAULT="+fault) || !has(environ, stepVariable+"="+do) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil && pid != os.Getpid() {
			found = append(found, pid)
		}
	}
	return found, nil
}

// has reports whether an environment has an entry.
func has(environ []byte, entry string) bool {
	for line := range bytes.SplitSeq(environ, []byte{0}) {
		if string(line) == entry {
			return true
		}
	}
	return false
}
