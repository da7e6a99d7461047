package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ErrNoFile means that something else stands where a file belongs, such as a pipe.
var ErrNoFile = errors.New("not a file")

// OpenIn opens a file in root for reading, where others may have put anything, as in a
// cloned repository. It waits for nothing: a pipe would keep its reader until somebody
// writes, and a device can act when it is opened. The error is of class [ErrNoFile] for
// what is neither a file nor a link to one in root, and says what it is.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	return openIn(root, name, os.O_RDONLY, 0)
}

// ReadIn reads a file that [OpenIn] opens.
func ReadIn(root *os.Root, name string) ([]byte, error) {
	file, err := OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	return io.ReadAll(file)
}

// AppendIn opens a file in root for reading and appending, or makes one, as [OpenIn] opens one for
// reading. perm is limited by the umask.
func AppendIn(root *os.Root, name string, perm fs.FileMode) (*os.File, error) {
	return openIn(root, name, os.O_RDWR|os.O_APPEND|os.O_CREATE, perm)
}

// openIn looks before it opens, so that no device is opened, and again at what it has
// opened, which may have been put there in between.
func openIn(root *os.Root, name string, flags int, perm fs.FileMode) (*os.File, error) {
	info, err := root.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return nil, noFile(name, info)
	case err != nil && (flags&os.O_CREATE == 0 || !errors.Is(err, fs.ErrNotExist)):
		return nil, err
	}
	file, err := root.OpenFile(name, flags|syscall.O_NONBLOCK|syscall.O_NOCTTY, perm)
	if err != nil {
		return nil, err
	}
	info, err = file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = noFile(name, info)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

func noFile(name string, info fs.FileInfo) error {
	return fmt.Errorf("%s is %s, %w", name, Describe(info.Mode()), ErrNoFile)
}

// OpenDir opens a directory. It is an error at once, and does not wait, if something
// else is in its place, such as a pipe. The error says what it is.
func OpenDir(path string) (*os.Root, error) {
	if path == "" {
		return nil, fs.ErrNotExist
	}
	root, err := os.OpenRoot(path + string(os.PathSeparator) + ".") // a path that goes on leads through a directory
	if errors.Is(err, syscall.ENOTDIR) {
		if info, failed := os.Stat(path); failed == nil && !info.IsDir() {
			return nil, fmt.Errorf("%s is %s: %w", path, Describe(info.Mode()), syscall.ENOTDIR)
		}
	}
	return root, err
}
