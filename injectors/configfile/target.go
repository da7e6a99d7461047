package configfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/injectors/badconfig"
)

// A target is a file in a folder that it must not leave. Every access goes through the
// folder, so that a link that appears later cannot lead elsewhere.
type target struct {
	root *os.Root
	tree string // the folder, absolute, without links
	rel  string // the file, below tree
}

// findTarget looks for a file. It follows links only inside the folder, so that a fault
// cannot reach a file that its author did not mean.
func findTarget(file, within string) (*target, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	missing := fmt.Errorf("%s: %w: file must be on this machine; a relative path starts at the working directory", abs, syscall.ENOENT)
	tree, err := filepath.EvalSymlinks(cmp.Or(within, filepath.Dir(abs)))
	if errors.Is(err, fs.ErrNotExist) && within == "" {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	if tree, err = filepath.Abs(tree); err != nil {
		return nil, err
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(tree, resolved)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return nil, fmt.Errorf("%w: %s leads to %s, which is not in %s; if that is right, set within to the folder of the real file", experiments.ErrRefused, file, resolved, tree)
	}
	return openTarget(tree, rel)
}

// openTarget opens the folder of a file.
func openTarget(tree, rel string) (*target, error) {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return nil, err
	}
	return &target{root: root, tree: tree, rel: rel}, nil
}

func (t *target) close() { _ = t.root.Close() } // nothing is written through it any more

func (t *target) path() string { return filepath.Join(t.tree, t.rel) }

// beside returns the name of one of blastgauge's files beside the target. It begins with
// a dot and has another ending than the target, so that no program reads it as config.
func (t *target) beside(suffix string) string {
	dir, base := filepath.Split(t.rel)
	return filepath.Join(dir, "."+base+suffix)
}

// Suffixes of the files beside the target: the next version, and the mark of the fault.
const (
	nextSuffix = ".blastgauge-next"
	markSuffix = ".blastgauge"
)

// A version is a file at one moment.
type version struct {
	body   []byte
	digest string
	attributes
}

// attributes are what is saved of a file besides its bytes.
type attributes struct {
	mode     fs.FileMode
	uid, gid int
}

const modes = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// maxFile is the size in bytes of the largest file that can have a fault.
const maxFile = 64 << 20

// read reads the target. It refuses links and files with several hard links: after one
// name was replaced, the others would still be the old file.
func (t *target) read() (version, error) {
	info, err := t.root.Lstat(t.rel)
	if err != nil {
		return version{}, err
	}
	v := version{attributes: attributes{mode: info.Mode() & modes}}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return version{}, fmt.Errorf("%w: %s is not a regular file", experiments.ErrRefused, t.path())
	case !ok:
		return version{}, fmt.Errorf("%s: this system does not say who owns it", t.path())
	case stat.Nlink > 1:
		return version{}, fmt.Errorf("%w: %s has %d hard links; replacing it would change only one of them", experiments.ErrRefused, t.path(), stat.Nlink)
	case info.Size() > maxFile:
		return version{}, fmt.Errorf("%s is larger than %d MiB", t.path(), maxFile>>20)
	}
	v.uid, v.gid = int(stat.Uid), int(stat.Gid)
	body, err := t.readQuietly(t.rel)
	if err != nil {
		return version{}, err
	}
	return versionOf(body, v.attributes), nil
}

func versionOf(body []byte, a attributes) version {
	return version{body, badconfig.Digest(body), a}
}

// readQuietly reads a file without changing its read time, so that this is not mistaken
// for the system's reading. Only the owner can do so; the read time changes for others.
func (t *target) readQuietly(name string) ([]byte, error) {
	file, err := t.root.OpenFile(name, os.O_RDONLY|noTrace, 0)
	if errors.Is(err, fs.ErrPermission) {
		file, err = t.root.Open(name)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(file)
}

// replace puts another version in the target's place atomically: a program that opens
// the file reads either all of one version or all of the other. It fails when the
// target is no longer the expected version. It reports whether reading the new version
// changes its read time.
func (t *target) replace(expected string, v version) (traces bool, err error) {
	next, err := t.write(t.beside(nextSuffix), v)
	if err != nil {
		return false, err
	}
	traces = t.leavesTraces(t.beside(nextSuffix))
	if now, err := t.read(); err != nil || now.digest != expected {
		return false, errors.Join(err, fmt.Errorf("%w: %s", ErrChanged, t.path()), next.Discard())
	}
	if err := next.Replace(t.rel); err != nil {
		if errors.Is(err, syscall.EBUSY) {
			err = fmt.Errorf("%w (is the file itself mounted into a container? mount its folder instead)", err)
		}
		return false, err
	}
	return traces, nil
}

// ErrChanged means that another program changed a file while it had a fault. The file is
// left as it is.
var ErrChanged error = changed{}

type changed struct{}

func (changed) Error() string { return "changed by another program" }

// Hopeless reports that trying again is of no use: a person has to look.
func (changed) Hopeless() bool { return true }

// write writes a version beside the target.
func (t *target) write(name string, v version) (*atomicfile.Pending, error) {
	next, err := atomicfile.Create(t.root, name, 0o600)
	if err != nil {
		return nil, err
	}
	if err := writeVersion(next, v); err != nil {
		return nil, errors.Join(err, next.Discard())
	}
	return next, nil
}

func writeVersion(next *atomicfile.Pending, v version) error {
	if _, err := next.Write(v.body); err != nil {
		return err
	}
	info, err := next.Stat()
	if err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != v.uid || int(stat.Gid) != v.gid {
		if err := next.Chown(v.uid, v.gid); err != nil {
			return fmt.Errorf("%w (the file must keep its owner %d:%d: run as that user)", err, v.uid, v.gid)
		}
	}
	if err := next.Chmod(v.mode); err != nil { // after the owner, who would lose the bits that give his rights away
		return err
	}
	return next.Flush()
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// leavesTraces reports whether this file system records that a file was read. It leaves
// the file as if it had never been read.
func (t *target) leavesTraces(name string) bool {
	setUnread := func() (time.Time, bool) {
		info, err := t.root.Stat(name)
		if err != nil {
			return time.Time{}, false
		}
		unread := info.ModTime().Add(-unreadFor)
		return unread, t.root.Chtimes(name, unread, info.ModTime()) == nil
	}
	unread, ok := setUnread()
	if !ok {
		return false
	}
	if _, err := t.readQuietly(name); err != nil || !t.isUnread(name, unread) {
		return false // blastgauge's own reading would be taken for the system's
	}
	if _, err := t.root.ReadFile(name); err != nil || t.isUnread(name, unread) {
		return false
	}
	unread, ok = setUnread()
	return ok && t.isUnread(name, unread)
}

// unreadFor is how long before its modification time the read time of an unread version
// lies. A file system that records only the first reading after a change (relatime)
// then records it.
const unreadFor = time.Hour

func (t *target) isUnread(name string, since time.Time) bool {
	info, err := t.root.Stat(name)
	return err == nil && readAt(info).Equal(since)
}

// wasRead reports whether the target was read since it was put in place.
func (t *target) wasRead() bool {
	info, err := t.root.Lstat(t.rel)
	return err == nil && readAt(info).After(info.ModTime().Add(-unreadFor))
}
