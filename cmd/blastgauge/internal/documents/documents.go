// Package documents writes the documents that a run was planned from out of its result, so
// that it can be run again where its files are not.
package documents

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/figures"
	"github.com/blastgauge/blastgauge/experiments/inert"
	"github.com/blastgauge/blastgauge/experiments/result"
	"github.com/blastgauge/blastgauge/report"
	"github.com/blastgauge/blastgauge/report/words"
)

// Write writes the documents of a result into a folder, and then says on w which files these
// are, and what repeats the run with them. The folder is made where it is missing. No file is
// replaced: where one is there already, none is written, and the error is a [usage.Error].
func Write(w io.Writer, dir string, r *result.Result) error {
	moved, err := relocate(r)
	if err != nil {
		return err
	}
	var list []result.Document
	for _, d := range moved.Documents {
		if d.File != result.SetDocument {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return errors.New("this result holds no documents")
	}
	if err := writeAll(dir, list); err != nil {
		return err
	}
	return tell(w, dir, moved, list)
}

// tell says what was written.
func tell(w io.Writer, dir string, r *result.Result, list []result.Document) error {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "%s\n", filepath.Join(dir, filepath.FromSlash(d.File)))
	}
	again := report.Again(r)
	where := "cd " + words.ShellPath(dir) + " && "
	if len(r.Run.Choices.Demo) > 0 {
		where = "" // it brings its own
		b.WriteString("\nThe addresses in them are those of a demo that is over: `blastgauge demo --serve DIR` writes such files for one that runs.\n")
	}
	fmt.Fprintf(&b, "\nThe same again:\n  %s%s\n", where, again.Command)
	if len(again.Variables) > 0 {
		fmt.Fprintf(&b, "It needs what the run had in %s.\n", figures.List(again.Variables, "and"))
	}
	if slices.ContainsFunc(list, refersToFiles) {
		b.WriteString("The documents name further files, which a result does not hold: put them beside these, as validate tells.\n")
	}
	_, err := io.WriteString(w, inert.Lines(b.String())) // the result may be of somebody else
	return err
}

// refersToFiles reports whether a document seems to name further files.
func refersToFiles(d result.Document) bool {
	return slices.ContainsFunc([]string{"file:", "data:", "ca_file:"}, func(key string) bool { return strings.Contains(d.Text, key) })
}

// writeAll writes all documents, or none of them.
func writeAll(dir string, list []result.Document) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	for _, d := range list {
		if _, err := root.Lstat(d.File); err == nil {
			return usage.Errorf("%s is there already: name a folder without it", filepath.Join(dir, d.File))
		}
	}
	var written []string
	for _, d := range list {
		if err = write(root, d); err != nil {
			break
		}
		written = append(written, d.File)
	}
	if err != nil {
		for _, name := range written {
			err = errors.Join(err, root.Remove(name))
		}
	}
	return err
}

// write writes one document as a new file.
func write(root *os.Root, d result.Document) error {
	if err := root.MkdirAll(path.Dir(d.File), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(d.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, d.Text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, root.Remove(d.File))
	}
	return nil
}

// relocate returns the result with names of its documents that are below a folder: as they
// are, where they all are; or else without what they have in common.
func relocate(r *result.Result) (*result.Result, error) {
	var names []string
	for _, d := range r.Documents {
		if d.File != result.SetDocument {
			names = append(names, filepath.ToSlash(d.File))
		}
	}
	to, err := below(names)
	if err != nil {
		return nil, err
	}
	moved := *r
	moved.Documents, moved.Experiments = slices.Clone(r.Documents), slices.Clone(r.Experiments)
	for i := range moved.Documents {
		if d := &moved.Documents[i]; d.File != result.SetDocument {
			d.File = to[filepath.ToSlash(d.File)]
		}
	}
	for i := range moved.Experiments {
		if name, ok := to[filepath.ToSlash(moved.Experiments[i].File)]; ok {
			moved.Experiments[i].File = name
		}
	}
	if name, ok := to[filepath.ToSlash(r.Run.Choices.GameDay)]; ok {
		moved.Run.Choices.GameDay = name
	}
	return &moved, nil
}

// below gives each name a place below a folder.
func below(names []string) (map[string]string, error) {
	to, taken := map[string]string{}, map[string]bool{}
	prefix := ""
	if slices.ContainsFunc(names, func(name string) bool { return !filepath.IsLocal(path.Clean(name)) }) {
		prefix = common(names)
	}
	for _, name := range names {
		if _, ok := to[name]; ok {
			continue // a file with several experiments stands once
		}
		place := strings.TrimPrefix(path.Clean(name), prefix)
		for strings.HasPrefix(place, "../") || strings.HasPrefix(place, "/") {
			_, place, _ = strings.Cut(place, "/")
		}
		if !filepath.IsLocal(place) || place == "." || taken[place] {
			return nil, fmt.Errorf("document %q of the result has no place of its own in a folder", name)
		}
		if isUnusual(place) {
			return nil, fmt.Errorf("document %q of the result has a name that no document needs: it would be hidden in a folder, or change a terminal", name)
		}
		to[name], taken[place] = place, true
	}
	return to, nil
}

// isUnusual reports whether a place is hidden, as files are that shells and other programs
// obey, or is not shown as it is.
func isUnusual(place string) bool {
	return inert.Clean(place, '?', "") != place || slices.ContainsFunc(strings.Split(filepath.ToSlash(place), "/"), func(part string) bool { return strings.HasPrefix(part, ".") })
}

// common is the folder that all names begin with, with a slash at its end.
func common(names []string) string {
	prefix := path.Dir(path.Clean(names[0])) + "/"
	for _, name := range names[1:] {
		for prefix != "" && !strings.HasPrefix(path.Clean(name), prefix) {
			parent := path.Dir(strings.TrimSuffix(prefix, "/"))
			if parent == "." || parent+"/" == prefix || parent == "/" {
				prefix = ""
				break
			}
			prefix = parent + "/"
		}
	}
	return strings.TrimPrefix(prefix, "./")
}
