package run_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run"
	"github.com/blastgauge/blastgauge/experiments/run/systemtest"
)

// What is to be noted before a run stands in its directory before its journal, or else the
// run injects nothing.
func TestOpenedComesFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t, systemtest.Options{})
	failed, called := errors.New("it cannot be noted"), 0
	b.options.Opened = func(dir *os.Root, at time.Time) error {
		called++
		if _, err := dir.Stat(journal.EventsFile); !errors.Is(err, os.ErrNotExist) || time.Since(at) > time.Minute {
			t.Errorf("the journal: %v; it is %s", err, at)
		}
		return failed
	}
	out, err := run.Run(t.Context(), b.plan, b.options)
	if out != nil || !errors.Is(err, failed) || called != 1 {
		t.Errorf("%+v, %v after %d calls", out, err, called)
	}
	b.wantClean(t)
}
