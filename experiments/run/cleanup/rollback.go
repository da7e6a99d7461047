package cleanup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A rollback removes what one run left behind.
type rollback struct {
	by       string // guard or recover, as journals name it
	run      string
	dir      string
	root     *os.Root
	driver   *toxiproxy.Driver // nil: the run's proxies were part of it
	registry journal.Registry
	getenv   func(string) (string, bool)
	logf     func(format string, args ...any)

	injectors injectorset.Set // of the run's plan, once that was read
	unsettled []plan.Fault    // faults whose injection was not over when the run died
}

// fence keeps the run from injecting anything more.
func (r *rollback) fence(why string) error {
	b := journal.Barrier{By: r.by, At: time.Now().UTC(), Why: why}
	if err := journal.Fence(r.root, b); err != nil {
		return err
	}
	undo, err := journal.OpenUndo(r.root)
	if err != nil {
		return nil //nolint:nilerr // the fence stands, and that is what matters
	}
	return errors.Join(undo.Record(journal.Event{At: b.At, Kind: journal.Fenced, Detail: b.String()}), undo.Close())
}

// removeFromLive removes the faults of a run that may be alive behind its fence. It
// records nothing, because the run may be in the middle of an injection.
func (r *rollback) removeFromLive(ctx context.Context) error {
	left, err := journal.ReadLeftovers(r.root)
	if errors.Is(err, journal.ErrNoPlan) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = r.remove(ctx, left)
	return err
}

// cleanUp removes the faults of a run that has died, records their removal, ends
// the run's lease and removes the run from the registry. The error is of class
// [journal.ErrBusy] while another process is cleaning up.
func (r *rollback) cleanUp(ctx context.Context) (err error) {
	if err := r.awaitEnd(ctx, endTimeout); err != nil {
		return err
	}
	undo, err := journal.OpenUndo(r.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, undo.Close()) }()
	left, err := journal.ReadLeftovers(r.root)
	switch {
	case errors.Is(err, journal.ErrNoPlan):
		r.logf("it died before it injected anything")
		r.endLease(ctx)
		return r.registry.Remove(r.run)
	case err != nil:
		return err
	case left.Damage != nil:
		r.logf("its journal is damaged, so what it does not prove gone counts as left: %v", left.Damage)
	case len(left.Faults) == 0 && left.Undone > 0:
		r.logUndone(left)
	case len(left.Faults) == 0:
		r.logf("no fault was left behind")
	}
	results, err := r.remove(ctx, left)
	unrecorded := record(undo, left, results)
	if err != nil {
		return errors.Join(err, unrecorded)
	}
	r.endLease(ctx)
	if unrecorded != nil { // the next attempt finds nothing to remove, and may have room on its disk to record that
		return unrecorded
	}
	return r.registry.Remove(r.run)
}

// logUndone logs that another process, such as the watchdog, cleaned up before.
func (r *rollback) logUndone(left *journal.Leftovers) {
	r.logf("what it left behind was removed and read back as gone before (faults: %d)", left.Undone)
}

// record writes the result of each removal into the run's directory.
func record(undo *journal.Undo, left *journal.Leftovers, results []error) error {
	var errs []error
	for i, f := range left.Faults {
		e := journal.Event{At: time.Now().UTC(), Kind: journal.FaultRemoved, Experiment: f.Experiment, Fault: f.Name, Verified: results[i] == nil}
		if results[i] != nil {
			e.Error = results[i].Error()
		}
		errs = append(errs, undo.Record(e))
	}
	return errors.Join(errs...)
}

// awaitEnd waits until the run's process has ended. A process that is being killed
// takes some moments for that.
func (r *rollback) awaitEnd(ctx context.Context, limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; {
		alive, err := journal.Alive(r.root)
		if err != nil || !alive {
			return err
		}
		if time.Now().After(deadline) {
			return journal.ErrAlive
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// remove removes what is left and logs the result of each removal. The results are
// in the order of the faults. The error is of class [engine.ErrNotRemoved] where a
// fault may still be in force.
func (r *rollback) remove(ctx context.Context, left *journal.Leftovers) ([]error, error) {
	ctx, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	faults := make([]plan.Fault, len(left.Faults))
	r.unsettled = nil
	for i, f := range left.Faults {
		faults[i] = f.Fault
		if !f.Settled && !f.OnFile() && r.driver != nil {
			r.driver.MarkUnsettled(f.Name)
			r.unsettled = append(r.unsettled, f.Fault)
		}
	}
	if left.Toxiproxy.Kind == experiments.Embedded {
		r.logf("its proxies were part of it and ended with it")
	}
	if r.driver != nil && left.Damage == nil { // a damaged plan may name other proxies than the run's
		r.driver.MarkKnown(left.Plan)
	}
	r.injectors = injectorset.New(left.Plan, r.root, r.driver, injectorset.Options{Getenv: r.getenv})
	results := r.revert(ctx, faults)
	return results, r.explain(faults, results)
}

// revert removes faults. It does not enable a stock proxy that another run may have
// taken down meanwhile: a toxic carries the name of its run, and a disabled proxy
// does not.
func (r *rollback) revert(ctx context.Context, faults []plan.Fault) []error {
	in := r.injectors.ByKind()
	if slices.ContainsFunc(faults, func(f plan.Fault) bool { return f.Inject == "down" }) && r.driver != nil {
		other, err := r.driver.Owner(ctx)
		if server, asked := r.driver.Identify(ctx); errors.Join(err, asked) == nil && server.Kind == toxiproxy.KindStock && other != "" && other != r.run {
			in["down"] = ofOtherRun{in["down"], r.driver, other}
		}
	}
	return engine.Revert(ctx, in, faults)
}

// ofOtherRun checks faults, and removes none of them because another run may have
// injected them.
type ofOtherRun struct {
	engine.Injector
	driver *toxiproxy.Driver
	run    string
}

func (o ofOtherRun) Revert(ctx context.Context, f plan.Fault) error {
	if err := o.driver.Absent(ctx, f); err != nil {
		return fmt.Errorf("run %s has the lease of the server now and may have taken proxy %s down itself: try again when that run is over: %w", o.run, f.Proxy, err)
	}
	return nil
}

// explain logs which faults are removed. The error, of class
// [engine.ErrNotRemoved], holds for each fault that is left the command that removes
// it without blastgauge.
func (r *rollback) explain(faults []plan.Fault, results []error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for i, f := range faults {
		if results[i] == nil {
			r.logf("removed, read back as gone: %s (%s on %s)", f.Describe(), f.Name, f.Target())
			continue
		}
		err := fmt.Errorf("%w: %s: %w", engine.ErrNotRemoved, f.Describe(), results[i])
		if _, ok := errors.AsType[*injectorset.NotReloadedError](err); ok {
			err = fmt.Errorf("%w; when it answers again: blastgauge recover %s", err, r.dir)
		} else if _, ok := errors.AsType[*configfile.ManualError](err); !ok { // whose error explains it
			err = fmt.Errorf("%w; remove it with\n  %s", err, r.injectors.Manual(ctx, f))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// endLease ends the run's lease on the server. A lease that cannot be ended
// expires.
func (r *rollback) endLease(ctx context.Context) {
	if r.driver == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	if err := r.driver.Release(ctx, r.run); err != nil {
		r.logf("its lease on the server could not be ended, and expires within a minute: %v", err)
	}
}
