package configfile

import (
	"io/fs"
	"syscall"
	"time"
)

// noTrace opens a file so that reading it is not noted.
const noTrace = syscall.O_NOATIME

// readAt is when a file was read last, as far as that is noted.
func readAt(info fs.FileInfo) time.Time {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	return time.Unix(stat.Atim.Unix())
}
