package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/configfile"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// removeAll removes what the run left. Where its records do not tell everything, it
// looks at everything that the run may have left: each fault of its plan, each toxic of
// its name on its server, and each original that is kept in its directory. The
// removals are of the faults that were there, or that could not be removed.
func (r *rollback) removeAll(ctx context.Context, left *journal.Leftovers) ([]removal, error) {
	limit := removalTimeout
	if r.fleet != nil && r.fleet.HasNames() { // a server that has gone is clean when its lease has lapsed
		limit += 2 * lapseMargin
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r.prepare(left)
	r.logRecords(left)
	if r.keep && slices.ContainsFunc(left.Faults, func(f journal.Leftover) bool { return f.OnFile() }) {
		r.logf("its files count as right as they are, as --keep-files says")
	}
	var sure, untouched, onServer []journal.Leftover
	for _, f := range left.Faults {
		switch {
		case f.Intended || f.OnFile() && r.hasTraces(f.Fault):
			sure = append(sure, f)
		case !f.OnProxy():
			untouched = append(untouched, f)
		default:
			onServer = append(onServer, f)
		}
	}
	var more []removal
	var unknown error
	var files sync.WaitGroup // and programs: they wait for no server, and no server waits for them
	files.Go(func() { more, unknown = r.remove(ctx, untouched, quietly) })
	done, err := r.remove(ctx, sure, aloud)
	files.Wait()
	if left.Certain() {
		return done, err
	}
	found, unproven := r.lookAround(ctx, left, onServer)
	done = slices.Concat(done, found, more)
	err = errors.Join(err, unproven, unknown)
	if len(done) == 0 && err == nil {
		r.logNothing(left)
	}
	return done, err
}

// logRecords logs what the records of the run are good for.
func (r *rollback) logRecords(left *journal.Leftovers) {
	switch {
	case left.CleanedUp || left.Damage == nil && left.Ended:
		switch {
		case len(left.Faults) > 0:
		case left.Undone > 0:
			r.logUndone(left)
		default:
			r.logf("no fault was left behind")
		}
	case r.records() == nil:
		r.logf("the directory of run %s is gone: looking for what it left", shown(r.open.Run))
	case left.Damage != nil:
		r.logf("its journal is damaged, so what it does not prove gone counts as left: %v", left.Damage)
	}
	if left.Toxiproxy.Kind == experiments.Embedded && !left.CleanedUp {
		r.logf("its proxies were part of it and ended with it")
	}
}

// logUndone logs that another process, such as the watchdog, cleaned up before.
func (r *rollback) logUndone(left *journal.Leftovers) {
	r.logf("what it left behind was removed and read back as gone before (faults: %d)", left.Undone)
}

// logNothing logs that everything was looked at, and that nothing was there.
func (r *rollback) logNothing(left *journal.Leftovers) {
	planned, unintended := 0, 0
	if left.Plan != nil {
		for _, e := range left.Plan.Experiments {
			planned += len(e.Faults)
		}
	}
	for _, f := range left.Faults {
		if !f.Intended {
			unintended++
		}
	}
	switch {
	case left.Undone > 0:
		r.logUndone(left)
	case left.Damage == nil && unintended == planned:
		r.logf("it died before it injected anything")
	default:
		r.logf("no fault was left behind")
	}
}

// A listing is what a server shows of a run.
type listing struct {
	toxics   []plan.Fault    // of the run's name, as faults that can be removed
	disabled map[string]bool // proxies
	err      error           // why there is no listing
}

// has reports whether the server shows a fault, or what may be one.
func (l listing) has(f plan.Fault) bool {
	return f.Inject == "down" && l.disabled[f.Proxy] ||
		slices.ContainsFunc(l.toxics, func(t plan.Fault) bool { return t.Name == f.Name })
}

// list lists what the server shows of the run. A server that has ended has nothing.
func (r *rollback) list(ctx context.Context) listing {
	if r.fleet == nil || r.fleet.Ended() {
		return listing{}
	}
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	all, err := r.fleet.Leftovers(ctx)
	if err == nil && r.fleet.Ended() {
		return listing{}
	}
	l := listing{disabled: map[string]bool{}, err: err}
	for _, f := range all {
		if run, _, ours := injectors.ParseFaultName(f.Name); ours && run == r.open.Run {
			l.toxics = append(l.toxics, f)
		}
	}
	if err != nil {
		return l
	}
	proxies, err := r.fleet.Proxies(ctx)
	for _, p := range proxies {
		l.disabled[p.Name] = l.disabled[p.Name] || !p.Enabled
	}
	l.err = err
	return l
}

// lookAround looks on the server for the faults that the run may have injected without
// a record of it. What is not there is removed as well where the records are damaged, as
// it may still be on its way.
func (r *rollback) lookAround(ctx context.Context, left *journal.Leftovers, rest []journal.Leftover) ([]removal, error) {
	server := r.list(ctx)
	var there, doubtful []journal.Leftover
	for _, f := range rest {
		switch {
		case r.fleet == nil: // it was part of the run, or is not known
		case server.has(f.Fault):
			there = append(there, f)
		case left.Damage != nil || server.err != nil:
			doubtful = append(doubtful, f)
		}
	}
	for _, f := range server.toxics {
		if !inPlan(left.Plan, f.Name) {
			there = append(there, journal.Leftover{Fault: f, Settled: true})
		}
	}
	found, err := r.remove(ctx, there, aloud)
	more, unproven := r.remove(ctx, doubtful, quietly)
	return append(found, more...), errors.Join(err, unproven, r.errUnknown(left, server), r.errRecords(left))
}

// hasTraces reports whether a fault left its mark beside its file, or a record.
func (r *rollback) hasTraces(f plan.Fault) bool {
	file, ok := r.open.Files[f.Name]
	if !ok {
		file = f.File()
	}
	if fault, _ := configfile.FindMark(file); fault == f.Name {
		return true
	}
	root := r.records()
	if root == nil {
		return false
	}
	_, err := root.Lstat(path.Join(configfile.UndoDir, f.Name+".json"))
	return err == nil
}

func inPlan(p *plan.Plan, fault string) bool {
	if p == nil {
		return false
	}
	return slices.ContainsFunc(p.Experiments, func(e plan.Experiment) bool {
		return slices.ContainsFunc(e.Faults, func(f plan.Fault) bool { return f.Name == fault })
	})
}

// errUnknown is what nobody could look at, because nothing says what the run was going
// to do, or where.
func (r *rollback) errUnknown(left *journal.Leftovers, server listing) error {
	switch {
	case left.Plan != nil:
		return nil // each of its faults was looked at
	case server.err != nil:
		return fmt.Errorf("%w: what it left is not known: %w; when the server answers again: blastgauge recover %s", engine.ErrNotRemoved, server.err, r.argument())
	case r.fleet == nil && r.foreign != nil:
		return fmt.Errorf("%w: nothing says what it was going to do, nor on which server; for each server that it may have used\n  blastgauge recover --toxiproxy URL", engine.ErrNotRemoved)
	case r.fleet != nil && r.open.Run == "":
		var steps strings.Builder
		for _, url := range r.servers {
			fmt.Fprintf(&steps, "\n  blastgauge recover --toxiproxy %s", manual.Quote(url))
		}
		return fmt.Errorf("%w: nothing says the name of the run, so its toxics cannot be told from those of others%s", engine.ErrNotRemoved, steps.String())
	}
	return nil
}

// errRecords names the originals of files that are kept in the run's directory for
// faults which nothing else knows. Which file they belong to is for a person to decide.
func (r *rollback) errRecords(left *journal.Leftovers) error {
	root := r.records()
	if root == nil {
		return nil
	}
	names, err := fs.Glob(root.FS(), path.Join(configfile.UndoDir, "*.json"))
	errs := []error{err}
	for _, name := range names {
		fault := strings.TrimSuffix(path.Base(name), ".json")
		if !inPlan(left.Plan, fault) {
			errs = append(errs, fmt.Errorf("%w: %s/%s is about a file that nothing else says was the run's: look at it, and put that file back by hand if it is bad",
				engine.ErrNotRemoved, shown(r.dir), shown(name)))
		}
	}
	return errors.Join(errs...)
}
