package configfile

import (
	"io/fs"
	"syscall"
	"time"
)

// noTrace opens a file so that reading does not change its read time.
const noTrace = syscall.O_NOATIME

// readAt returns when a file was last read, as far as the file system records it.
func readAt(info fs.FileInfo) time.Time {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}
	}
	return time.Unix(stat.Atim.Unix())
}
