package run

import (
	"context"
	"fmt"
	"sync"

	"github.com/blastgauge/blastgauge/experiments/journal"
)

// A NotWaitingError is a decision that nobody waits for.
type NotWaitingError struct {
	For     string // the experiment that the decision is about; empty: any
	Waiting string // the one that the run waits before; empty: it waits for nothing
}

func (e *NotWaitingError) Error() string {
	if e.Waiting == "" {
		return "the run waits for no decision"
	}
	return fmt.Sprintf("the run waits for a decision about %s, and no longer for one about %s", e.Waiting, e.For)
}

// decisions hands what people decide to a game day that waits. The zero value waits for
// nothing.
type decisions struct {
	mu      sync.Mutex
	waiting string              // the id of an experiment
	made    chan journal.Decide // of that experiment
}

// open takes decisions about an experiment from now on. What it returns waits for the first
// one.
func (d *decisions) open(experiment string) (wait func(context.Context) (journal.Decide, error)) {
	made := make(chan journal.Decide, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting, d.made = experiment, made
	return func(ctx context.Context) (journal.Decide, error) {
		select {
		case decided := <-made:
			return decided, nil
		case <-ctx.Done():
			d.close()
			return journal.Decide{}, context.Cause(ctx)
		}
	}
}

// close takes no more decisions.
func (d *decisions) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiting = ""
}

// decide makes a decision. Of two, the first one counts.
func (d *decisions) decide(made journal.Decide) error {
	if err := made.Check(); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == "" || made.Experiment != "" && made.Experiment != d.waiting {
		return &NotWaitingError{made.Experiment, d.waiting}
	}
	d.waiting = ""
	d.made <- made
	return nil
}
