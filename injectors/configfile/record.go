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

// UndoDir is the folder in a run's directory that holds what is needed to put
// files back: of each fault a record and the original bytes.
const UndoDir = "undo"

// A record says what a fault did to which file. It is on disk before the file is
// touched, and gone once the file is proven to be what it was.
type record struct {
	Fault    string      `json:"fault"`
	Tree     string      `json:"tree"` // folder, absolute
	Rel      string      `json:"rel"`  // the file below it
	Original string      `json:"original"`
	Mode     fs.FileMode `json:"mode"`
	UID      int         `json:"uid"`
	GID      int         `json:"gid"`
	Bad      []string    `json:"bad"`      // digests of all that took its place
	Settings string      `json:"settings"` // digest of the fault's attributes
	Change   Change      `json:"change"`
	Flaps    bool        `json:"flaps,omitempty"`
}

func (r *record) path() string { return filepath.Join(r.Tree, r.Rel) }

// An undo is the folder of records of one run.
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
		return nil, errors.Join(fmt.Errorf("somebody else is at the files of this run: %w", err), dir.Close())
	}
	return func() { _ = dir.Close() }, nil // closing is unlocking, and nothing was written
}

// load reads a fault's record; nil: there is none.
func (u undo) load(fault string) (*record, error) {
	text, err := u.run.ReadFile(fileName(fault, recordSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no record is what a fault without one has
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

// original reads the bytes that a record is about.
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

// save makes a record durable, and before it the original's bytes where they are
// given. A record on disk is whole, and so are the bytes that it is about.
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

// forget deletes what is kept of a fault, the record first: bytes without a
// record harm nobody.
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

// A mark stands beside a file that a fault is on. It says which one, so that no
// other fault takes the bad version for the good one. Faults are told apart by
// their names: one directory may have several paths.
type mark struct {
	Fault string `json:"fault"`
	Run   string `json:"run"` // directory of the run, absolute
}

// claim marks a file as the fault's. A mark whose fault is over is taken over.
func (t *target) claim(m mark) error {
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
		other, err := t.holder()
		switch {
		case err != nil:
			return err
		case other.Fault == m.Fault:
			return nil
		case other.live():
			return t.taken(other)
		}
		if err := ignoreMissing(t.root.Remove(name)); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: somebody else is putting a fault on it", t.path())
}

// free tells that no other fault is on a file.
func (t *target) free(m mark) error {
	other, err := t.holder()
	if err == nil && other.Fault != m.Fault && other.live() {
		err = t.taken(other)
	}
	return err
}

func (t *target) taken(other mark) error {
	return fmt.Errorf("%w: %s has a fault on it already, %s: `blastgauge recover %s` removes it if its run is over", experiments.ErrRefused, t.path(), other.Fault, other.Run)
}

func (t *target) holder() (mark, error) {
	text, err := t.root.ReadFile(t.beside(markSuffix))
	if err != nil {
		return mark{}, ignoreMissing(err)
	}
	var m mark
	if json.Unmarshal(text, &m) != nil { // cut short when its process died, before the file was touched
		return mark{}, nil
	}
	return m, nil
}

// live tells whether a record of the fault is still there.
func (m mark) live() bool {
	if m.Run == "" || !localName(m.Fault) {
		return false
	}
	_, err := os.Lstat(filepath.Join(m.Run, fileName(m.Fault, recordSuffix)))
	return !errors.Is(err, fs.ErrNotExist)
}

// release takes the fault's own mark away, and one that says nothing: its process
// died between making it and writing it. One that is being written is waited for.
func (t *target) release(m mark) error {
	other, err := t.holder()
	for tries := 0; err == nil && other.Fault == "" && tries < 10; tries++ {
		if _, err := t.root.Lstat(t.beside(markSuffix)); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
		other, err = t.holder()
	}
	if err != nil || other.Fault != m.Fault && other.Fault != "" {
		return err
	}
	return ignoreMissing(t.root.Remove(t.beside(markSuffix)))
}

// localName tells whether a fault's name can be a file's.
func localName(fault string) bool {
	return fault != "" && !strings.ContainsAny(fault, `/\`) && filepath.IsLocal(fault)
}

func (r *record) knows(digest string) bool {
	return digest == r.Original || slices.Contains(r.Bad, digest)
}
