// Package atomicfile replaces files as a whole: a reader finds all of the old content
// or all of the new one, also after the machine has died.
//
// It is not google/renameio, because the name of an unfinished file must be known
// beforehand: the process that cleans up after a killed one has to find it.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// A Pending is a file that is being written, under another name than the one that it
// will have.
type Pending struct {
	*os.File
	root *os.Root
	temp string
}

// Create starts a new file in root with the name temp, which must be in the directory
// of the file that it is going to replace. What stands under that name is removed: a
// killed process left it there. perm is limited by the umask.
func Create(root *os.Root, temp string, perm fs.FileMode) (*Pending, error) {
	if err := root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	file, err := root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if err != nil {
		return nil, err
	}
	return &Pending{file, root, temp}, nil
}

// Flush closes the file once its content is on disk. Replace does so itself.
func (p *Pending) Flush() error {
	if p.File == nil {
		return nil
	}
	err := errors.Join(p.Sync(), p.Close())
	p.File = nil
	return err
}

// Replace gives the file its name. When Replace returns nil, the new file is on disk,
// and so is its name. After an error the old file is as it was.
func (p *Pending) Replace(name string) error {
	if err := p.Flush(); err != nil {
		return errors.Join(err, p.Discard())
	}
	if err := p.root.Rename(p.temp, name); err != nil {
		return errors.Join(err, p.Discard())
	}
	return SyncDir(p.root, path.Dir(filepath.ToSlash(name)))
}

// Discard removes the unfinished file.
func (p *Pending) Discard() error {
	var errs []error
	if p.File != nil {
		errs = append(errs, p.Close())
		p.File = nil
	}
	if err := p.root.Remove(p.temp); !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// SyncDir writes the names in a directory to disk.
func SyncDir(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// WriteIn replaces a file in root by what write writes. perm is limited by the umask.
// One process may write a file at a time.
func WriteIn(root *os.Root, name string, perm fs.FileMode, write func(io.Writer) error) error {
	dir, base := path.Split(filepath.ToSlash(name))
	return writeAs(root, name, dir+"."+base+".part", perm, write)
}

func writeAs(root *os.Root, name, temp string, perm fs.FileMode, write func(io.Writer) error) error {
	p, err := Create(root, temp, perm)
	if err != nil {
		return err
	}
	if err := write(p); err != nil {
		return errors.Join(err, p.Discard())
	}
	return p.Replace(name)
}

// Write replaces the file at a path by what write writes. A new file has the mode that
// the umask gives; an old one keeps its mode. Where the path is a link, the file that
// it leads to is replaced. What is no file, such as a pipe or a device, is written
// into.
func Write(path string, write func(io.Writer) error) error {
	if err := writePath(path, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writePath(path string, write func(io.Writer) error) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if path, err = resolveDangling(path); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return writeInto(path, write)
	default:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
	}
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // the file in it is synced and closed
	name := filepath.Base(path)
	p, err := Create(root, fmt.Sprintf(".%s.%d.part", name, os.Getpid()), 0o666)
	if err != nil {
		return err
	}
	if info != nil {
		err = p.Chmod(info.Mode().Perm())
	}
	if err = errors.Join(err, write(p)); err != nil {
		return errors.Join(err, p.Discard())
	}
	return p.Replace(name)
}

// maxLinks is how many links to a file that does not exist are followed.
const maxLinks = 16

// resolveDangling follows links that lead to nothing yet.
func resolveDangling(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil { // it is not a link
			return path, nil //nolint:nilerr // which is what it should not be
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return "", errors.New("too many links")
}

// writeInto writes into a pipe or a device.
func writeInto(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
