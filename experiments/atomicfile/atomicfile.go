// Package atomicfile replaces files as a whole: a reader finds all of the old content
// or all of the new one, also after the machine has died.
//
// It is not google/renameio, because the name of an unfinished file must be known
// beforehand: the process that cleans up after a killed one has to find it.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"
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

// SyncDir writes the names in a directory to disk, where its file system can do so.
func SyncDir(root *os.Root, name string) error {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}

// WriteIn replaces a file in root by what write writes. perm is limited by the umask.
// One process may write a file at a time.
func WriteIn(root *os.Root, name string, perm fs.FileMode, write func(io.Writer) error) error {
	dir, base := path.Split(filepath.ToSlash(name))
	p, err := Create(root, dir+"."+base+".part", perm)
	if err != nil {
		return err
	}
	if err := write(p); err != nil {
		return errors.Join(err, p.Discard())
	}
	return p.Replace(name)
}
