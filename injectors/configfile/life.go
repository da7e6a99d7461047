package configfile

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A life is what the process that caused a fault knows of it.
type life struct {
	stop context.CancelFunc // of what alternates; nil: nothing does
	done chan struct{}      // closed when that has ended

	mu      sync.Mutex
	bad     version
	current string // digest of what was put there last
	isBad   bool   // that is the bad version
	traces  bool   // reading leaves traces
	noted   bool   // that this version was read
	served  int64  // bad versions that were put in place
	met     int64  // those that somebody read
	failed  error  // why it alternates no more
}

func (in *Injector) lifeOf(fault string) *life {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.lives[fault]
}

// end stops what alternates, and waits for it.
func (in *Injector) end(fault string) {
	in.mu.Lock()
	l := in.lives[fault]
	delete(in.lives, fault)
	in.mu.Unlock()
	if l != nil && l.stop != nil {
		l.stop()
		<-l.done
	}
}

// wrong says what is wrong with a fault whose file reads so; empty: nothing.
func (l *life) wrong(r *record, digest string) string {
	if l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.failed != nil {
			return l.failed.Error()
		}
	}
	switch {
	case digest == r.Change.After, digest == r.Original && r.Flaps:
		return ""
	case digest == r.Original:
		return r.path() + " is as it was: somebody put it back"
	}
	return fmt.Sprintf("%s was changed by somebody else: it is %s, not %s", r.path(), digest, r.Change.After)
}

// evidence is that of a fault in force.
func (l *life) evidence(t *target) journal.Evidence {
	if l == nil { // another process knows what was read before
		return journal.Evidence{Present: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(t)
	return journal.Evidence{Present: true, Counted: l.traces, Met: l.met, Of: l.served}
}

// note counts the bad version once somebody has read it.
func (l *life) note(t *target) {
	if l.isBad && l.traces && !l.noted && t.wasRead() {
		l.noted = true
		l.met++
	}
}

// alternate puts the good and the bad version in place by turns until the life
// ends. It outlives the call that injected.
func (in *Injector) alternate(ctx context.Context, f plan.Fault, l *life, every time.Duration) {
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	l.done = make(chan struct{})
	go func() {
		defer close(l.done)
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
			if err := in.turn(ctx, f, l); err != nil {
				if ctx.Err() == nil {
					l.fail(fmt.Errorf("it alternates no more: %w", err))
				}
				return
			}
		}
	}()
}

func (l *life) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = err
}

// turn puts the other version in place. Whoever took the fault back meanwhile,
// or fenced the run off, has the last word.
func (in *Injector) turn(ctx context.Context, f plan.Fault, l *life) error {
	bad, err := in.swap(ctx, f, l)
	if err != nil {
		return err
	}
	return in.o.Replaced(ctx, f, bad)
}

func (in *Injector) swap(ctx context.Context, f plan.Fault, l *life) (bad bool, err error) {
	unlock, err := in.undo.lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	if b, ok := journal.FindFence(in.o.Run); ok {
		return false, errors.New(b.String())
	}
	r, err := in.undo.load(f.Name)
	if err != nil {
		return false, err
	}
	if r == nil {
		return false, errors.New("somebody else took it back")
	}
	t, err := open(r.Tree, r.Rel)
	if err != nil {
		return false, err
	}
	defer t.close()
	original, err := in.undo.original(r)
	if err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(t)
	next := l.bad
	if l.isBad {
		next = original
	}
	traces, err := t.replace(l.current, next)
	if err != nil {
		return false, err
	}
	l.current, l.isBad, l.noted = next.digest, !l.isBad, false
	if l.isBad {
		l.served++
		l.traces = l.traces && traces
	}
	return l.isBad, nil
}
