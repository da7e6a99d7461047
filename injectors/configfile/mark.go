package configfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// A mark is a file beside the file that has a fault. It names the fault, so that no
// other fault takes the bad version for the original, and it says what the file was, for
// a process that finds no record. Marks are compared by the fault's name and not by the
// run's directory, because a directory may have several paths.
type mark struct {
	Fault    string `json:"fault"`
	Run      string `json:"run"` // directory of the run, absolute
	versions        // empty in marks of older versions
}

// errDamagedMark means that nothing can be read in a mark, not even whose it is.
var errDamagedMark = errors.New("it is damaged")

// record returns what the mark says of its fault.
func (m mark) record(t *target) *record {
	r := &record{Fault: m.Fault, Tree: t.dir, Rel: t.name, versions: m.versions}
	r.Change = Change{File: t.path(), Before: m.Original, After: r.lastBad()}
	return r
}

// lock keeps others from the marks of a folder, which are read and then replaced. The lock
// is on the folder: nothing of it is left behind. A file system that has no locks is no
// reason to leave a fault in force.
func (t *target) lock(ctx context.Context) (unlock func(), err error) {
	dir, err := t.root.Open(".")
	if err != nil {
		return nil, err
	}
	if err := filelock.Lock(ctx, dir); err != nil && ctx.Err() != nil {
		return nil, errors.Join(fmt.Errorf("another process is changing the marks in %s: %w", t.dir, err), dir.Close())
	}
	return func() { _ = dir.Close() }, nil // closing is unlocking, and nothing was written
}

// mark marks a file as the fault's. A mark whose fault is over is taken over.
func (t *target) mark(ctx context.Context, m mark, now version) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	text = append(text, '\n')
	unlock, err := t.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for range 2 {
		err := t.createMark(text, m.perm())
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		other, err := t.readMark()
		if err == nil && other.Fault == m.Fault {
			return t.rewriteMark(text, m.perm())
		}
		if err := t.checkOver(other, err, now); err != nil {
			return err
		}
		if err := ignoreMissing(t.root.Remove(t.beside(markSuffix))); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: another process is injecting a fault into it", t.path())
}

// perm returns the permissions of a mark. Who may not read the file may not read its
// digests either: those of a short secret can be guessed.
func (m mark) perm() fs.FileMode {
	if m.Mode&0o004 == 0 {
		return 0o600
	}
	return 0o644
}

func (t *target) createMark(text []byte, perm fs.FileMode) error {
	file, err := t.root.OpenFile(t.beside(markSuffix), os.O_CREATE|os.O_EXCL|os.O_WRONLY, perm)
	if errors.Is(err, fs.ErrExist) {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w (the folder must be writable: the file is replaced as a whole)", err)
	}
	if _, err = file.Write(text); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// rewriteMark replaces the fault's own mark, whose digests are no longer all.
func (t *target) rewriteMark(text []byte, perm fs.FileMode) error {
	next, err := atomicfile.Create(t.root, t.beside(nextSuffix), perm)
	if err != nil {
		return err
	}
	if _, err := next.Write(text); err != nil {
		return errors.Join(err, next.Discard())
	}
	return next.Replace(t.beside(markSuffix))
}

// checkUnmarked returns an error when another fault is in the file, or when its original
// was set aside and nobody put it back.
func (t *target) checkUnmarked(fault string, now version) error {
	other, err := t.readMark()
	if err == nil && other.Fault == fault && fault != "" {
		return nil
	}
	return t.checkOver(other, err, now)
}

// checkOver returns an error unless the fault of another mark, which was read with an
// error or without, is over.
func (t *target) checkOver(other mark, err error, now version) error {
	switch {
	case err != nil && !errors.Is(err, errDamagedMark):
		return err
	case err == nil && (other.isActive() || slices.Contains(other.Bad, now.digest)):
		return fmt.Errorf("%w: %s already has fault %s: `blastgauge recover %s` removes it when its run has ended", experiments.ErrRefused, t.path(), other.Fault, manual.Quote(other.Run))
	}
	aside, err := t.readAside()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case aside.digest != now.digest:
		return fmt.Errorf("%w: an earlier fault on %s is not over: the original was set aside and not put back; %s", experiments.ErrRefused, t.path(), t.chooseAside())
	}
	return nil
}

// readMark reads the mark beside the file. It returns an empty mark when there is none,
// and when its process died before it wrote the mark, which is before it touches the file.
func (t *target) readMark() (mark, error) {
	text, err := readRegular(t.root, t.beside(markSuffix))
	if err != nil || len(text) == 0 {
		return mark{}, ignoreMissing(err)
	}
	var m mark
	if json.Unmarshal(text, &m) != nil || !localName(m.Fault) || strings.ContainsFunc(m.Fault+m.Run, unicode.IsControl) {
		return mark{}, fmt.Errorf("%s: %w", filepath.Join(t.dir, t.beside(markSuffix)), errDamagedMark)
	}
	return m, nil
}

// isActive reports whether the fault still has a record.
func (m mark) isActive() bool {
	if m.Run == "" {
		return false
	}
	_, err := os.Lstat(filepath.Join(m.Run, fileName(m.Fault, recordSuffix)))
	return !errors.Is(err, fs.ErrNotExist)
}

// unmark deletes the fault's own mark, and a mark that is empty or cut short, whose
// process died while it wrote it.
func (t *target) unmark(ctx context.Context, fault string) error {
	unlock, err := t.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	other, err := t.readMark()
	switch {
	case err != nil && !errors.Is(err, errDamagedMark):
		return err
	case other.Fault != fault && other.Fault != "":
		return nil
	}
	return ignoreMissing(t.root.Remove(t.beside(markSuffix)))
}
