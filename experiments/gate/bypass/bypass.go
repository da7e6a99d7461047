// Package bypass keeps for ever who let a change pass whatever was measured of it.
//
// The bypasses stand in one file beside the directory of runs, one a line. Lines are only
// added, and each is on disk before the change can pass: deleting runs deletes no bypass.
package bypass

import (
	"bytes"
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
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
	"github.com/blastgauge/blastgauge/experiments/gate/statement"
	"github.com/blastgauge/blastgauge/experiments/gate/strictjson"
)

// File is the name of the file of bypasses.
const File = "bypasses.jsonl"

// Schema is the name and version of a line.
const Schema = "blastgauge/bypass/v1"

// Bounds of the file.
const (
	mostBytes     = 64 << 20
	mostLine      = 64 << 10
	mostSubjects  = 100
	mostKeys      = 100
	waitForOthers = 10 * time.Second
)

// An Entry is one bypass.
type Entry struct {
	Schema      string              `json:"schema"`
	By          string              `json:"by"`
	Reason      string              `json:"reason"`
	At          time.Time           `json:"at"`  // UTC, to the millisecond
	Run         string              `json:"run"` // the id that its statement has in place of a run's
	System      string              `json:"system"`
	Environment string              `json:"environment,omitempty"`
	Subject     []statement.Subject `json:"subject"`   // the change first
	Statement   string              `json:"statement"` // the file that the statement was to be written to
	SignedBy    []string            `json:"signed_by"` // ids of keys
}

// Bypass is the entry as statements have it.
func (e Entry) Bypass() statement.Bypass {
	return statement.Bypass{By: e.By, Reason: e.Reason, At: e.At}
}

// Concerns reports whether something that was let pass has one of these digests: as bytes, or
// as a document in any layout. The commit beside it may hold other changes.
func (e Entry) Concerns(change []statement.Digest) bool {
	for i, s := range e.Subject {
		if (i == 0 || s.Digest.SHA256 != "") && slices.Contains(change, s.Digest) {
			return true
		}
	}
	return false
}

// check returns why an entry can be none.
func (e Entry) check() error {
	b := e.Bypass()
	if err := b.Check(); err != nil {
		return err
	}
	if e.Schema != Schema {
		return fmt.Errorf("its schema is %.80q, want %q", e.Schema, Schema)
	}
	if len(e.Subject) == 0 || len(e.Subject) > mostSubjects || len(e.SignedBy) > mostKeys {
		return fmt.Errorf("it has %d subjects and %d keys, want 1 to %d and up to %d", len(e.Subject), len(e.SignedBy), mostSubjects, mostKeys)
	}
	for _, s := range e.Subject {
		if err := s.Check(); err != nil {
			return err
		}
	}
	return nil
}

// Append adds a bypass to the file in a directory. It is on disk when Append returns.
func Append(dir *os.Root, e Entry) (err error) {
	if err := e.check(); err != nil {
		return err
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if len(text) > mostLine {
		return fmt.Errorf("a bypass of %d bytes is too long: at most %d are possible", len(text), mostLine)
	}
	file, err := atomicfile.AppendIn(dir, File, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	ctx, cancel := context.WithTimeout(context.Background(), waitForOthers)
	defer cancel()
	if err := filelock.Lock(ctx, file); err != nil {
		return err
	}
	// It begins on a line of its own, also where a process died in the middle of one.
	if _, err := file.Write(slices.Concat([]byte("\n"), text, []byte("\n"))); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return atomicfile.SyncDir(dir, ".")
}

// A Problem is a line that is no bypass.
type Problem struct {
	Line int    `json:"line"`
	Why  string `json:"why"`
}

// Read reads the bypasses of a directory, oldest first. A line that cannot be read hides no
// other: it is a problem. It is no error where there is no file.
func Read(dir *os.Root) ([]Entry, []Problem, error) {
	file, err := atomicfile.OpenIn(dir, File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	if err == nil && len(text) > mostBytes {
		err = fmt.Errorf("%s has more than %d MB", File, mostBytes>>20)
	}
	if err != nil {
		return nil, nil, err
	}
	list, problems := decode(text)
	return list, problems, nil
}

// decode reads the lines of the file.
func decode(text []byte) (list []Entry, problems []Problem) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var e Entry
		if err := decodeLine(line, &e); err != nil {
			problems = append(problems, Problem{number, err.Error()})
			continue
		}
		list = append(list, e)
	}
	slices.SortStableFunc(list, func(a, b Entry) int { return a.At.Compare(b.At) })
	return list, problems
}

func decodeLine(line []byte, e *Entry) error {
	if len(line) > mostLine+1 {
		return fmt.Errorf("it has more than %d bytes", mostLine)
	}
	if err := strictjson.Decode(line, e); err != nil {
		return err
	}
	return e.check()
}

// ReadBeside reads the bypasses that stand beside a directory of runs.
func ReadBeside(runs string) ([]Entry, []Problem, error) {
	folder, err := beside(runs)
	if err != nil {
		return nil, nil, err
	}
	dir, err := atomicfile.OpenDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = dir.Close() }() // nothing is written
	list, problems, err := Read(dir)
	if err != nil {
		err = fmt.Errorf("%s: %w", filepath.Join(folder, File), err)
	}
	return list, problems, err
}

// AppendBeside adds a bypass beside a directory of runs, which need not be there yet. It
// returns the path of the file. Links out of the working directory are not followed where the
// path is below it.
func AppendBeside(runs string, e Entry) (path string, err error) {
	folder, err := beside(runs)
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, File)
	dir, err := openBelow(folder)
	if err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	if err := Append(dir, e); err != nil {
		return path, fmt.Errorf("%s: %w", path, err)
	}
	return path, nil
}

// beside is the directory in which the directory of runs stands.
func beside(runs string) (string, error) {
	if filepath.IsLocal(runs) && filepath.Clean(runs) != "." {
		return filepath.Dir(filepath.Clean(runs)), nil
	}
	full, err := filepath.Abs(runs)
	return filepath.Dir(full), err
}

// openBelow opens a directory, and makes it where it is not there.
func openBelow(folder string) (*os.Root, error) {
	if !filepath.IsLocal(folder) {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, err
		}
		return atomicfile.OpenDir(folder)
	}
	here, err := os.OpenRoot(".")
	if err != nil {
		return nil, err
	}
	defer func() { _ = here.Close() }() // nothing is written
	if err := here.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return here.OpenRoot(folder)
}

// Change names what was let pass, with enough of its digest to find it.
func (e Entry) Change() string {
	s := e.Subject[0]
	kind, sum, _ := strings.Cut(s.Digest.String(), ":")
	return s.Name + " (" + kind + ":" + sum[:min(shortDigest, len(sum))] + ")"
}

// shortDigest is how many digits of a digest are enough to find it.
const shortDigest = 12
