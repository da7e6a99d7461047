package cleanup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/filelock"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
)

// Whatever lies where a run's directory or its records should be, the faults of a listed
// run are removed: nothing waits for it, and nothing takes the run for one that is alive.
func TestObstaclesKeepNoFault(t *testing.T) {
	t.Parallel()
	lockIn := func(name string) func(*testing.T, string) error {
		return func(t *testing.T, dir string) error {
			file, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = file.Close() }) // nothing is written
			return errors.Join(os.Chmod(dir, 0o777), filelock.Lock(t.Context(), file))
		}
	}
	for name, spoil := range map[string]func(t *testing.T, dir string) error{
		"a pipe for the directory": func(_ *testing.T, dir string) error {
			return errors.Join(os.RemoveAll(dir), syscall.Mkfifo(dir, 0o600))
		},
		"a pipe for what is cut off": func(_ *testing.T, dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, journal.UndoFile), []byte("x\ny\n"), 0o600), syscall.Mkfifo(filepath.Join(dir, journal.UndoFile+".damaged"), 0o600))
		},
		"a lock of somebody who can write the directory": lockIn(journal.EventsFile),
		"a lock of theirs on what was done":              lockIn(journal.UndoFile),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeadRun(t, underFault...)
			if err := spoil(t, d.dir); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- All(context.WithoutCancel(t.Context()), nil, d.options) }()
			select {
			case err := <-done:
				if toxics := d.toxics(t); toxics != "[]" {
					t.Errorf("All() = %v, and these are left: %s", err, toxics)
				}
				list, unread := d.options.Registry.All()
				if unread != nil || (len(list) == 0) != (err == nil) {
					t.Errorf("All() = %v, and these are listed: %v, %v", err, list, unread)
				}
			case <-time.After(time.Minute):
				t.Fatal("it waits for ever")
			}
		})
	}
}

// A run whose journal cannot be looked at is not taken for one that is alive, which would
// be left alone, and nothing would be said of its faults.
func TestAJournalThatIsNoFileIsNoSignOfLife(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	events := filepath.Join(d.dir, journal.EventsFile)
	if err := errors.Join(os.Remove(events), syscall.Mkfifo(events, 0o600)); err != nil {
		t.Fatal(err)
	}
	err := All(t.Context(), nil, d.options)
	if err == nil || errors.Is(err, journal.ErrAlive) {
		t.Errorf("All() = %v, and nothing could be recorded", err)
	}
	if toxics := d.toxics(t); toxics != "[]" {
		t.Errorf("left: %s", toxics)
	}
}

// An entry that cannot be read is a run that may have left something.
func TestAnEntryThatCannotBeReadIsNotNothing(t *testing.T) {
	t.Parallel()
	d := newDeadRun(t, underFault...)
	d.unlist(t)
	empty := d.log.Len()
	if err := All(t.Context(), nil, d.options); err != nil || d.log.Len() == empty {
		t.Fatalf("All() of an empty list = %v, and says %q", err, d.log.String())
	}
	state := t.TempDir()
	entries := filepath.Join(state, "blastgauge", "runs")
	if err := errors.Join(os.MkdirAll(entries, 0o700), os.WriteFile(filepath.Join(entries, d.plan.Run+".json"), []byte("{"), 0o600)); err != nil {
		t.Fatal(err)
	}
	d.options.Registry = journal.OpenRegistry(state)
	before := d.log.Len()
	err := All(t.Context(), nil, d.options)
	if !errors.Is(err, engine.ErrNotRemoved) || d.log.Len() != before {
		t.Errorf("All() = %v, and says %q", err, d.log.String()[before:])
	}
	for _, step := range []string{"recover --toxiproxy URL", "recover --trust DIR", filepath.Join(entries, d.plan.Run+".json")} {
		if !strings.Contains(err.Error(), step) {
			t.Errorf("All() = %v, which does not say %q", err, step)
		}
	}
}
