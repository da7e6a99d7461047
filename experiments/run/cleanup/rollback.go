package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/manual"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// A rollback removes what one run left behind.
type rollback struct {
	by       string          // guard or recover, as journals name it
	open     journal.OpenRun // what is believed of the run
	foreign  *bounds         // nil: the run is this user's
	dir      string          // of the run, as logs name it
	root     *os.Root        // the same; nil: it is gone
	fleet    *fleet.Fleet
	servers  []string // its sources, of a run without a name
	registry journal.Registry
	getenv   func(string) (string, bool)
	logf     func(format string, args ...any)

	injectors injectorset.Set        // of the run's plan, once that was read
	unsettled []plan.Fault           // faults whose injection was not over when the run died
	ended     bool                   // a person says that the server has ended
	keep      bool                   // a person says that the files are right as they are
	unseen    func(plan.Fault) error // why it is not known where else a fault may be; nil: it is known
	over      bool                   // the run has died: nobody renews its leases any more
}

// A removal is what became of one fault that was to be removed.
type removal struct {
	plan.Fault
	experiment string
	err        error
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

// leftovers reads what the run may have left.
func (r *rollback) leftovers() (*journal.Leftovers, error) {
	if r.foreign == nil {
		return r.open.ReadLeftovers(r.root), nil
	}
	left, err := journal.ReadLeftovers(r.root)
	if err != nil {
		return nil, err
	}
	r.foreign.limit(left)
	return left, nil
}

// removeFromLive removes the faults of a run that may be alive behind its fence. It
// records nothing, because the run may be in the middle of an injection.
func (r *rollback) removeFromLive(ctx context.Context) error {
	left, err := r.leftovers()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	r.prepare(left)
	if left.Damage == nil { // the run is there, and so is all that it wrote
		left.Faults = slices.DeleteFunc(left.Faults, func(f journal.Leftover) bool { return !f.Intended })
	}
	_, err = r.remove(ctx, left.Faults, aloud)
	return err
}

// cleanUp removes the faults of a run that has died, records their removal, ends
// the run's lease and removes the run from the registry. The error is of class
// [journal.ErrBusy] while another process is cleaning up.
func (r *rollback) cleanUp(ctx context.Context) (err error) {
	if err := r.awaitEnd(ctx, endTimeout); err != nil {
		return err
	}
	r.noteEnd()
	undo, unrecorded := r.openUndo()
	if errors.Is(unrecorded, journal.ErrBusy) && !r.isShared() {
		return unrecorded
	}
	if undo != nil {
		defer func() { err = errors.Join(err, undo.Close()) }()
	}
	left, err := r.leftovers()
	if err != nil {
		return err
	}
	done, err := r.removeAll(ctx, left)
	if undo != nil {
		unrecorded = record(undo, done, err == nil && !left.Certain())
	}
	if err != nil {
		return errors.Join(err, unrecorded)
	}
	r.endLease(ctx)
	switch {
	case unrecorded == nil:
	case r.isShared(): // nobody would believe the record
		r.logf("others can write its directory, and what was done could not be recorded there: %v", unrecorded)
	case errors.Is(unrecorded, journal.ErrAlive): // nobody who asks for the run may take it for one that was left alone
		return fmt.Errorf("%w: what was there was removed, and the run seems to be alive again: %w", engine.ErrNotRemoved, unrecorded)
	default: // the next attempt finds nothing to remove, and may have room on its disk to record that
		return unrecorded
	}
	return r.registry.Remove(r.open.Run)
}

// noteEnd notes that the run has ended: from now on its leases lapse.
func (r *rollback) noteEnd() {
	if r.fleet != nil && !r.over && r.foreign == nil && r.open.Server.Kind == toxiproxy.KindOurs {
		r.fleet.LeasesLapse(time.Now().Add(leaseLapses + lapseMargin))
	}
	r.over = true
}

// isShared reports whether others can write the directory of a run that is this user's:
// nothing there keeps the run on the list.
func (r *rollback) isShared() bool {
	return r.foreign == nil && r.root != nil && journal.Shared(r.root)
}

// openUndo opens the record of what is done. It is nil, without an error, where there is
// no directory any more to record anything in.
func (r *rollback) openUndo() (*journal.Undo, error) {
	if r.root == nil {
		return nil, nil //nolint:nilnil // see above
	}
	undo, err := journal.OpenUndo(r.root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // see above
	}
	return undo, err
}

// record writes the result of each removal into the run's directory, and that
// everything was looked at.
func record(undo *journal.Undo, done []removal, everything bool) error {
	var errs []error
	for _, f := range done {
		e := journal.Event{At: time.Now().UTC(), Kind: journal.FaultRemoved, Experiment: f.experiment, Fault: f.Name, Verified: f.err == nil}
		if f.err != nil {
			e.Error = f.err.Error()
		}
		errs = append(errs, undo.Record(e))
	}
	if everything {
		errs = append(errs, undo.Record(journal.Event{At: time.Now().UTC(), Kind: journal.CleanedUp}))
	}
	return errors.Join(errs...)
}

// isAlive reports whether the run's process is there. Where its directory is gone, its
// place in the registry says it.
func (r *rollback) isAlive() (bool, error) {
	if r.root != nil {
		if r.foreign != nil {
			return journal.Alive(r.root)
		}
		if alive, err := r.open.Alive(r.root); err == nil {
			return alive, nil
		}
	}
	alive, err := r.registry.Alive(r.open.Run)
	return alive && err == nil, nil //nolint:nilerr // what cannot be known must not keep a fault in force
}

// awaitEnd waits until the run's process has ended. A process that is being killed
// takes some moments for that.
func (r *rollback) awaitEnd(ctx context.Context, limit time.Duration) error {
	pause := 5 * time.Millisecond
	for deadline := time.Now().Add(limit); ; pause = min(2*pause, 40*time.Millisecond) {
		alive, err := r.isAlive()
		if err != nil || !alive {
			return err
		}
		if time.Now().After(deadline) {
			return journal.ErrAlive
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// prepare makes the injectors of the run's plan.
func (r *rollback) prepare(left *journal.Leftovers) {
	p := left.Plan
	if p == nil {
		p = &plan.Plan{Run: r.open.Run}
	}
	r.unsettled = nil
	o := injectorset.Options{MayRun: r.mayRun, Getenv: r.getenv, Files: r.open.Files, Originals: r.originals(left), Keep: r.keep, Refused: r.refused, Untrusted: r.foreign != nil || left.Shared}
	if r.foreign != nil {
		o.MayReload = r.foreign.mayReload
	}
	r.injectors = injectorset.New(p, r.records(), r.fleet, o)
	r.findServers(left)
	for _, f := range left.Faults {
		if !f.Intended && left.Damage == nil {
			r.injectors.MarkDoubtful(f.Fault)
		}
	}
}

// findServers finds on which Toxiproxies the run has put its faults: those of its plan, and
// those that joined it. Where the records may not tell that, names are looked up as well.
// What a directory says of Toxiproxies that joined does not count: others may have written
// it, and the token would be sent there. Of a stranger's, only names count.
func (r *rollback) findServers(left *journal.Leftovers) {
	r.unseen = nil
	if r.fleet == nil {
		return
	}
	var unread error
	if r.foreign == nil {
		var joined []journal.Joined
		joined, unread = r.registry.Joined(r.open.Run)
		r.fleet.Know(left.Plan, joined)
		if unread == nil && left.Damage == nil {
			return // it is durable before a server is touched, and no removal waits for a name
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	unseen, err := r.fleet.LookAround(ctx)
	switch {
	case err == nil:
	case r.foreign == nil && unread == nil:
		r.logf("looking only at the Toxiproxies that the run is known to have used: %v", err)
	default:
		r.unseen = unseen
	}
}

// mayRun returns an error if the programs of a fault must not be run, because nothing but
// a directory says that they are this user's.
func (r *rollback) mayRun(f plan.Fault) error {
	switch {
	case r.foreign != nil:
		return r.foreign.mayRun(f)
	case r.open.Plan == nil: // an entry of an older version
		return fmt.Errorf("%w: the list of open runs does not have them", errNotRun)
	}
	return nil
}

// originals are the digests of the files that the run may have changed. A file whose
// fault was never intended, by records that are whole, is no concern of the run: whoever
// changed it since may do so.
func (r *rollback) originals(left *journal.Leftovers) map[string]string {
	digests := map[string]string{}
	for _, f := range left.Faults {
		if digest, known := r.open.Originals[f.Name]; known && (f.Intended || left.Damage != nil || left.Empty) {
			digests[f.Name] = digest
		}
	}
	return digests
}

// records is the directory with the records of the run; nil if it is gone.
func (r *rollback) records() *os.Root {
	if r.root == nil {
		return nil
	}
	if _, err := r.root.Stat(journal.EventsFile); errors.Is(err, fs.ErrNotExist) {
		if _, err := r.root.Stat(configfile.UndoDir); err != nil {
			return nil
		}
	}
	return r.root
}

// refused decides what it means that the server refuses connections; nil: the faults on
// it are gone. Those on a blastgauge proxy go with the lease of a run that has died,
// whether the proxy has ended or is out of reach. A stock server that has ended took its
// faults along, and one behind a tunnel that was closed did not: they look the same, and
// only a person knows.
func (r *rollback) refused(err error) error {
	switch {
	case r.ended:
		err = fmt.Errorf("%w: the server has ended, as --server-ended says, and the faults on it ended with it", err)
	case r.foreign == nil && r.open.Server.Kind == toxiproxy.KindOurs:
		err = fmt.Errorf("%w: the run's lease on the server lapses within %s, and its faults go with it", err, leaseLapses)
	default:
		return fmt.Errorf("%w: if the server has ended, its faults ended with it: blastgauge recover --server-ended %s; if it is out of reach, such as behind a tunnel or a port forward, reach it again: blastgauge recover %s", err, r.dir, r.dir)
	}
	r.logf("%v", err)
	return nil
}

// A volume says what a removal logs.
type volume bool

const (
	aloud   volume = true  // each result
	quietly volume = false // nothing: the faults are not expected to be there
)

// remove removes what is left. The error is of class [engine.ErrNotRemoved] where a
// fault may still be in force. Of what is removed quietly only the failures are
// returned.
func (r *rollback) remove(ctx context.Context, left []journal.Leftover, how volume) ([]removal, error) {
	if len(left) == 0 {
		return nil, nil
	}
	faults, done := make([]plan.Fault, len(left)), make([]removal, len(left))
	for i, f := range left {
		faults[i] = f.Fault
		if !f.Settled {
			r.injectors.MarkUnsettled(f.Fault)
		}
		if !f.Settled && f.OnProxy() && r.fleet != nil {
			r.unsettled = append(r.unsettled, f.Fault)
		}
	}
	results := r.revert(ctx, faults)
	for i, f := range left {
		if results[i] == nil && f.OnProxy() && r.unseen != nil {
			results[i] = r.unseen(f.Fault)
		}
		done[i] = removal{f.Fault, f.Experiment, results[i]}
	}
	if how == quietly {
		done = slices.DeleteFunc(done, func(f removal) bool { return f.err == nil })
	}
	return done, r.explain(done)
}

// revert removes faults. It does not enable a stock proxy that another run may have
// taken down meanwhile.
func (r *rollback) revert(ctx context.Context, faults []plan.Fault) []error {
	in := r.injectors.ByKind()
	if r.fleet != nil {
		in["down"] = r.fleet.OfDeadRun(r.open.Run)
	}
	return engine.Revert(ctx, in, faults)
}

// explain logs which faults are removed. The error, of class
// [engine.ErrNotRemoved], holds for each fault that is left the command that removes
// it without blastgauge.
func (r *rollback) explain(done []removal) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	var errs []error
	for _, f := range done {
		if f.err == nil {
			r.logf("removed, read back as gone: %s (%s on %s)", shown(f.Describe()), shown(f.Name), shown(f.Target()))
			continue
		}
		err := fmt.Errorf("%w: %s: %w", engine.ErrNotRemoved, shown(f.Describe()), f.err)
		if errors.Is(err, errNotRun) {
			err = fmt.Errorf("%w; if you know what it does, take the fault back by hand, such as with\n  %s\nand then delete %s", err, shown(r.injectors.Manual(ctx, f.Fault)), manual.Quote(r.dir))
		} else if errors.Is(err, errNotSent) {
			err = fmt.Errorf("%w; make the system read its config again by hand, such as with %s if you know where that leads, and delete %s", err, describeReload(f.Fault), manual.Quote(r.dir))
		} else if _, ok := errors.AsType[*injectorset.NotReloadedError](err); ok {
			err = fmt.Errorf("%w; when it answers again: blastgauge recover %s", err, r.argument())
		} else if errors.Is(err, configfile.ErrLost) {
			err = fmt.Errorf("%w; %s", err, r.settle(f.Fault))
		} else if _, ok := errors.AsType[*configfile.ManualError](err); !ok { // whose error explains it
			err = fmt.Errorf("%w; remove it with\n  %s", err, r.injectors.Manual(ctx, f.Fault))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// settle says how a person settles what became of a file of which nothing is left.
func (r *rollback) settle(f plan.Fault) string {
	reload := ""
	if f.Reload != nil {
		reload = ", make the system read it again (" + describeReload(f) + ")"
	}
	return fmt.Sprintf("put it back from where it came from%s, and then\n  blastgauge recover %s\nor, if it is right as it is,\n  blastgauge recover --keep-files %s", reload, r.argument(), r.argument())
}

// describeReload names the request that makes a system read its config again.
func describeReload(f plan.Fault) string {
	return shown(f.Reload.Request.Method + " " + f.Reload.Request.Target)
}

// endLease ends the run's lease on the server. A lease that cannot be ended
// expires.
func (r *rollback) endLease(ctx context.Context) {
	if r.fleet == nil || r.open.Run == "" || r.fleet.Ended() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	if err := r.fleet.Release(ctx, r.open.Run); err != nil {
		r.logf("its lease on the server could not be ended, and expires within a minute: %v", err)
	}
}

// SharesServer reports whether a run that is on the list has put its faults on one of these
// Toxiproxies, as far as the list tells.
func SharesServer(open journal.OpenRun, urls []string, list journal.Registry) bool {
	used := []string{open.Toxiproxy}
	if open.Plan != nil {
		used = append(used, open.Plan.System.Toxiproxies()...)
		for _, e := range open.Plan.Experiments {
			for _, f := range e.Faults {
				used = append(used, f.On...)
			}
		}
	}
	joined, _ := list.Joined(open.Run) // those of the plan are known all the same
	for _, j := range joined {
		used = append(used, j.Instance)
	}
	return slices.ContainsFunc(used, func(url string) bool {
		return url != "" && slices.ContainsFunc(urls, func(own string) bool { return WithoutCredentials(own) == WithoutCredentials(url) })
	})
}
