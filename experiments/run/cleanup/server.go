package cleanup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/fleet"
	"github.com/blastgauge/blastgauge/injectors/manual"
	"github.com/blastgauge/blastgauge/injectors/toxiproxy"
)

// Server removes the toxics of all runs from the Toxiproxy at url, or from each behind a
// dns:// name, but for those of a run that has its lease. It needs no journal: toxics of
// blastgauge's are known by their names. A proxy that a run disabled on a stock server
// cannot be known, so it is logged.
//
// The error is of class [engine.ErrNotRemoved] where a fault may still be in force,
// and of class [experiments.ErrRefused] where a run that may be alive has the lease.
func Server(ctx context.Context, url string, o Options) error {
	o = o.withDefaults()
	all, err := o.fleet(url, o.Token)
	if err != nil {
		return err
	}
	_, unanswered := all.Identify(ctx)
	list := all.Each()
	if unanswered != nil && len(list) < 2 {
		return unanswered
	}
	o.Log = &oneByOne{w: o.Log}
	errs := make([]error, len(list))
	owners := make([]string, len(list))
	var calls sync.WaitGroup
	for i, one := range list { // one that does not answer keeps no other waiting
		calls.Go(func() { owners[i], errs[i] = o.recoverServer(ctx, one, len(list) > 1) })
	}
	calls.Wait()
	for i, owner := range owners {
		if owner != "" && slices.Index(owners, owner) == i {
			errs = append(errs, o.recoverOwner(ctx, owner, WithoutCredentials(list[i].URLs()[0])))
		}
	}
	return errors.Join(errs...)
}

// oneByOne writes what several goroutines log.
type oneByOne struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *oneByOne) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// recoverServer does so on one server, and returns the run that has its lease. Of many
// servers, a proxy is made anew only where the toxics cannot be removed.
func (o Options) recoverServer(ctx context.Context, one *fleet.Fleet, many bool) (owner string, err error) {
	shown := WithoutCredentials(one.URLs()[0])
	if _, err := one.Identify(ctx); err != nil {
		return "", fmt.Errorf("%w: %w; when it answers again: blastgauge recover --toxiproxy %s", engine.ErrNotRemoved, err, manual.Quote(shown))
	}
	if o.Recreate != "" && (!many || !o.isRemovable(ctx, one, shown)) {
		if _, err := one.Recreate(ctx, plan.Fault{Proxy: o.Recreate}); err != nil {
			return "", fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
		}
		o.logf(shown)("proxy %s was deleted and made again", o.Recreate)
	}
	owner, err = one.Owner(ctx)
	if err != nil {
		return "", fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
	}
	err = o.removeToxics(ctx, one, shown, func(run string) bool { return run != owner })
	return owner, errors.Join(err, o.logDisabled(ctx, one, shown))
}

// isRemovable reports whether the toxics of the runs that are over can be removed from a
// server without making a proxy anew, and removes them.
func (o Options) isRemovable(ctx context.Context, one *fleet.Fleet, shown string) bool {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	owner, err := one.Owner(ctx)
	if err == nil {
		o.Log = io.Discard // the removal that counts comes after it
		err = o.removeToxics(ctx, one, shown, func(run string) bool { return run != owner })
	}
	return err == nil
}

// recoverOwner cleans up after the run that has the lease of a server. A run of this
// user that has died can be recovered by its journal; any other may be alive.
func (o Options) recoverOwner(ctx context.Context, run, url string) error {
	if open, ok := o.openRun(run); ok {
		o.Stop, o.Recreate = false, "" // a run is stopped by its directory only, and the proxy is new already
		return o.recoverOpen(ctx, open)
	}
	return fmt.Errorf("%w: run %s has the lease of %s and was left alone: if the run has died, the lease expires within a minute", experiments.ErrRefused, run, url)
}

// removeToxics removes the toxics of the wanted runs, without any journal.
func (o Options) removeToxics(ctx context.Context, d *fleet.Fleet, url string, wanted func(run string) bool) error {
	found, err := d.Leftovers(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
	}
	found = slices.DeleteFunc(found, func(f plan.Fault) bool {
		run, _, _ := injectors.ParseFaultName(f.Name)
		return !wanted(run)
	})
	r := &rollback{injectors: injectorset.Set{Fleet: d}, logf: o.logf(url)}
	if len(found) == 0 {
		r.logf("no toxic of blastgauge's was left behind")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, removalTimeout)
	defer cancel()
	toxic := map[string]engine.Injector{}
	for _, f := range found {
		toxic[f.Inject] = d
	}
	done := make([]removal, len(found))
	for i, err := range engine.Revert(ctx, toxic, found) {
		done[i] = removal{Fault: found[i], err: err}
	}
	return r.explain(done)
}

// logDisabled logs which proxies of a stock server are disabled: that may be what a
// run left behind, and only a person can know.
func (o Options) logDisabled(ctx context.Context, d *fleet.Fleet, url string) error {
	server, err := d.Identify(ctx)
	if err != nil || server.Kind != toxiproxy.KindStock {
		return err
	}
	proxies, err := d.Proxies(ctx)
	if err != nil {
		return err
	}
	for _, p := range proxies {
		if !p.Enabled && !toxiproxy.IsMark(p.Name) {
			down := plan.Fault{Proxy: p.Name, Fault: experiments.Fault{Inject: "down"}}
			o.logf(url)("proxy %s is disabled; if that was a run and not a person: %s", p.Name, d.ManualRemoval(ctx, down))
		}
	}
	return nil
}
