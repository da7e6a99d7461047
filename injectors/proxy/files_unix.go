//go:build unix

package proxy

import (
	"math"
	"syscall"
)

// mostFiles returns how many files this process may open.
func mostFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur) // signed on some systems
}
