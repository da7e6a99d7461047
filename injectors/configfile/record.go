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
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// UndoDir is the folder in a run's directory that holds what is needed to restore
// files: a record for each fault, and the original bytes.
const UndoDir = "undo"

// A record says what a fault did to which file. It is written before the file is
// touched, and deleted when the file is proven to be the original.
type record struct {
	Fault    string      `json:"fault"`
	Tree     string      `json:"tree"` // folder, absolute
	Rel      string      `json:"rel"`  // the file below it
	Original string      `json:"original"`
	Mode     fs.FileMode `json:"mode"`
	UID      int         `json:"uid"`
	GID      int         `json:"gid"`
	Bad      []string    `json:"bad"`      // digests of all bad versions
	Settings string      `json:"settings"` // digest of the fault's attributes
	Change   Change      `json:"change"`
	Flaps    bool        `json:"flaps,omitempty"`
}

func (r *record) path() string { return filepath.Join(r.Tree, r.Rel) }

// undo is the folder with the records of one run.
type undo struct{ run *os.Root }

func fileName(fault, suffix string) string { return filepath.Join(UndoDir, fault+suffix) }

const (
	recordSuffix   = ".json"
	originalSuffix = ".original"
)

// lock keeps others, in this process and others, from touching files of this
// run. The kernel gives it up when the process ends, however it does.
func (u undo) lock(ctx context.Context) (unlock func(), err error) {
	if err := u.run.Mkdir(UndoDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	dir, err := u.run.Open(UndoDir)
	if err != nil {
		return nil, err
	}
	if err := filelock.Lock(ctx, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("another process is changing the files of this run: %w", err), dir.Close())
	}
	return func() { _ = dir.Close() }, nil // closing is unlocking, and nothing was written
}

// load reads a fault's record. It returns nil when there is none.
func (u undo) load(fault string) (*record, error) {
	text, err := u.run.ReadFile(fileName(fault, recordSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // most faults have no record, and that is not an error
	}
	if err != nil {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", fileName(fault, recordSuffix), err)
	}
	if r.Fault != fault || r.Tree == "" || !filepath.IsLocal(r.Rel) {
		return nil, fmt.Errorf("%s is damaged", fileName(fault, recordSuffix))
	}
	return r, nil
}

// original reads the saved original of a record.
func (u undo) original(r *record) (version, error) {
	body, err := u.run.ReadFile(fileName(r.Fault, originalSuffix))
	if err != nil {
		return version{}, err
	}
	v := versionOf(body, attributes{r.Mode, r.UID, r.GID})
	if v.digest != r.Original {
		return version{}, fmt.Errorf("%s is damaged", fileName(r.Fault, originalSuffix))
	}
	return v, nil
}

// save writes a record to disk, and before it the bytes of the original where they are
// given. A record that is on disk is complete, and so is its original.
func (u undo) save(r *record, original []byte) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if original != nil {
		if err := u.put(fileName(r.Fault, originalSuffix), original); err != nil {
			return err
		}
	}
	return u.put(fileName(r.Fault, recordSuffix), text)
}

// put writes a file in one piece, for its owner's eyes only.
func (u undo) put(name string, body []byte) error {
	next, err := atomicfile.Create(u.run, name+".next", 0o600)
	if err != nil {
		return err
	}
	if _, err := next.Write(body); err != nil {
		return errors.Join(err, next.Discard())
	}
	return next.Replace(name)
}

// forget deletes what is saved for a fault. It deletes the record first: an original
// without a record does no harm.
func (u undo) forget(fault string) error {
	if err := u.run.Remove(fileName(fault, recordSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := atomicfile.SyncDir(u.run, UndoDir); err != nil {
		return err
	}
	var errs []error
	for _, suffix := range []string{originalSuffix, originalSuffix + ".next", recordSuffix + ".next"} {
		errs = append(errs, ignoreMissing(u.run.Remove(fileName(fault, suffix))))
	}
	return errors.Join(errs...)
}

// A mark is a file beside the file that has a fault. It names the fault, so that no
// other fault takes the bad version for the original. Marks are compared by the
// fault's name and not by the run's directory, because a directory may have several
// paths.
type mark struct {
	Fault string `json:"fault"`
	Run   string `json:"run"` // directory of the run, absolute
}

// claim marks a file as the fault's. A mark whose fault is over is taken over.
func (t *target) mark(m mark) error {
	name := t.beside(markSuffix)
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	for range 2 {
		file, err := t.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil {
			if _, err = file.Write(append(text, '\n')); err == nil {
				err = file.Sync()
			}
			return errors.Join(err, file.Close())
		}
		if !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%w (the folder must be writable: the file is replaced as a whole)", err)
		}
		other, err := t.readMark()
		switch {
		case err != nil:
			return err
		case other.Fault == m.Fault:
			return nil
		case other.isActive():
			return t.errMarked(other)
		}
		if err := ignoreMissing(t.root.Remove(name)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: another process is injecting a fault into it", t.path())
}

// checkUnmarked returns an error when another fault is in the file.
func (t *target) checkUnmarked(m mark) error {
	other, err := t.readMark()
	if err == nil && other.Fault != m.Fault && other.isActive() {
		err = t.errMarked(other)
	}
	return err
}

func (t *target) errMarked(other mark) error {
	return fmt.Errorf("%w: %s already has fault %s: `blastgauge recover %s` removes it when its run has ended", experiments.ErrRefused, t.path(), other.Fault, other.Run)
}

func (t *target) readMark() (mark, error) {
	text, err := t.root.ReadFile(t.beside(markSuffix))
	if err != nil {
		return mark{}, ignoreMissing(err)
	}
	var m mark
	if json.Unmarshal(text, &m) != nil { // incomplete: its process died before it touched the file
		m = mark{}
	}
	return m, nil
}

// isActive reports whether the fault still has a record.
func (m mark) isActive() bool {
	if m.Run == "" || !localName(m.Fault) {
		return false
	}
	_, err := os.Lstat(filepath.Join(m.Run, fileName(m.Fault, recordSuffix)))
	return !errors.Is(err, fs.ErrNotExist)
}

// unmark deletes the fault's own mark, and an empty mark, whose process died before it
// wrote it. It waits for a mark that is being written.
func (t *target) unmark(m mark) error {
	other, err := t.readMark()
	for tries := 0; err == nil && other.Fault == "" && tries < 10; tries++ {
		if _, err := t.root.Lstat(t.beside(markSuffix)); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
		other, err = t.readMark()
	}
	if err != nil || other.Fault != m.Fault && other.Fault != "" {
		return err
	}
	return ignoreMissing(t.root.Remove(t.beside(markSuffix)))
}

// localName reports whether a fault's name can be the name of a file.
func localName(fault string) bool {
	return fault != "" && !strings.ContainsAny(fault, `/\`) && filepath.IsLocal(fault)
}

func (r *record) isKnownVersion(digest string) bool {
	return digest == r.Original || slices.Contains(r.Bad, digest)
}
