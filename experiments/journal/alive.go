package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/filelock"
)

// A LiveRun is a run of this user, on this machine, that goes on. Unlike an [OpenRun] it may
// have proxies of its own, which end with it.
type LiveRun struct {
	Run     string    `json:"run"`
	Dir     string    `json:"dir"` // absolute; it may not be there yet, or hold an earlier run
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
}

// beginsWithin is how long a run may take between its entry and the lock of it.
const beginsWithin = time.Minute

// Announce lists a run as one that goes on, until the caller calls release or its process
// ends; release is never nil.
func (l Registry) Announce(r LiveRun) (release func(), err error) {
	defer inAlive(&err)
	release = func() {}
	name, err := entryName(r.Run)
	if err != nil {
		return release, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return release, err
	}
	dir, err := l.root(aliveDir)
	if err != nil {
		return release, err
	}
	entry, err := enter(dir, name, text)
	if err != nil {
		return release, errors.Join(err, dir.Close())
	}
	_ = dir.Remove(orderName(r.Run)) // of an earlier process, if there is one
	release = func() {
		_ = dir.Remove(orderName(r.Run))
		_ = dir.Remove(name) // whoever finds it later finds its lock free
		_ = entry.Close()
		_ = dir.Close()
	}
	return release, filelock.Lock(context.Background(), entry)
}

// LiveRuns lists the runs of this user that go on, the oldest first, and forgets those that
// died. It returns those that can be read even if there is an error.
func (l Registry) LiveRuns() (list []LiveRun, err error) {
	defer inAlive(&err)
	dir, err := l.existing(aliveDir)
	if err != nil || dir == nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }() // what is removed may come back: it is looked at again
	names, err := fs.Glob(dir.FS(), "*.json")
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, name := range names {
		r, alive, err := readLive(dir, name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		if alive {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b LiveRun) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Run, b.Run))
	})
	return list, errors.Join(errs...)
}

// readLive reads an entry whose run is alive. It removes that of a run that died.
func readLive(dir *os.Root, name string) (r LiveRun, alive bool, err error) {
	entry, err := atomicfile.OpenIn(dir, name)
	if err != nil {
		return r, false, err
	}
	defer func() { _ = entry.Close() }() // it was only read
	info, err := entry.Stat()
	if err != nil {
		return r, false, err
	}
	free, err := filelock.TryShare(entry)
	switch {
	case err != nil:
		return r, false, err
	case free && time.Since(info.ModTime()) > beginsWithin:
		_ = dir.Remove(orderName(strings.TrimSuffix(name, ".json"))) // there may be none
		return r, false, dir.Remove(name)
	case free:
		return r, false, nil
	}
	if err := checkOwner(dir, name); err != nil {
		return r, false, err
	}
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(entry, most))
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil && (r.Run+".json" != name || r.Dir == "") {
		err = errors.New("not an entry of this list")
	}
	return r, err == nil, err
}

// orderName is the name of the file, beside the entry of a run, that asks it to end.
func orderName(run string) string { return run + ".stop" }

// AskToStop asks a run that is listed to end as by Ctrl-C, also before it has a directory.
func (l Registry) AskToStop(run string, o Order) (err error) {
	defer inAlive(&err)
	name, err := entryName(run)
	if err != nil {
		return err
	}
	dir, err := l.root(aliveDir)
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // what is written is synced
	err = writeOrder(dir, orderName(run), o)
	if _, gone := dir.Lstat(name); errors.Is(gone, fs.ErrNotExist) { // it ended meanwhile
		_ = dir.Remove(orderName(run))
	}
	return err
}

// FindStop looks for such an order. The error is of class [ErrShared], and the order is not
// to be obeyed, where others than this user wrote it, or can.
func (l Registry) FindStop(run string) (o Order, found bool, err error) {
	defer inAlive(&err)
	if _, err := entryName(run); err != nil {
		return o, false, err
	}
	dir, err := l.existing(aliveDir)
	if err != nil || dir == nil {
		return o, false, err
	}
	defer func() { _ = dir.Close() }() // nothing is written
	return readOrder(dir, orderName(run))
}

// inAlive puts before an error where it happened.
func inAlive(err *error) {
	if *err != nil {
		*err = fmt.Errorf("list of runs that go on: %w", *err)
	}
}
