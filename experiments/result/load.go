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
)

// File is the name of the result in a run directory.
const File = "result.json"

// ErrForeign means that something is not a result of blastgauge. It does not mean that a
// result could not be read.
var ErrForeign = errors.New("not a result of blastgauge")

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
	text, err := readUpTo(path, mostBytes)
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
	file := filepath.Join(path, File)
	if _, err := os.Stat(file); err == nil {
		return Load(file)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // it was only read
	r, err := Read(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: it has neither a %s nor a journal", path, ErrForeign, File)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// readUpTo reads a file that has at most so many bytes.
func readUpTo(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, fmt.Errorf("%s: %w: more than %d MB", path, ErrForeign, most>>20)
	}
	return text, nil
}

// Decode reads a result from JSON, or from the page that embeds it.
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
	if err := checkSchema(r.Schema); err != nil {
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

func checkSchema(schema string) error {
	switch schema {
	case Schema:
		return nil
	case "":
		return fmt.Errorf("%w: it has no schema, want %q", ErrForeign, Schema)
	}
	return fmt.Errorf("%w: its schema is %q, want %q", ErrForeign, schema, Schema)
}
