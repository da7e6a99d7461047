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

// An injection is what the process that injected a fault keeps until it has reverted it:
// enough to restore the file when everything on disk is gone.
type injection struct {
	target   *target // open
	record   *record // never changed
	original version
	touched  bool // the file may have been replaced

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

// hold keeps what is needed to revert a fault, before its file is touched.
func (in *Injector) hold(fault string, l *injection) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if old := in.injections[fault]; old != nil {
		old.target.close()
	}
	in.injections[fault] = l
}

// release forgets a fault that was reverted.
func (in *Injector) release(fault string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if l := in.injections[fault]; l != nil {
		l.target.close()
		delete(in.injections, fault)
	}
}

// findHeld finds a fault that this process injected. It returns nil for others.
func (in *Injector) findHeld(fault string) (*subject, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	l := in.injections[fault]
	if l == nil {
		return nil, nil //nolint:nilnil // see above
	}
	t, err := l.target.reopen()
	if err != nil {
		return nil, err
	}
	return &subject{target: t, record: l.record, held: l}, nil
}

func (in *Injector) noteTry(fault string) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.tried[fault] = true
}

func (in *Injector) wasTried(fault string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.tried[fault]
}

// stopFlapping stops the flapping of a fault and waits for its end.
func (in *Injector) stopFlapping(fault string) {
	in.mu.Lock()
	l := in.injections[fault]
	var stop context.CancelFunc
	if l != nil {
		stop = l.stop
	}
	in.mu.Unlock()
	if stop != nil {
		stop()
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
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	in.mu.Lock()
	l.stop, l.done = stop, make(chan struct{})
	in.mu.Unlock()
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
	u, err := in.findHeld(f.Name)
	if err != nil || u == nil {
		return false, errors.Join(errors.New("the fault is reverted"), err)
	}
	defer u.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.noteRead(u.target)
	if l.isBad {
		err = in.swapGood(u, l)
	} else {
		err = in.swapBad(u, l)
	}
	return l.isBad, err
}

// swapGood puts the original in place of the bad version.
func (in *Injector) swapGood(u *subject, l *injection) error {
	now, err := u.read()
	if err == nil && now.digest != l.current {
		err = fmt.Errorf("%w: %s", ErrChanged, u.path())
	}
	if err == nil {
		err = in.putBack(u, now)
	}
	if err != nil {
		return err
	}
	l.current, l.isBad, l.readNoted = u.record.Original, false, false
	return nil
}

// swapBad puts the bad version in place of the original.
func (in *Injector) swapBad(u *subject, l *injection) error {
	if err := u.setAside(l.original, in.o.link); err != nil {
		return err
	}
	traces, err := u.replace(l.current, l.bad)
	if err != nil {
		return err
	}
	l.current, l.isBad, l.readNoted = l.bad.digest, true, false
	l.placed++
	l.traces = l.traces && traces
	return nil
}
