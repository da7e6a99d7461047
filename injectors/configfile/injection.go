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

// An injection is what the process that injected a fault knows about it.
type injection struct {
	stop context.CancelFunc // stops the flapping; nil when the fault does not flap
	done chan struct{}      // closed when the flapping has ended

	mu        sync.Mutex
	bad       version
	current   string // digest of the version that was put in place last
	isBad     bool   // the bad version is in place
	traces    bool   // the file system records read times
	readNoted bool   // it is counted that this version was read
	placed    int64  // bad versions that were put in place
	read      int64  // bad versions that a program has read
	failed    error  // why the flapping has ended
}

func (in *Injector) injectionOf(fault string) *injection {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.injections[fault]
}

// stopFlapping stops the flapping of a fault and waits for its end.
func (in *Injector) stopFlapping(fault string) {
	in.mu.Lock()
	l := in.injections[fault]
	delete(in.injections, fault)
	in.mu.Unlock()
	if l != nil && l.stop != nil {
		l.stop()
		<-l.done
	}
}

// problem describes what is wrong with a fault whose file has a digest. It returns ""
// when the fault is in force.
func (l *injection) problem(r *record, digest string) string {
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
		return r.path() + " is the original: another program restored it"
	}
	return fmt.Sprintf("%s was changed by another program: it is %s, not %s", r.path(), digest, r.Change.After)
}

// evidence returns the evidence of a fault in force.
func (l *injection) evidence(t *target) journal.Evidence {
	if l == nil { // only the process that injected it knows what was read
		return journal.Evidence{Present: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteRead(t)
	return journal.Evidence{Present: true, Counted: l.traces, Met: l.read, Of: l.placed}
}

// noteRead counts the bad version once a program has read it.
func (l *injection) noteRead(t *target) {
	if l.isBad && l.traces && !l.readNoted && t.wasRead() {
		l.readNoted = true
		l.read++
	}
}

// startFlapping puts the good and the bad version in place by turns, until
// stopFlapping. It outlives the call to Inject.
func (in *Injector) startFlapping(ctx context.Context, f plan.Fault, l *injection, every time.Duration) {
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
			if err := in.flap(ctx, f, l); err != nil {
				if ctx.Err() == nil {
					l.setFailed(fmt.Errorf("flapping stopped: %w", err))
				}
				return
			}
		}
	}()
}

func (l *injection) setFailed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = err
}

// flap puts the other version in place. It fails when another process has reverted the
// fault or fenced the run.
func (in *Injector) flap(ctx context.Context, f plan.Fault, l *injection) error {
	bad, err := in.swapVersions(ctx, f, l)
	if err != nil {
		return err
	}
	return in.o.Replaced(ctx, f, bad)
}

func (in *Injector) swapVersions(ctx context.Context, f plan.Fault, l *injection) (bad bool, err error) {
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
		return false, errors.New("another process reverted the fault")
	}
	t, err := openTarget(r.Tree, r.Rel)
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
	l.noteRead(t)
	next := l.bad
	if l.isBad {
		next = original
	}
	traces, err := t.replace(l.current, next)
	if err != nil {
		return false, err
	}
	l.current, l.isBad, l.readNoted = next.digest, !l.isBad, false
	if l.isBad {
		l.placed++
		l.traces = l.traces && traces
	}
	return l.isBad, nil
}
