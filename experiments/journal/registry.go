package journal

import (
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
)

// openDir is where open runs are listed below a user's state directory.
const openDir = "blastgauge/runs"

// An OpenRun is a run that is not known to be over: it goes on, or it died and nothing
// has finished cleaning up after it.
type OpenRun struct {
	Run       string    `json:"run"`
	Dir       string    `json:"dir"`             // its directory, absolute
	Toxiproxy string    `json:"toxiproxy"`       // URL of its server, without credentials; empty: it is part of the run
	Files     []string  `json:"files,omitempty"` // that its faults are put on, absolute
	Token     string    `json:"token,omitempty"`
	PID       int       `json:"pid"`
	Started   time.Time `json:"started"`
}

// A Registry is the list of a user's open runs. The zero value has no place on disk:
// it is empty, and nothing can be added to it.
type Registry struct{ state string }

// OpenRegistry is the list in a user's state directory, such as ~/.local/state.
func OpenRegistry(state string) Registry { return Registry{state} }

var errNoState = errors.New("there is no state directory: set HOME or XDG_STATE_HOME")

// root opens the directory of the list. It creates one that only its user can read.
func (l Registry) root() (*os.Root, error) {
	if l.state == "" {
		return nil, errNoState
	}
	if err := os.MkdirAll(l.state, 0o700); err != nil {
		return nil, err
	}
	state, err := os.OpenRoot(l.state)
	if err != nil {
		return nil, err
	}
	defer func() { _ = state.Close() }() // nothing is written through it
	if err := state.MkdirAll(openDir, 0o700); err != nil {
		return nil, err
	}
	return state.OpenRoot(openDir)
}

// existing opens the directory of the list; nil if there is none.
func (l Registry) existing() (*os.Root, error) {
	if l.state == "" {
		return nil, nil
	}
	dir, err := os.OpenRoot(filepath.Join(l.state, openDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return dir, err
}

// entryName is the name of the file that lists a run.
func entryName(run string) (string, error) {
	if run == "" || run != path.Base(run) || strings.HasPrefix(run, ".") {
		return "", fmt.Errorf("%q is not the name of a run", run)
	}
	return run + ".json", nil
}

// Add puts a run on the list. It is on disk when Add returns.
func (l Registry) Add(o OpenRun) (err error) {
	defer wrap(&err, "list of open runs")
	name, err := entryName(o.Run)
	if err != nil {
		return err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	dir, err := l.root()
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	return atomicfile.WriteIn(dir, name, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// Remove takes a run off the list. It is not an error if the run is not on it, or if
// there is no list.
func (l Registry) Remove(run string) (err error) {
	defer wrap(&err, "list of open runs")
	name, err := entryName(run)
	if err != nil {
		return err
	}
	dir, err := l.existing()
	if err != nil || dir == nil {
		return err
	}
	defer func() { _ = dir.Close() }() // nothing is written through it
	if err := dir.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// All returns the runs on the list, the oldest first. It returns those that can be read
// even if there is an error, which names the entries that cannot.
func (l Registry) All() (list []OpenRun, err error) {
	defer wrap(&err, "list of open runs")
	dir, err := l.existing()
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
		text, err := dir.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it ended meanwhile
		}
		var o OpenRun
		if err == nil {
			err = json.Unmarshal(text, &o)
		}
		if err == nil && (o.Run+".json" != name || o.Dir == "") {
			err = errors.New("not an entry of this list")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b OpenRun) int { return a.Started.Compare(b.Started) })
	return list, errors.Join(errs...)
}

// wrap puts before an error what was being done.
func wrap(err *error, what string) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", what, *err)
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
