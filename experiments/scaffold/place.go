package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Placed is a document in its folder.
type Placed struct {
	Path    string
	Written bool   // false: it was there already with the same text, or stays as it is
	Lacks   string // what is to be added by hand to a file that stays as it is
}

// An ExistsError lists files that exist already with another text. Nothing
// was written.
type ExistsError struct{ Files []string }

func (e *ExistsError) Error() string {
	return strings.Join(e.Files, ", ") + ": already there"
}

// Place writes the documents into dir: all of them, or none where one is wrong or, in
// an [ExistsError], exists and differs. With force it overwrites what exists. It writes
// and loads them in a temporary folder inside dir first, so that nobody ever sees half
// a document.
func (d *Documents) Place(dir string, force bool) (placed []Placed, err error) {
	if err := d.stayWithin(dir); err != nil {
		return nil, err
	}
	missing, placed, err := d.findMissing(dir, force)
	if err != nil {
		return nil, err
	}
	_, statErr := os.Stat(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	temporary, err := os.MkdirTemp(dir, ".blastgauge-init-")
	if err != nil {
		return nil, err
	}
	defer func() {
		failed := err != nil
		err = errors.Join(err, os.RemoveAll(temporary))
		if failed && errors.Is(statErr, fs.ErrNotExist) {
			_ = os.Remove(dir) // fails where somebody else put a file into it, which must stay
		}
	}()
	if err := d.writeAndLoad(temporary); err != nil {
		return nil, err
	}
	written, err := moveAll(temporary, dir, missing, force)
	return append(placed, written...), err
}

// stayWithin refuses a folder of the documents that leads out of dir: a link in a copied
// or cloned folder must not say where files are written.
func (d *Documents) stayWithin(dir string) error {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }() // nothing was written
	for _, f := range d.Files {
		folder := filepath.Dir(filepath.FromSlash(f.Name))
		if _, err := root.Stat(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s must be a folder in %s, and no link out of it (nothing was written): %w", filepath.Join(dir, folder), dir, err)
		}
	}
	return nil
}

// findMissing lists the files to write, and those that are there already.
func (d *Documents) findMissing(dir string, force bool) (missing []File, same []Placed, err error) {
	var differ []string
	for _, f := range d.Files {
		target := filepath.Join(dir, filepath.FromSlash(f.Name))
		if _, err := os.Lstat(target); err == nil && f.Kept {
			same = append(same, f.kept(target))
			continue
		}
		text, err := readDocument(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && bytes.Equal(text, []byte(f.Text)):
			same = append(same, Placed{Path: target})
			continue
		case errors.Is(err, errNoFile):
			return nil, nil, err
		case !force:
			differ = append(differ, target)
		}
		missing = append(missing, f)
	}
	if len(differ) > 0 {
		return nil, nil, &ExistsError{differ}
	}
	return missing, same, nil
}

// kept is a file that stays as it is.
func (f File) kept(target string) Placed {
	p := Placed{Path: target}
	if lacksRule(target) {
		p.Lacks = ignoreRule
	}
	return p
}

// errNoFile means that a device, a pipe or the like stands where a document belongs.
var errNoFile = errors.New("is no file, so it is neither read nor replaced")

// readDocument reads a document that stands in its place already. What is no file could
// be read for ever.
func readDocument(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s %w", path, errNoFile)
	}
	return os.ReadFile(path)
}

// writeAndLoad writes the documents into a folder and loads them from there. Errors
// name the files as if they stood in their place.
func (d *Documents) writeAndLoad(dir string) error {
	var list []string
	for _, f := range d.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(f.Text), 0o666); err != nil {
			return err
		}
		if strings.HasPrefix(f.Name, "experiments/") && !f.off {
			list = append(list, path)
		}
	}
	load := d.load
	if load == nil {
		load = func(dir string) error {
			_, _, err := experiments.Load(filepath.Join(dir, experiments.SystemFile), list)
			return err
		}
	}
	err := load(dir)
	for _, e := range shape.Errors(err) {
		if rel, relErr := filepath.Rel(dir, e.File); relErr == nil {
			e.File = rel
		}
	}
	return err
}

// moveAll moves files from one folder to another. Where one cannot be moved, it
// removes those that it moved before, unless they have overwritten others.
func moveAll(from, to string, files []File, force bool) (moved []Placed, err error) {
	for _, f := range files {
		name := filepath.FromSlash(f.Name)
		target := filepath.Join(to, name)
		err := move(filepath.Join(from, name), target, force && !f.Kept)
		if f.Kept && errors.Is(err, fs.ErrExist) { // it was made just now
			moved = append(moved, f.kept(target))
			continue
		}
		if err != nil {
			if !force {
				for _, m := range moved {
					if m.Written {
						err = errors.Join(err, os.Remove(m.Path))
					}
				}
			}
			return nil, err
		}
		moved = append(moved, Placed{Path: target, Written: true})
	}
	return moved, nil
}

// move moves a file. Without force it does not replace another one, even if that was
// made just now. With force it replaces a link itself: where that leads was nobody's
// choice who asked for documents in this folder.
func move(from, to string, force bool) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if force {
		return os.Rename(from, to)
	}
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	if _, statErr := os.Lstat(to); !errors.Is(statErr, fs.ErrNotExist) { // the file system has no links
		return fmt.Errorf("%s: %w", to, fs.ErrExist)
	}
	return os.Rename(from, to)
}
