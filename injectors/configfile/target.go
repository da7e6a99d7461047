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

// A target is a file in a folder that it may not leave. All that is done to it
// goes through the folder: a link that appears later leads nowhere else.
type target struct {
	root *os.Root
	tree string // the folder, absolute, without links
	rel  string // the file, below tree
}

// find looks for a file. Links are followed inside the folder only: where a
// fault ends must be where its owner put it.
func find(file, within string) (*target, error) {
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	missing := fmt.Errorf("%s: %w: a config file is one of this machine, and relative names are seen from the working directory", abs, syscall.ENOENT)
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
	real, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	rel, err := filepath.Rel(tree, real)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return nil, fmt.Errorf("%w: %s leads to %s, which is not in %s: name the folder that it may be in with within", experiments.ErrRefused, file, real, tree)
	}
	return open(tree, rel)
}

// open takes a file by where it was found.
func open(tree, rel string) (*target, error) {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return nil, err
	}
	return &target{root: root, tree: tree, rel: rel}, nil
}

func (t *target) close() { _ = t.root.Close() } // nothing is written through it any more

func (t *target) path() string { return filepath.Join(t.tree, t.rel) }

// beside is the name of a file of ours beside the target. It begins with a dot
// and does not end as the target does, so that nobody takes it for config.
func (t *target) beside(suffix string) string {
	dir, base := filepath.Split(t.rel)
	return filepath.Join(dir, "."+base+suffix)
}

// Files beside the target: what is to take its place, and who has a fault on it.
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

// attributes are what a file has besides its bytes, as far as they are kept.
type attributes struct {
	mode     fs.FileMode
	uid, gid int
}

const modes = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// maxFile bounds the files that faults are put on.
const maxFile = 64 << 20

// read reads the target. It must be a file of its own: neither a link nor known
// by a second name, because the two would part when one is replaced.
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
		return version{}, fmt.Errorf("%s: its owner cannot be found out here", t.path())
	case stat.Nlink > 1:
		return version{}, fmt.Errorf("%w: %s has %d names (hard links), which would part when it is replaced", experiments.ErrRefused, t.path(), stat.Nlink)
	case info.Size() > maxFile:
		return version{}, fmt.Errorf("%s is larger than %d MiB", t.path(), maxFile>>20)
	}
	v.uid, v.gid = int(stat.Uid), int(stat.Gid)
	body, err := t.quietly(t.rel)
	if err != nil {
		return version{}, err
	}
	return versionOf(body, v.attributes), nil
}

func versionOf(body []byte, a attributes) version {
	return version{body, badconfig.Digest(body), a}
}

// quietly reads a file without the traces that a reader leaves, so that it is
// not mistaken for the system. Only the owner may do so; others leave traces.
func (t *target) quietly(name string) ([]byte, error) {
	file, err := t.root.OpenFile(name, os.O_RDONLY|noTrace, 0)
	if errors.Is(err, fs.ErrPermission) {
		file, err = t.root.Open(name)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// replace puts another version in the target's place at once: whoever opens the
// file finds either all of one or all of the other. It refuses where the target
// is not the version expected any more. It tells whether readers of the new
// version leave traces.
func (t *target) replace(expected string, v version) (traces bool, err error) {
	next, err := t.write(t.beside(nextSuffix), v)
	if err != nil {
		return false, err
	}
	traces = t.tracesOf(t.beside(nextSuffix))
	if now, err := t.read(); err != nil || now.digest != expected {
		return false, errors.Join(err, fmt.Errorf("%w: %s", errChanged, t.path()), next.Discard())
	}
	if err := next.Replace(t.rel); err != nil {
		if errors.Is(err, syscall.EBUSY) {
			err = fmt.Errorf("%w (is the file itself mounted into a container? mount its folder instead)", err)
		}
		return false, err
	}
	return traces, nil
}

// errChanged means that somebody else changed a file under a fault.
var errChanged error = changed{}

type changed struct{}

func (changed) Error() string { return "changed by somebody else" }

// Hopeless tells that trying again changes nothing: a person has to look.
func (changed) Hopeless() bool { return true }

// write writes a version beside the target.
func (t *target) write(name string, v version) (*atomicfile.Pending, error) {
	next, err := atomicfile.Create(t.root, name, 0o600)
	if err != nil {
		return nil, err
	}
	if err := fill(next, v); err != nil {
		return nil, errors.Join(err, next.Discard())
	}
	return next, nil
}

func fill(next *atomicfile.Pending, v version) error {
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

// sync makes a folder's entries durable.
func (t *target) sync(dir string) error { return atomicfile.SyncDir(t.root, dir) }

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// tracesOf finds out whether reading leaves a trace in this file system, and
// leaves the file as if it had never been read.
func (t *target) tracesOf(name string) bool {
	clear := func() (time.Time, bool) {
		info, err := t.root.Stat(name)
		if err != nil {
			return time.Time{}, false
		}
		unread := info.ModTime().Add(-unreadFor)
		return unread, t.root.Chtimes(name, unread, info.ModTime()) == nil
	}
	unread, ok := clear()
	if !ok {
		return false
	}
	if _, err := t.quietly(name); err != nil || !t.unread(name, unread) {
		return false // our own reading would be taken for somebody's
	}
	if _, err := t.root.ReadFile(name); err != nil || t.unread(name, unread) {
		return false
	}
	unread, ok = clear()
	return ok && t.unread(name, unread)
}

// unreadFor is how long before it was written a version that nobody has read
// says that it was read last. A file system that notes only the first reading
// after a change does so then.
const unreadFor = time.Hour

func (t *target) unread(name string, since time.Time) bool {
	info, err := t.root.Stat(name)
	return err == nil && readAt(info).Equal(since)
}

// wasRead tells whether the target was read since it was put there.
func (t *target) wasRead() bool {
	info, err := t.root.Lstat(t.rel)
	return err == nil && readAt(info).After(info.ModTime().Add(-unreadFor))
}
