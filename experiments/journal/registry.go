package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// Where a user's state directory has what this room keeps there.
const (
	ownDir   = "blastgauge"
	openDir  = "blastgauge/runs"  // the open runs
	aliveDir = "blastgauge/alive" // the runs that go on
	blockDir = "blastgauge/block" // the servers that this user has blocked
)

// An OpenRun is a run that is not known to be over: it goes on, or it died and nothing
// has finished cleaning up after it. It holds all that a clean-up needs, because the
// run's directory may be damaged, be gone or have been replaced by then.
type OpenRun struct {
	Run       string            `json:"run"`
	Dir       string            `json:"dir"`                       // its directory, absolute
	Toxiproxy string            `json:"toxiproxy"`                 // URL of its server, without credentials; empty: it is part of the run
	Server    Toxiproxy         `json:"server"`                    // what it is, and where its token is
	Files     map[string]string `json:"fault_files,omitempty"`     // by the name of the fault that is put on it: absolute, without links
	Originals map[string]string `json:"fault_originals,omitempty"` // by the name of the fault: digest of its file when the run began
	PID       int               `json:"pid"`
	Started   time.Time         `json:"started"`
	Plan      *plan.Plan        `json:"plan,omitempty"` // nil only in an entry of an older version
}

// A Registry is the list of a user's open runs. The zero value has no place on disk:
// it is empty, and nothing can be added to it.
type Registry struct{ state string }

// OpenRegistry is the list in a user's state directory, such as ~/.local/state.
func OpenRegistry(state string) Registry { return Registry{state} }

var errNoState = errors.New("there is no state directory: set HOME or XDG_STATE_HOME")

// root opens one of these directories. It creates one that only its user can read.
func (l Registry) root(dir string) (*os.Root, error) {
	if l.state == "" {
		return nil, errNoState
	}
	if err := os.MkdirAll(l.state, 0o700); err != nil {
		return nil, err
	}
	state, err := atomicfile.OpenDir(l.state)
	if err != nil {
		return nil, err
	}
	defer func() { _ = state.Close() }() // nothing is written through it
	if err := state.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return state.OpenRoot(dir)
}

