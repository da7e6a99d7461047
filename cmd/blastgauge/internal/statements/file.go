package statements

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
	"github.com/blastgauge/blastgauge/experiments/gate/policy"
	"github.com/blastgauge/blastgauge/experiments/gate/signing"
)

// waitForOthers is how long another process may take to write the same file.
const waitForOthers = 10 * time.Second

// ReadFile reads a file of statements. Errors name the file, and that of a line its line.
func ReadFile(path string) ([]byte, error) { return atomicfile.ReadRegular(path, signing.MostBytes) }

// checkFile finds before a run what keeps statements from being written after it.
func (w *Writer) checkFile() error {
	if err := w.checkName(); err != nil {
		return err
	}
	if err := atomicfile.Check(w.file); err != nil {
		return fmt.Errorf("--statement: %w", err)
	}
	_, err := w.present()
	return err
}

// checkName refuses what is no file: statements are appended to one that can be read.
func (w *Writer) checkName() error {
	if w.file == "-" || !atomicfile.IsFile(w.file) {
		return fmt.Errorf("--statement %s: a file is needed, such as candidate.json.intoto.jsonl", w.file)
	}
	return nil
}

// present are the envelopes in the file; none where it is not there yet. What holds no
// statements is somebody else's file, and is not appended to.
func (w *Writer) present() ([]*signing.Envelope, error) {
	text, err := ReadFile(w.file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--statement: %w", err)
	}
	envelopes, err := signing.Read(text)
	if err == nil {
		_, err = policy.PairsOf(envelopes)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("--statement %s: it is there, and holds other things than statements, so nothing is appended to it: %w", w.file, err)
	case len(envelopes) == 0:
		return nil, fmt.Errorf("--statement %s: it is there, and holds no statements, so nothing is appended to it", w.file)
	case len(envelopes)+2 > signing.MostLines:
		return nil, fmt.Errorf("--statement %s: it has %d lines, and at most %d are possible: name another file", w.file, len(envelopes), signing.MostLines)
	}
	return envelopes, nil
}

// Update replaces a file by what change makes of it, as a whole, while nobody else does so.
func Update(path string, change func() ([]byte, error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), waitForOthers)
	defer cancel()
	folder, err := lockFolder(ctx, path)
	if err != nil {
		return err
	}
	defer func() { _ = folder.Close() }() // which gives the lock back
	text, err := change()
	if err != nil {
		return err
	}
	if len(text) > signing.MostBytes {
		return fmt.Errorf("%s would have more than %d MB: name another file", path, signing.MostBytes>>20)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// lockFolder locks the folder of a file: the file itself is another one after each change.
func lockFolder(ctx context.Context, path string) (*os.File, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	folder, err := os.OpenFile(filepath.Dir(path), os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	if err := filelock.Lock(ctx, folder); err != nil {
		return nil, errors.Join(fmt.Errorf("another process writes there: %w", err), folder.Close())
	}
	return folder, nil
}
