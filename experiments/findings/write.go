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

// Written is what became of files, by their paths.
type Written struct {
	New  []string // they were not there
	Same []string // there already, with the same experiment
	Kept []string // there already, with something else, which stays
}

// Write writes files into dir, which it makes. What is there stays as it is: comments aside,
// it is the same experiment or somebody's own. Of the others it writes all, or none where one
// of them cannot be written.
func Write(dir string, files []File) (w Written, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return w, err
	}
	root, err := atomicfile.OpenDir(dir)
	if err != nil {
		return w, err
	}
	defer func() { _ = root.Close() }() // what is written is synced
	w, missing, err := lookAt(root, files)
	if err != nil {
		return Written{}, err
	}
	var written []string
	for _, f := range missing {
		if err := writeNew(root, f); err != nil {
			for _, name := range written {
				err = errors.Join(err, root.Remove(name))
			}
			return Written{}, fmt.Errorf("write %s (nothing was written): %w", filepath.Join(dir, f.Name), err)
		}
		written = append(written, f.Name)
		w.New = append(w.New, filepath.Join(dir, f.Name))
	}
	return w, atomicfile.SyncDir(root, ".")
}

// lookAt sorts files into those that are there, and those that are missing.
func lookAt(root *os.Root, files []File) (w Written, missing []File, err error) {
	for _, f := range files {
		path := filepath.Join(root.Name(), f.Name)
		text, err := atomicfile.ReadIn(root, f.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, f)
		case err != nil:
			return w, nil, err
		case withoutComments(string(text)) == withoutComments(f.Text):
			w.Same = append(w.Same, path)
		default:
			w.Kept = append(w.Kept, path)
		}
	}
	return w, missing, nil
}

// withoutComments leaves out the lines that hold nothing but a comment: which scan found a
// weakness, and how much it harmed in that one, makes no other experiment.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
		}
	}
	return b.String()
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
