package findings

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// An ExistsError names files that are there already and hold something else. Nothing was
// written.
type ExistsError struct{ Files []string }

func (e *ExistsError) Error() string {
	return strings.Join(e.Files, ", ") + ": there already, and nothing is overwritten (nothing was written)"
}

// Write writes files into dir, which it makes: all of them, or none where one is there with
// another text, which is an [ExistsError], or cannot be written. It returns the paths of
// those that it wrote: one that is there with the same text stays.
func Write(dir string, files []File) (paths []string, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	missing, err := missingIn(root, files)
	if err != nil {
		return nil, err
	}
	var written []string
	for _, f := range missing {
		if err := writeNew(root, f); err != nil {
			for _, name := range written {
				err = errors.Join(err, root.Remove(name))
			}
			return nil, fmt.Errorf("write %s (nothing was written): %w", filepath.Join(dir, f.Name), err)
		}
		written = append(written, f.Name)
		paths = append(paths, filepath.Join(dir, f.Name))
	}
	return paths, atomicfile.SyncDir(root, ".")
}

// missingIn returns the files that are not there.
func missingIn(root *os.Root, files []File) (missing []File, err error) {
	var differ []string
	for _, f := range files {
		text, err := atomicfile.ReadIn(root, f.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, f)
		case err != nil:
			return nil, err
		case string(text) != f.Text:
			differ = append(differ, filepath.Join(root.Name(), f.Name))
		}
	}
	if len(differ) > 0 {
		return nil, &ExistsError{differ}
	}
	return missing, nil
}

// writeNew gives a complete text a name that is free: whoever took it meanwhile keeps it.
func writeNew(root *os.Root, f File) error {
	temp := "." + f.Name + ".part"
	p, err := atomicfile.Create(root, temp, 0o666)
	if err != nil {
		return err
	}
	if _, err := p.WriteString(f.Text); err != nil {
		return errors.Join(err, p.Discard())
	}
	if err := p.Flush(); err != nil {
		return errors.Join(err, p.Discard())
	}
	err = root.Link(temp, f.Name)
	if _, taken := root.Lstat(f.Name); err != nil && errors.Is(taken, fs.ErrNotExist) { // the file system has no links
		err = root.Rename(temp, f.Name)
	}
	return errors.Join(err, p.Discard())
}
