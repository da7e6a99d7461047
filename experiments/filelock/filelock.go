// Package filelock locks open files against other processes, and against other open
// files of the same process.
//
// The kernel gives a lock back when the file is closed or the process ends, however
// that happens. That is how others know whether a run is alive. The package is not
// gofrs/flock, which opens files by their path: the files of a run are opened inside
// its directory, and the lock is on the journal itself.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// retryEvery is the pause between two attempts of [Lock].
const retryEvery = 5 * time.Millisecond

// Lock takes the lock of a file for itself alone. It waits until ctx ends for others
// to give it up; the error then holds the cause.
func Lock(ctx context.Context, file *os.File) error {
	for {
		taken, err := TryLock(file)
		if taken || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is locked: %w", file.Name(), context.Cause(ctx))
		case <-time.After(retryEvery):
		}
	}
}

// TryLock takes the lock of a file for itself alone, and reports whether it was free.
func TryLock(file *os.File) (bool, error) { return try(file, syscall.LOCK_EX) }

// TryShare takes the lock of a file together with others that share it. It reports
// false while another file has the lock for itself alone.
func TryShare(file *os.File) (bool, error) { return try(file, syscall.LOCK_SH) }

func try(file *os.File, how int) (bool, error) {
	for {
		err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		case !errors.Is(err, syscall.EINTR):
			return false, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
	}
}
