package atomicfile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Write writes what write writes to where a path leads, as a shell's > does:
//
//   - A file is replaced as a whole: readers find the old content or the new one, and
//     a full disk leaves the old one. A new file has the mode that the umask gives, an
//     old one keeps its mode and its owner. Its other names (hard links) keep the old
//     content.
//   - A link stays a link, and the file that it leads to is written.
//   - A character device, a named pipe and a descriptor of this process, such as
//     /dev/stdout or /dev/fd/63, are written into. A pipe that nobody opens for reading
//     is an error after ten seconds.
//   - A block device, a socket and a directory are refused, and so is what somebody
//     else has put into a folder in which everybody may make files.
//
// A file that cannot be replaced although it may be written (in a folder in which this
// user may make no files, a mount point of its own, with an owner that could not be
// kept) is written in place: what is added comes first, so that a full disk leaves the
// old content there as well.
//
// Nothing is touched when write returns an error.
func Write(path string, write func(io.Writer) error) error {
	return render(path, write, defaultWaits().write)
}

// Append appends what write writes to where a path leads. Apart from that it is Write.
func Append(path string, write func(io.Writer) error) error {
	return render(path, write, defaultWaits().append)
}

// render has a text complete before it is put anywhere.
func render(path string, write func(io.Writer) error, put func(string, []byte) error) error {
	var text bytes.Buffer
	err := write(&text)
	if err == nil {
		err = put(path, text.Bytes())
	}
	// Another writer of the same file may come between the look at a path and its opening.
	for i := 0; i < maxLooks && errors.Is(err, errReplaced); i++ {
		err = put(path, text.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// maxLooks is how often a path is looked at again that is replaced all the time.
const maxLooks = 100

// Check returns the error that [Write] would have for where a path leads, as far as that
// shows beforehand: a folder that is missing, one in which this user may make no files, a
// file that may not be written, or something that is no file. It changes nothing, and
// opens no device and no pipe.
func Check(path string) error {
	if err := check(path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func check(path string) error {
	p, err := follow(path)
	switch {
	case err != nil:
		return err
	case p.descriptor >= 0:
		return nil
	case p.info == nil:
		return checkFolder(filepath.Dir(p.path))
	case p.info.Mode().IsRegular():
		file, err := p.open(0)
		if err != nil {
			return err
		}
		return file.Close()
	}
	return checkSink(p.info.Mode())
}

// checkFolder makes a file in a folder and removes it: only that tells whether it can be
// done, whatever modes and mounts say.
func checkFolder(dir string) error {
	root, err := OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing is written
	p, err := Create(root, ".blastgauge-"+rand.Text()+".part", 0o600)
	if err != nil {
		return err
	}
	return p.Discard()
}

// RewriteIn replaces a file in root, named by us and not by a user: a link under its
// name is not followed but replaced. Otherwise it is Write on a file.
func RewriteIn(root *os.Root, name string, write func(io.Writer) error) error {
	var text bytes.Buffer
	if err := write(&text); err != nil {
		return err
	}
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Type() == fs.ModeSymlink:
		info = nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is %s", name, Describe(info.Mode()))
	}
	return replaceIn(root, name, info, text.Bytes())
}

// RewriteBeside replaces a file in dir whose name the user has not chosen: a link there
// leads to nothing that may be written.
func RewriteBeside(dir, name string, write func(io.Writer) error) error {
	root, err := OpenDir(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	if err := RewriteIn(root, name, write); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(dir, name), err)
	}
	return nil
}

// IsFile reports whether a path leads to a file, or to nothing that could be anything
// else.
func IsFile(path string) bool {
	p, err := follow(path)
	return err != nil || p.descriptor < 0 && (p.info == nil || p.info.Mode().IsRegular())
}

func (w waits) write(path string, text []byte) error {
	p, err := follow(path)
	switch {
	case err != nil:
		return err
	case p.descriptor >= 0:
		return writeDescriptor(p.descriptor, text)
	case p.info == nil:
		return writeNew(p.path, text)
	case p.info.Mode().IsRegular():
		return writeOld(p, text)
	}
	return w.writeInto(p, text)
}

func (w waits) append(path string, text []byte) error {
	p, err := follow(path)
	switch {
	case err != nil:
		return err
	case p.descriptor >= 0:
		return writeDescriptor(p.descriptor, text)
	case p.info != nil && !p.info.Mode().IsRegular():
		return w.writeInto(p, text)
	}
	file, err := os.OpenFile(p.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// writeNew writes a file that is not there.
func writeNew(path string, text []byte) error {
	err := replace(path, nil, text)
	if !isHindered(err) {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// writeOld writes a file that is there. One that may not be written is not replaced
// either.
func writeOld(p place, text []byte) error {
	file, err := p.open(0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // what was written is synced
	if !p.magic {
		if err := replace(p.path, p.info, text); !isHindered(err) {
			return err
		}
	}
	return overwrite(file, p.info.Size(), text)
}

// errOwner means that a new file cannot have the owner of the old one.
var errOwner = errors.New("its owner cannot be kept")

// isHindered reports whether a file cannot be replaced although it may be possible to
// write it. The old one is as it was.
func isHindered(err error) bool {
	return errors.Is(err, errOwner) || errors.Is(err, fs.ErrPermission) ||
		errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV)
}

// replace replaces the file at a path that has no link in it.
func replace(path string, old fs.FileInfo, text []byte) error {
	root, err := OpenDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // the file in it is synced and closed
	return replaceIn(root, filepath.Base(path), old, text)
}

func replaceIn(root *os.Root, name string, old fs.FileInfo, text []byte) error {
	// Nobody can guess the name, so nobody can take it, and writers do not meet.
	p, err := Create(root, filepath.Join(filepath.Dir(name), ".blastgauge-"+rand.Text()+".part"), 0o666)
	if err != nil {
		return err
	}
	if old != nil {
		err = keep(p.File, old)
	}
	if err == nil {
		_, err = p.Write(text)
	}
	if err != nil {
		return errors.Join(err, p.Discard())
	}
	return p.Replace(name)
}

// keep gives a new file the owner and the mode of an old one.
func keep(file *os.File, old fs.FileInfo) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	is, ok1 := info.Sys().(*syscall.Stat_t)
	want, ok2 := old.Sys().(*syscall.Stat_t)
	if ok1 && ok2 && (is.Uid != want.Uid || is.Gid != want.Gid) {
		if err := file.Chown(int(want.Uid), int(want.Gid)); err != nil {
			return fmt.Errorf("%w: %w", errOwner, err)
		}
	}
	return file.Chmod(old.Mode().Perm())
}

// A content is what overwrite changes.
type content interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
}

// overwrite replaces the content of a file of a size in bytes. It takes the room that
// it needs before it changes what is there.
func overwrite(file content, size int64, text []byte) error {
	if more := int64(len(text)); more > size {
		_, err := file.WriteAt(text[size:], size)
		if err = errors.Join(err, file.Sync()); err != nil {
			return errors.Join(err, file.Truncate(size))
		}
	}
	_, err := file.WriteAt(text[:min(int64(len(text)), size)], 0)
	return errors.Join(err, file.Truncate(int64(len(text))), file.Sync())
}
