package experiments

import (
	"syscall"
	"time"
)

const thisThread = 1 // RUSAGE_THREAD of getrusage(2)

// processorTime is how long this thread has used a processor.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(thisThread, &used); err != nil {
		panic(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