// existing opens one of these directories; nil if there is none.
func (l Registry) existing(dir string) (*os.Root, error) {
	if l.state == "" {
		return nil, nil
	}
	root, err := atomicfile.OpenDir(filepath.Join(l.state, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return root, err
}

// entryName is the name of the file that lists a run.
func entryName(run string) (string, error) {
	if run == "" || run != path.Base(run) || strings.HasPrefix(run, ".") {
		return "", fmt.Errorf("%q is not the name of a run", run)
	}
	return run + ".json", nil
}

// enter writes the entry of a run, a line, into a directory, and opens it: its lock says that
// the run is alive.
func enter(dir *os.Root, name string, line []byte) (*os.File, error) {
	err := atomicfile.WriteIn(dir, name, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return nil, err
	}
	return atomicfile.OpenIn(dir, name)
}

// Add puts a run on the list. It is on disk when Add returns. Until the caller calls
// release, or its process ends, [Registry.Alive] reports that the run is alive; release
// is never nil.
func (l Registry) Add(o OpenRun) (release func(), err error) {
	defer inList(&err)
	release = func() {}
	name, err := entryName(o.Run)
	if err != nil {
		return release, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return release, err
	}
	dir, err := l.root(openDir)
	if err != nil {
		return release, err
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	text, _ = chain(0).seal(text)
	entry, err := enter(dir, name, text)
	if err != nil {
		return release, err
	}
	release = func() { _ = entry.Close() } // it was only read
	return release, filelock.Lock(context.Background(), entry)
}

// Alive reports whether the process that put a run on the list still has it there. It
// does not need the run's directory.
func (l Registry) Alive(run string) (alive bool, err error) {
	defer inList(&err)
	name, err := entryName(run)
	if err != nil {
		return false, err
	}
	dir, err := l.existing(openDir)
	if err != nil || dir == nil {
		return false, err
	}
	defer func() { _ = dir.Close() }() // nothing is written through it
	entry, err := atomicfile.OpenIn(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = entry.Close() }() // it was only read
	free, err := filelock.TryShare(entry)
	return !free && err == nil, err
}

// Remove takes a run off the list. It is not an error if the run is not on it, or if
// there is no list.
func (l Registry) Remove(run string) (err error) {
	defer inList(&err)
	name, err := entryName(run)
	if err != nil {
		return err
	}
	dir, err := l.existing(openDir)
	if err != nil || dir == nil {
		return err
	}
	defer func() { _ = dir.Close() }() // nothing is written through it
	for _, file := range []string{name, joinedName(run)} {
		if err := dir.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// joinedName is the name of the file beside an entry that lists the Toxiproxies which
// joined the run.
func joinedName(run string) string { return run + ".joined" }

// AddJoined notes that a Toxiproxy has come which is to carry a fault of a run on the list.
// It is on disk when AddJoined returns. The entry itself stays as it is: its lock says that
// the run is alive.
func (l Registry) AddJoined(run string, j Joined) (err error) {
	defer inList(&err)
	if _, err := entryName(run); err != nil {
		return err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	dir, err := l.root(openDir)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	file, err := atomicfile.AppendIn(dir, joinedName(run), 0o600)
	if err != nil {
		return err
	}
	// It begins on a line of its own, also where a process died in the middle of one.
	_, err = file.Write(slices.Concat([]byte("\n"), text, []byte("\n")))
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return atomicfile.SyncDir(dir, ".")
}

// Joined returns the Toxiproxies that joined a run. It returns those that can be read even
// if there is an error. A line without its end is no error: its process died before it
// changed anything there.
func (l Registry) Joined(run string) (list []Joined, err error) {
	defer inList(&err)
	if _, err := entryName(run); err != nil {
		return nil, err
	}
	dir, err := l.existing(openDir)
	if err != nil || dir == nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // nothing is written through it
	text, err := atomicfile.ReadIn(dir, joinedName(run))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = checkOwner(dir, joinedName(run))
	}
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(text, []byte("\n"))
	for _, line := range lines[:len(lines)-1] {
		var j Joined
		if json.Unmarshal(line, &j) == nil && j.Instance != "" {
			list = append(list, j)
		}
	}
	return list, nil
}

// An EntryError is about an entry of the list that cannot be read. Its run may have left
// faults.
type EntryError struct {
	Run  string // as the name of the entry says
	File string // path of the entry
	Err  error
}

func (e *EntryError) Error() string { return filepath.Base(e.File) + ": " + e.Err.Error() }

func (e *EntryError) Unwrap() error { return e.Err }

// All returns the runs on the list, the oldest first. It returns those that can be read
// even if there is an error, which holds an [EntryError] for each entry that cannot.
func (l Registry) All() (list []OpenRun, err error) {
	defer inList(&err)
	dir, err := l.existing(openDir)
	if err != nil || dir == nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // nothing is written through it
	names, err := fs.Glob(dir.FS(), "*.json")
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range names {
		text, err := atomicfile.ReadIn(dir, name)
		if err == nil {
			err = checkOwner(dir, name)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended meanwhile
		}
		var o OpenRun
		if err == nil {
			o, err = parseEntry(name, text)
		}
		if err != nil {
			errs = append(errs, &EntryError{Run: strings.TrimSuffix(name, ".json"), File: filepath.Join(l.state, openDir, name), Err: err})
			continue
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b OpenRun) int { return a.Started.Compare(b.Started) })
	return list, errors.Join(errs...)
}

// parseEntry reads an entry. Its plan decides what is removed, so damage must show.
func parseEntry(name string, text []byte) (OpenRun, error) {
	text = bytes.TrimSuffix(text, []byte("\n"))
	var o OpenRun
	if err := json.Unmarshal(text, &o); err != nil {
		return o, err
	}
	if o.Run+".json" != name || o.Dir == "" {
		return o, errors.New("not an entry of this list")
	}
	if o.Plan == nil && !isSealed(text) {
		return o, nil // of an older version
	}
	_, damage := chain(0).check(text)
	return o, damage
}

// inList puts before an error where it happened.
func inList(err *error) {
	if *err != nil {
		*err = fmt.Errorf("list of open runs: %w", *err)
	}
}

// UserRegistry returns the registry of the user whose environment getenv reads: below
// XDG_STATE_HOME, or ~/.local/state. Where neither that nor HOME is an absolute path
// there is none.
func UserRegistry(getenv func(string) (string, bool)) Registry {
	state, _ := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) { // the specification wants anything else ignored
		home, _ := getenv("HOME")
		if !filepath.IsAbs(home) {
			return Registry{}
		}
		state = filepath.Join(home, ".local", "state")
	}
	return OpenRegistry(state)
}
