package result

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
)

// File is the name of the result in a run directory.
const File = "result.json"

// ErrForeign means that something is not a result of blastgauge. It does not mean that a
// result could not be read.
var ErrForeign = errors.New("not a result of blastgauge")

// A SchemaError is an [ErrForeign]: something has another schema, or none, so it never
// was a result of this version.
type SchemaError struct{ Schema string }

func (e *SchemaError) Error() string {
	if e.Schema == "" {
		return fmt.Sprintf("%v: it has no schema, want %q or %q", ErrForeign, Schema, ScanSchema)
	}
	return fmt.Sprintf("%v: its schema is %q, want %q or %q", ErrForeign, e.Schema, Schema, ScanSchema)
}

// Unwrap returns [ErrForeign].
func (e *SchemaError) Unwrap() error { return ErrForeign }

// mostBytes bounds the size of a result. A page of forty experiments has less than two
// million bytes.
const mostBytes = 256 << 20

// Load reads a result from a run directory, a result.json or a report.html, which
// embeds its result. Of a directory without a result.json it folds the journal.
func Load(path string) (*Result, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: a run directory, a result.json or a report.html is needed", err)
	case err != nil:
		return nil, err
	case info.IsDir():
		return loadDir(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := readUpTo(f, path)
	if err != nil {
		return nil, err
	}
	r, err := Decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func loadDir(path string) (*Result, error) {
	root, err := atomicfile.OpenDir(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	var r *Result
	text, err := ReadFile(root, File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r, err = Read(root)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: %w: it has neither a %s nor a journal", path, ErrForeign, File)
		}
	case err == nil:
		path = filepath.Join(path, File)
		r, err = Decode(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// ReadFile reads the file of a result, a page or a result.json, from a directory. Its
// error is of class [ErrForeign] where the file is larger than any of them, and of class
// [atomicfile.ErrNoFile] where something else is in its place.
func ReadFile(dir *os.Root, name string) ([]byte, error) {
	f, err := atomicfile.OpenIn(dir, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return readUpTo(f, name)
}

// readUpTo reads a file that has at most as many bytes as a result may have.
func readUpTo(f io.Reader, name string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(f, mostBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostBytes {
		return nil, fmt.Errorf("%s: %w: more than %d MB", name, ErrForeign, mostBytes>>20)
	}
	return text, nil
}

// Decode reads a result from JSON, or from the page that embeds it. It checks ids as
// those of documents are checked, words against those that there are, and the range
// and order of numbers. Texts may hold anything.
func Decode(text []byte) (*Result, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if bytes.HasPrefix(text, []byte("<")) {
		var err error
		if text, err = fromPage(text); err != nil {
			return nil, err
		}
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	if r.Schema != Schema && r.Schema != ScanSchema {
		return nil, &SchemaError{r.Schema}
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return &r, nil
}

// fromPage is the JSON that a page embeds.
func fromPage(page []byte) ([]byte, error) {
	const tag = `<script type="application/json" id="blastgauge-%s">`
	_, rest, found := bytes.Cut(page, fmt.Appendf(nil, tag, "result"))
	switch {
	case !found && bytes.Contains(page, fmt.Appendf(nil, tag, "compare")):
		return nil, fmt.Errorf("%w: this is the page of a comparison: give the pages of its runs instead", ErrForeign)
	case !found:
		return nil, fmt.Errorf("%w: the page contains no result", ErrForeign)
	}
	text, _, whole := bytes.Cut(rest, []byte("</script>"))
	if !whole {
		return nil, fmt.Errorf("%w: the page ends in the middle of its result", ErrForeign)
	}
	return text, nil
}
