package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/figures"
)

// maxDocument is how many bytes a document may have.
const maxDocument = 8 << 20

// A folder holds documents that are written anew at every start, and edited in between.
type folder struct {
	root    *os.Root
	rewrite func(root *os.Root, name string, write func(io.Writer) error) error
}

// update writes documents. What the user has changed since the last time stays, but for
// addresses, which are others every time; it returns the names of these.
//
// The record comes before the documents and again behind them: whatever stops a start in
// between, the next one knows for each document that it is ours, and its addresses.
func (f folder) update(documents, addresses map[string]string) (kept []string, err error) {
	was, changed, err := survey(f.root, documents)
	if err != nil {
		return nil, err
	}
	is := was.next(documents, addresses)
	texts := maps.Clone(documents)
	for name, text := range changed {
		texts[name] = was.renew(text, is)
		if _, ok := documents[name]; ok {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	was.Unfinished = append(was.Unfinished, is)
	if err := f.writeRecord(was); err != nil {
		return nil, err
	}
	if err := f.write(texts); err != nil {
		return nil, err
	}
	return kept, f.writeRecord(record{start: is})
}

// survey returns the texts of the documents in a folder that the user has changed since
// they were written, by name, also of those that only an earlier start wrote. It changes
// nothing. Documents that no start wrote are a [usage.Error], and so are those too large to
// be kept.
func survey(root *os.Root, documents map[string]string) (was record, changed map[string]string, err error) {
	// The record is read last: it is written before the documents that it names.
	texts, err := readTexts(root, slices.Collect(maps.Keys(documents)))
	if err != nil {
		return was, nil, err
	}
	if was, err = readRecord(root); err != nil {
		return was, nil, err
	}
	var foreign []string
	maps.DeleteFunc(texts, func(name, text string) bool {
		if text != documents[name] && !was.names(name) {
			foreign = append(foreign, filepath.Join(root.Name(), name))
		}
		return text == documents[name] || was.wrote(name, text)
	})
	if len(foreign) > 0 {
		return was, nil, refuseForeign(foreign)
	}
	earlier := slices.DeleteFunc(was.all(), func(name string) bool { _, ok := documents[name]; return ok })
	others, err := readTexts(root, earlier)
	maps.DeleteFunc(others, was.wrote)
	maps.Copy(texts, others)
	return was, texts, err
}

func refuseForeign(files []string) error {
	slices.Sort(files)
	verb, them := "is", "it"
	if len(files) > 1 {
		verb, them = "are", "them"
	}
	return usage.Errorf("%s %s there already, and no record says that this demo wrote %s (an older one kept none): move %s away, or name another folder (nothing was written)",
		figures.List(files, "and"), verb, them, them)
}

func (f folder) writeRecord(r record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return f.write(map[string]string{recordFile: string(text) + "\n"})
}

func (f folder) write(files map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := f.root.MkdirAll(path.Dir(name), 0o777); err != nil {
			return err
		}
		err := f.rewrite(f.root, name, func(w io.Writer) error {
			_, err := io.WriteString(w, files[name])
			return err
		})
		if err != nil {
			return fmt.Errorf("write %s: %w", filepath.Join(f.root.Name(), name), err)
		}
	}
	return nil
}

// readTexts leaves out files that are not there.
func readTexts(root *os.Root, names []string) (map[string]string, error) {
	texts := map[string]string{}
	for _, name := range names {
		text, err := readText(root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		texts[name] = text
	}
	return texts, nil
}

// readText refuses a file that is too large: a part of it would be written back as a whole.
func readText(root *os.Root, name string) (string, error) {
	file, err := atomicfile.OpenIn(root, name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err == nil && len(text) > maxDocument {
		err = usage.Errorf("%s has more than %d bytes, and is not touched: move it away, or name another folder", filepath.Join(root.Name(), name), maxDocument)
	}
	return string(text), err
}
