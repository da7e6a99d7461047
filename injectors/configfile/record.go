package configfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// UndoDir is the folder in a run's directory that holds what is needed to restore
// files: a record for each fault, and the original bytes.
const UndoDir = "undo"

// A record says what a fault did to which file. It is written before the file is
// touched, and deleted when the file is proven to be the original.
type record struct {
	Fault string `json:"fault"`
	Tree  string `json:"tree"` // folder, absolute
	Rel   string `json:"rel"`  // the file below it
	versions
	Change Change `json:"change"`
}

func (r *record) path() string { return filepath.Join(r.Tree, r.Rel) }

func (r *record) clone() *record {
	c := *r
	c.Bad = slices.Clone(r.Bad)
	return &c
}

// versions say what a file was and what a fault made of it.
type versions struct {
	Original string      `json:"original,omitempty"` // digest
	Mode     fs.FileMode `json:"mode,omitempty"`
	UID      int         `json:"uid,omitempty"`
	GID      int         `json:"gid,omitempty"`
	Bad      []string    `json:"bad,omitempty"`      // digests of all bad versions
	Settings string      `json:"settings,omitempty"` // digest of the fault's attributes
	Flaps    bool        `json:"flaps,omitempty"`
}

func (v versions) isKnown(digest string) bool {
	return digest == v.Original || slices.Contains(v.Bad, digest)
}

// lastBad returns the digest of the bad version that was made last.
func (v versions) lastBad() string {
	if len(v.Bad) == 0 {
		return ""
	}
	return v.Bad[len(v.Bad)-1]
}

func (v versions) attributes() attributes { return attributes{v.Mode, v.UID, v.GID} }

// undo is the folder with the records of one run. Without the run's directory, which is
// gone then, there are none.
type undo struct{ run *os.Root }

func fileName(fault, suffix string) string { return filepath.Join(UndoDir, fault+suffix) }

const (
	recordSuffix   = ".json"
	originalSuffix = ".original"
)

// lock keeps others, in this process and others, from touching files of this run. The
// lock is on the run's directory, which every process of the run has open: it holds
// although what is in it, or the directory itself, is removed. The kernel gives it up
// when the process ends, however it does.
func (u undo) lock(ctx context.Context) (unlock func(), err error) {
	if u.run == nil {
		return func() {}, nil
	}
	dir, err := u.run.Open(".")
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
	if u.run == nil {
		return nil, nil //nolint:nilnil // see below
	}
	text, err := readRegular(u.run, fileName(fault, recordSuffix))
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
	if r.Fault != fault || !filepath.IsAbs(r.Tree) || !filepath.IsLocal(r.Rel) {
		return nil, fmt.Errorf("%s is damaged", fileName(fault, recordSuffix))
	}
	return r, nil
}

// original reads the saved original of a record.
func (u undo) original(r *record) (version, error) {
	if u.run == nil {
		return version{}, errors.New("the run's directory is gone")
	}
	body, err := readRegular(u.run, fileName(r.Fault, originalSuffix))
	if err != nil {
		return version{}, err
	}
	v := versionOf(body, r.attributes())
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
	if err := u.run.Mkdir(UndoDir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
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
	if u.run == nil {
		return nil
	}
	if err := u.run.Remove(fileName(fault, recordSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := atomicfile.SyncDir(u.run, UndoDir); err != nil {
		return ignoreMissing(err)
	}
	var errs []error
	for _, suffix := range []string{originalSuffix, originalSuffix + ".next", recordSuffix + ".next"} {
		errs = append(errs, ignoreMissing(u.run.Remove(fileName(fault, suffix))))
	}
	return errors.Join(errs...)
}

// localName reports whether a fault's name can be the name of a file.
func localName(fault string) bool {
	return fault != "" && !strings.ContainsAny(fault, `/\`) && filepath.IsLocal(fault)
}

// readRegular reads a file that may have been put there by others: it waits for no pipe,
// and reads no more than a fault's file can have.
func readRegular(folder *os.Root, name string) ([]byte, error) {
	file, err := atomicfile.OpenIn(folder, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s is larger than %d MiB", name, maxFile>>20)
	}
	return io.ReadAll(file)
}
