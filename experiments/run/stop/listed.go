package stop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/result"
)

// in says where a run is, or that it only begins.
func in(r journal.LiveRun) string {
	if _, err := os.Stat(r.Dir); errors.Is(err, fs.ErrNotExist) {
		return ", which only begins"
	}
	return ", in " + r.Dir
}

// listed is the run of this user that goes on and is, or will be, in a directory.
func (o Options) listed(dir string) (journal.LiveRun, bool) {
	abs, err := filepath.Abs(dir)
	list, _ := o.Registry.LiveRuns() // one that cannot be read is asked through its directory
	i := slices.IndexFunc(list, func(r journal.LiveRun) bool { return err == nil && r.Dir == abs })
	if i < 0 {
		return journal.LiveRun{}, false
	}
	return list[i], true
}

// stopListed asks a run through the list of those that go on: it may have no directory yet.
func (o Options) stopListed(ctx context.Context, r journal.LiveRun) error {
	if err := o.Registry.AskToStop(r.Run, journal.Order{By: o.By, Why: o.Why, At: time.Now().UTC()}); err != nil {
		return err
	}
	if o.NoWait {
		o.printf("%s: asked to end", r.Run)
		return nil
	}
	deadline := time.Now().Add(waitFor)
	for {
		over, err := o.isOver(r)
		switch {
		case over || err != nil:
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%w: %s: it was asked %s ago and does not end: `blastgauge recover --stop %s` removes its faults", errStill, r.Run, waitFor, r.Dir)
		}
		select {
		case <-time.After(waitEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// isOver reports whether a run is over, and prints how it ended. The error is of a run that
// is over, too, and left a fault.
func (o Options) isOver(r journal.LiveRun) (bool, error) {
	list, err := o.Registry.LiveRuns()
	gone := !slices.ContainsFunc(list, func(l journal.LiveRun) bool { return l.Run == r.Run }) && err == nil
	root, err := atomicfile.OpenDir(r.Dir)
	if err == nil {
		defer func() { _ = root.Close() }() // nothing is written
		alive, unknown := journal.Alive(root)
		if unknown == nil && alive {
			return false, nil
		}
		if found, unread := result.Read(root); unread == nil && found.Run.ID == r.Run {
			return true, o.tellEnd(root, r.Dir, "is over") // its system may still be ending
		}
	}
	if gone {
		o.printf("%s is over: it ended before it began", r.Run)
	}
	return gone, nil
}
