package atomicfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxLinks is how many links are followed.
const maxLinks = 16

// A place is what a path leads to.
type place struct {
	path       string      // without links
	info       fs.FileInfo // nil: nothing is there yet
	descriptor int         // of this process; -1: it is none
	magic      bool        // a descriptor of another process, which only the kernel follows
}

// errReplaced means that something else is at a path than what was looked at, and that
// nothing was written.
var errReplaced = errors.New("was replaced just now")

// follow follows links to the place that they lead to, also where nothing is there yet.
func follow(path string) (place, error) {
	for range maxLinks {
		dir, base := filepath.Split(path)
		if base == "" || base == "." || base == ".." {
			return place{}, &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
		}
		dir, err := filepath.EvalSymlinks(cmp.Or(dir, "."))
		if err != nil {
			return place{}, err
		}
		path = filepath.Join(dir, base)
		own, foreign := holdsDescriptors(dir)
		switch n, err := strconv.Atoi(base); {
		case own && err == nil && n >= 0:
			return place{path: path, descriptor: n}, nil
		case foreign:
			info, err := os.Stat(path)
			return place{path: path, info: info, descriptor: -1, magic: true}, err
		}
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return place{path: path, descriptor: -1}, nil
		case err != nil:
			return place{}, err
		}
		if err := refuseStrangers(dir, path, info); err != nil {
			return place{}, err
		}
		if info.Mode().Type() != fs.ModeSymlink {
			return place{path: path, info: info, descriptor: -1}, nil
		}
		to, err := readlink(path, info)
		if err != nil {
			return place{}, err
		}
		if !filepath.IsAbs(to) {
			to = dir + string(filepath.Separator) + to // not joined: .. is a step from where a link leads
		}
		path = to
	}
	return place{}, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// readlink reads a link, if it is still the one that was looked at.
func readlink(path string, seen fs.FileInfo) (string, error) {
	to, err := os.Readlink(path)
	if err != nil {
		return "", err
	}
	if now, err := os.Lstat(path); err != nil || !os.SameFile(seen, now) {
		return "", errors.Join(fmt.Errorf("%s %w", path, errReplaced), err)
	}
	return to, nil
}

// holdsDescriptors reports whether the names in a directory are descriptors, of this
// process or of another one.
func holdsDescriptors(dir string) (own, foreign bool) {
	if dir == "/dev/fd" {
		return true, false
	}
	if self, err := filepath.EvalSymlinks("/proc/self"); err == nil {
		for _, pattern := range []string{self + "/fd", self + "/task/*/fd"} {
			if ok, err := filepath.Match(pattern, dir); err == nil && ok {
				return true, false
			}
		}
	}
	for _, pattern := range []string{"/proc/[0-9]*/fd", "/proc/[0-9]*/task/*/fd"} {
		if ok, err := filepath.Match(pattern, dir); err == nil && ok {
			return false, true
		}
	}
	return false, false
}

// refuseStrangers refuses what somebody else has put into a folder in which everybody
// may make files, such as /tmp: it would lead our output to where they want it. Linux
// does so too, where fs.protected_symlinks and its like are on.
func refuseStrangers(dir, path string, info fs.FileInfo) error {
	folder, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if folder.Mode()&fs.ModeSticky == 0 || folder.Mode().Perm()&0o002 == 0 || info.IsDir() {
		return nil
	}
	its, ok1 := info.Sys().(*syscall.Stat_t)
	theirs, ok2 := folder.Sys().(*syscall.Stat_t)
	if !ok1 || !ok2 || int(its.Uid) == os.Geteuid() || its.Uid == theirs.Uid {
		return nil
	}
	return fmt.Errorf("%s was put there by another user, in a folder in which everybody may make files: %w", path, fs.ErrPermission)
}

// open opens what is there for writing, if it is still what was looked at.
func (p place) open(flags int) (*os.File, error) {
	flags |= os.O_WRONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY
	if !p.magic {
		flags |= syscall.O_NOFOLLOW
	}
	file, err := os.OpenFile(p.path, flags, 0)
	if err != nil {
		return nil, err
	}
	if now, err := file.Stat(); err != nil || !os.SameFile(p.info, now) {
		return nil, errors.Join(fmt.Errorf("%s %w", p.path, errReplaced), err, file.Close())
	}
	return file, nil
}
