package configfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// onlyPath opens a folder without the right to read it, which those above the file's own
// folder need not give.
const onlyPath = 0x200000 // O_PATH

// statWithoutLinks returns what a folder is that is reached through no link. The error is
// of class errLink where one is on the way.
func statWithoutLinks(dir string) (fs.FileInfo, error) {
	const flags = onlyPath | syscall.O_DIRECTORY | syscall.O_NOFOLLOW | syscall.O_CLOEXEC
	fd, err := syscall.Open("/", flags, 0)
	if err != nil {
		return nil, err
	}
	for part := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
		if part == "" { // the root folder itself
			break
		}
		next, err := syscall.Openat(fd, part, flags, 0)
		if err = errors.Join(err, syscall.Close(fd)); err != nil {
			if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) {
				err = errLink
			}
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		fd = next
	}
	folder := os.NewFile(uintptr(fd), dir)
	defer func() { _ = folder.Close() }() // it was only looked at
	return folder.Stat()
}
