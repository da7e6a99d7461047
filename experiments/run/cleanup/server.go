package cleanup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/experiments/run/engine"
	"github.com/blastgauge/blastgauge/experiments/run/internal/injectorset"
	"github.com/blastgauge/blastgauge/injectors"
	"github.com/blastgauge/blastgauge/injectors/fleet"
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
	if _, err := all.Identify(ctx); err != nil {
		return err
	}
	var errs []error
	for _, one := range all.Each() {
		errs = append(errs, o.recoverServer(ctx, one))
	}
	return errors.Join(errs...)
}

// recoverServer does so on one server.
func (o Options) recoverServer(ctx context.Context, one *fleet.Fleet) error {
	shown := WithoutCredentials(one.URLs()[0])
	if o.Recreate != "" {
		if err := one.Recreate(ctx, plan.Fault{Proxy: o.Recreate}); err != nil {
			return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
		}
		o.logf(shown)("proxy %s was deleted and made again", o.Recreate)
	}
	owner, err := one.Owner(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", engine.ErrNotRemoved, err)
	}
	errs := []error{o.removeToxics(ctx, one, shown, func(run string) bool { return run != owner })}
	if owner != "" {
		errs = append(errs, o.recoverOwner(ctx, owner, shown))
	}
	return errors.Join(append(errs, o.logDisabled(ctx, one, shown))...)
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
		if !p.Enabled && p.Name != toxiproxy.LockProxy {
			down := plan.Fault{Proxy: p.Name, Fault: experiments.Fault{Inject: "down"}}
			o.logf(url)("proxy %s is disabled; if that was a run and not a person: %s", p.Name, d.ManualRemoval(ctx, down))
		}
	}
	return nil
}
