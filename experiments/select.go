package experiments

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/shape"
)

// A Selection says which documents to load, as people name them on a command line.
type Selection struct {
	// SystemFile is the path of the system's document; empty: see [Find].
	SystemFile string
	// Arguments are files, folders of files, and ids of experiments beside the system's
	// document. Without a file or a folder, all experiments beside it are selected.
	Arguments []string
	// IDs restrict what the arguments select to the experiments with these ids, in the order
	// of the ids.
	IDs []string
	// Write returns documents of experiments for the system, which are loaded in place of
	// all that Arguments and folders hold; nil: these are loaded.
	Write func(*System) ([]shape.Source, error)
	Outside
}

// A SelectionError is a selection that selects nothing. It is of class [ErrInvalid].
type SelectionError struct{ problem string }

func (e *SelectionError) Error() string { return e.problem }
func (e *SelectionError) Unwrap() error { return ErrInvalid }

func noSelection(format string, args ...any) error {
	return &SelectionError{fmt.Sprintf(format, args...)}
}

// Load loads the documents as [Load] does. It returns at least one experiment.
func (s Selection) Load() (*System, []*Experiment, error) {
	if s.SystemFile == "" {
		found, err := Find(".")
		if err != nil {
			return nil, nil, err
		}
		s.SystemFile = found
	}
	if s.Write != nil {
		return s.loadWritten()
	}
	files, ids, err := s.sortArguments()
	if err != nil {
		return nil, nil, err
	}
	system, list, err := s.Outside.Load(s.SystemFile, files)
	if err != nil {
		return nil, nil, err
	}
	folder := filepath.Join(filepath.Dir(s.SystemFile), "experiments")
	if list, err = selectIDs(list, ids, "in "+folder); err != nil {
		return nil, nil, err
	}
	where := "in " + folder
	if len(s.Arguments) > 0 {
		where = "among those that are named"
	}
	if list, err = selectIDs(list, s.IDs, where); err != nil {
		return nil, nil, err
	}
	if len(list) == 0 {
		return nil, nil, noSelection("no experiments: put them into %s or name their files", folder)
	}
	return system, list, nil
}

// loadWritten loads the system, and the documents that are written for it. The system's file
// is read once: it may be a pipe.
func (s Selection) loadWritten() (*System, []*Experiment, error) {
	source := shape.ReadFile(s.SystemFile)
	system, _, err := s.load(source, nil)
	if err != nil {
		return nil, nil, err
	}
	written, err := s.Write(system)
	if err != nil {
		return nil, nil, err
	}
	system, list, err := s.load(source, written)
	if err != nil {
		return nil, nil, err
	}
	if list, err = selectIDs(list, s.IDs, "among those that were written"); err == nil && len(list) == 0 {
		err = noSelection("no experiment was written for %s", s.SystemFile)
	}
	return system, list, err
}

// Files are the documents that Load reads: that of the system, and those of experiments.
func (s Selection) Files() (system string, list []string, err error) {
	if s.SystemFile == "" {
		if s.SystemFile, err = Find("."); err != nil {
			return "", nil, err
		}
	}
	list, _, err = s.sortArguments()
	return s.SystemFile, list, err
}

// sortArguments sorts the arguments into files to load and ids to keep.
func (s Selection) sortArguments() (files, ids []string, err error) {
	for _, arg := range s.Arguments {
		info, err := os.Stat(arg)
		switch {
		case err == nil && info.IsDir():
			inside, err := documentsIn(arg)
			if err == nil && len(inside) == 0 {
				err = noSelection("no *.yaml in %s", arg)
			}
			if err != nil {
				return nil, nil, err
			}
			files = append(files, inside...)
		case err == nil || strings.ContainsAny(arg, "/.\\"):
			files = append(files, arg)
		default:
			ids = append(ids, arg)
		}
	}
	if len(files) == 0 {
		if files, err = DefaultExperiments(s.SystemFile); err != nil {
			return nil, nil, err
		}
	}
	return files, ids, nil
}

// selectIDs keeps the experiments with these ids, in the order of the ids; all where
// there are none. where says in an error which experiments these are.
func selectIDs(list []*Experiment, ids []string, where string) ([]*Experiment, error) {
	if len(ids) == 0 {
		return list, nil
	}
	known := make([]string, len(list))
	for i, e := range list {
		known[i] = e.ID
	}
	for _, id := range ids {
		if !slices.Contains(known, id) {
			hint := ""
			if near := shape.Nearest(id, known); near != "" {
				hint = fmt.Sprintf(", did you mean %q?", near)
			}
			return nil, noSelection("no experiment %q %s%s; known: %s", id, where, hint, namesOrNone(known))
		}
	}
	list = slices.DeleteFunc(list, func(e *Experiment) bool { return !slices.Contains(ids, e.ID) })
	slices.SortStableFunc(list, func(a, b *Experiment) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return list, nil
}

func namesOrNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// FindBelow lists the system documents in dir and below it, by their name, in lexical
// order.
func FindBelow(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && slices.Contains(systemFiles(), d.Name()) && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	return files, err
}
