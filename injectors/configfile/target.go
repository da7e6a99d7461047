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

// A target is a file in a folder that is open. Every access goes through the open folder,
// so that a link that appears later on the way to it cannot lead elsewhere.
type target struct {
	root *os.Root // the folder
	dir  string   // its path when it was opened, absolute, without links
	name string   // the file's name in it
}

// findTarget looks for a file. It follows links only inside the folder within, so that a
// fault cannot reach a file that its author did not mean. An empty within is the file's
// own folder.
func findTarget(file, within string) (*target, error) {
	path, err := resolve(file, within)
	var t *target
	if err == nil {
		t, err = openTarget(path)
	}
	if err == nil {
		if _, err = t.root.Lstat(t.name); err != nil {
			t.close()
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: file must be on this machine; a relative path starts at the working directory", file, syscall.ENOENT)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// resolve returns the path of a file, absolute and without links. The folder of the file
// must be there.
func resolve(file, within string) (string, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	tree, err := filepath.EvalSymlinks(cmp.Or(within, filepath.Dir(abs)))
	if err != nil {
		return "", err
	}
	if tree, err = filepath.Abs(tree); err != nil {
		return "", err
	}
	resolved, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		resolved, err = filepath.EvalSymlinks(filepath.Dir(abs))
		resolved = filepath.Join(resolved, filepath.Base(abs))
	}
	if err != nil {
		return "", err
	}
	return resolved, checkInside(file, resolved, tree)
}

// checkInside refuses a file that leads out of its folder.
func checkInside(file, resolved, tree string) error {
	rel, err := filepath.Rel(tree, resolved)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return fmt.Errorf("%w: %s leads to %s, which is not in %s; if that is right, set within to the folder of the real file", experiments.ErrRefused, file, resolved, tree)
	}
	return nil
}

// openTarget opens the folder of a file whose path is absolute. It follows no link: the
// error is of class errLink where one is on the way.
func openTarget(path string) (*target, error) {
	dir, name := filepath.Split(filepath.Clean(path))
	dir = filepath.Clean(dir)
	root, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	return &target{root: root, dir: dir, name: name}, nil
}

// errLink means that the way to a folder leads through a link, or through what is no
// folder.
var errLink = errors.New("it is not reached through folders alone; a folder may have been replaced by a link")

// openFolder opens a folder. Nobody can swap a link in between: what is opened is what
// was reached without links.
func openFolder(dir string) (*os.Root, error) {
	want, err := statWithoutLinks(dir)
	if err != nil {
		return nil, err
	}
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	if info, err := root.Stat("."); err != nil || !os.SameFile(info, want) {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, errLink), err, root.Close())
	}
	return root, nil
}

// reopen returns a target that is closed on its own.
func (t *target) reopen() (*target, error) {
	root, err := t.root.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	return &target{root: root, dir: t.dir, name: t.name}, nil
}

// isAtPath reports whether the folder's path still leads to the open folder.
func (t *target) isAtPath() bool {
	there, err := statWithoutLinks(t.dir)
	if err != nil {
		return false
	}
	here, err := t.root.Stat(".")
	return err == nil && os.SameFile(here, there)
}

func (t *target) close() { _ = t.root.Close() } // nothing is written through it any more

func (t *target) path() string { return filepath.Join(t.dir, t.name) }

// beside returns the name of one of blastgauge's files beside the target. It begins with
// a dot and has another ending than the target, so that no program reads it as config.
func (t *target) beside(suffix string) string { return "." + t.name + suffix }

// Suffixes of the files beside the target: the next version, the original, and the mark
// of the fault.
const (
	nextSuffix  = ".blastgauge-next"
	asideSuffix = ".blastgauge-original"
	markSuffix  = ".blastgauge"
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

// read reads the target.
func (t *target) read() (version, error) { return t.readVersion(t.name) }

// readVersion reads a file in the folder. It refuses links.
func (t *target) readVersion(name string) (version, error) {
	info, err := t.root.Lstat(name)
	if err != nil {
		return version{}, err
	}
	path := filepath.Join(t.dir, name)
	v := version{attributes: attributes{mode: info.Mode() & modes}}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return version{}, fmt.Errorf("%w: %s is not a regular file", experiments.ErrRefused, path)
	case !ok:
		return version{}, fmt.Errorf("%s: this system does not say who owns it", path)
	case info.Size() > maxFile:
		return version{}, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	v.uid, v.gid = int(stat.Uid), int(stat.Gid)
	body, err := t.readQuietly(name)
	if err != nil {
		return version{}, err
	}
	return versionOf(body, v.attributes), nil
}

// checkSingle refuses a file that has other names: when one name is replaced, a program
// that uses another one does not meet the fault. The name that a killed process gave it
// to set it aside does not count.
func (t *target) checkSingle() error {
	info, err := t.root.Lstat(t.name)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil // read has refused it
	}
	others := uint64(stat.Nlink) - 1
	if aside, err := t.root.Lstat(t.beside(asideSuffix)); err == nil && os.SameFile(info, aside) {
		others--
	}
	if others > 0 {
		return fmt.Errorf("%w: %s has %d hard links; replacing it would change only one of them", experiments.ErrRefused, t.path(), stat.Nlink)
	}
	return nil
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
	if err := next.Replace(t.name); err != nil {
		return false, explainBusy(err)
	}
	return traces, nil
}

func explainBusy(err error) error {
	if errors.Is(err, syscall.EBUSY) {
		return fmt.Errorf("%w (is the file itself mounted into a container? mount its folder instead)", err)
	}
	return err
}

// ErrChanged means that another program changed a file while it had a fault. The file is
// left as it is.
var ErrChanged error = changed{}

type changed struct{}

func (changed) Error() string { return "changed by another program" }

// Hopeless reports that trying again is of no use: a person has to look.
func (changed) Hopeless() bool { return true }

// A hopeless error stays however often it is tried again: a person has to look.
type hopeless struct{ error }

func (h hopeless) Unwrap() error { return h.error }

func (hopeless) Hopeless() bool { return true }

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
	info, err := t.root.Lstat(t.name)
	return err == nil && readAt(info).After(info.ModTime().Add(-unreadFor))
}
