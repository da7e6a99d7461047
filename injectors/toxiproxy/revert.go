package toxiproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// unsettledFor is how long Revert waits before it looks again for a toxic whose
// injection got no answer: the request may still be on its way.
const unsettledFor = 250 * time.Millisecond

// Revert removes f and reads back that it is gone. It succeeds when f is proven not to
// be there. That a proxy or a toxic is not found is no such proof by itself: the plan
// that f is from may be damaged, and then f is somewhere else.
//
// A toxic is removed wherever the server has it. A down on a stock server is a disabled
// proxy without a name of ours. That it is over is proven when Revert has enabled the
// proxy, when the proxy is enabled or gone and known to be the one that f was on (see
// [Driver.MarkKnown]), or when no proxy of the server is disabled. In any other case the
// error is of class [ErrUnproven].
func (d *Driver) Revert(ctx context.Context, f plan.Fault) error {
	disabled, err := d.disables(ctx, f)
	if err != nil {
		return err
	}
	revert := d.remove
	if disabled {
		revert = d.reenable
	}
	if err := revert(ctx, f); err != nil {
		return err
	}
	return d.revertUnsettled(ctx, f, revert)
}

// disables reports whether f is a proxy that is disabled, and not a toxic.
func (d *Driver) disables(ctx context.Context, f plan.Fault) (bool, error) {
	if f.Inject != "down" {
		return false, nil
	}
	ours, err := d.isOurs(ctx)
	return !ours, err
}

// revertUnsettled removes a fault a second time when its injection got no answer.
func (d *Driver) revertUnsettled(ctx context.Context, f plan.Fault, again func(context.Context, plan.Fault) error) error {
	d.mu.Lock()
	unsettled := d.unsettled[f.Name]
	d.mu.Unlock()
	if !unsettled {
		return nil
	}
	select {
	case <-time.After(unsettledFor):
	case <-ctx.Done():
		return d.api.errorf("%s is gone, but its injection may still be on its way: %w", f.Name, context.Cause(ctx))
	}
	if err := again(ctx, f); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.unsettled, f.Name)
	return nil
}

// remove deletes the toxic and reads back that it is gone.
func (d *Driver) remove(ctx context.Context, f plan.Fault) error {
	if _, _, ok := injectors.ParseFaultName(f.Name); !ok {
		return fmt.Errorf("%w: blastgauge did not name toxic %q, so it does not remove it", experiments.ErrRefused, f.Name)
	}
	if f.Proxy != "" {
		if err := d.removeFrom(ctx, f.Proxy, f.Name); !isMissing(err) {
			return err
		}
	}
	return d.removeWherever(ctx, f)
}

// removeFrom deletes a toxic from a proxy and reads back that it is gone. When the
// server does not find either, [isMissing] is true of the error.
func (d *Driver) removeFrom(ctx context.Context, proxy, name string) error {
	if err := d.api.call(ctx, proxy, request{method: "DELETE", path: toxicPath(proxy, name)}, nil); err != nil {
		return err
	}
	s, err := d.proxy(ctx, proxy)
	if err != nil {
		return err
	}
	if _, ok := s.toxic(name); ok {
		return d.api.errorf("toxic %s was deleted and is still on proxy %s", name, proxy)
	}
	return nil
}

// removeWherever removes a toxic that is not where it was expected: none of that name
// on the whole server is proof that it is gone.
func (d *Driver) removeWherever(ctx context.Context, f plan.Fault) error {
	all, err := d.listing(ctx)
	if err != nil {
		if d.isGoneFromKnown(ctx, f, err) {
			return nil
		}
		return err
	}
	var errs []error
	for _, proxy := range slices.Sorted(maps.Keys(all)) {
		if _, ok := all[proxy].toxic(f.Name); ok {
			d.noteFound(f.Name, proxy)
			errs = append(errs, d.removeFrom(ctx, proxy, f.Name))
		}
	}
	return errors.Join(errs...)
}

// isGoneFromKnown reports whether the proxy that a fault is known to be on does not have
// it. That has to do where the list does not come: on a stock server, one proxy that
// hangs makes the list hang, and the other faults must not wait for it.
func (d *Driver) isGoneFromKnown(ctx context.Context, f plan.Fault, listing error) bool {
	if !errors.Is(listing, context.DeadlineExceeded) || !d.isKnown(f.Proxy) {
		return false
	}
	s, err := d.proxy(ctx, f.Proxy)
	if err != nil {
		return false
	}
	_, there := s.toxic(f.Name)
	return !there
}

// reenable reverts down on a stock server. The proxy was enabled before the run:
// [Driver.Preflight] refuses others.
func (d *Driver) reenable(ctx context.Context, f plan.Fault) error {
	s, err := d.proxy(ctx, f.Proxy)
	switch {
	case isMissing(err), err == nil && s.Enabled:
		return d.proveEnabled(ctx, f)
	case err != nil:
		return err
	}
	if s, err = d.enable(ctx, f.Proxy, true); err != nil {
		return err
	}
	if !s.Enabled {
		return d.api.errorf("proxy %s was enabled and is still disabled", f.Proxy)
	}
	return nil
}

// proveEnabled proves that no down is in force on a stock server, where the proxy that
// it is said to be on is enabled or missing.
func (d *Driver) proveEnabled(ctx context.Context, f plan.Fault) error {
	if d.isKnown(f.Proxy) {
		s, err := d.proxy(ctx, f.Proxy)
		if err == nil && s.Enabled {
			return nil
		}
		if err != nil && !isMissing(err) {
			return err
		}
	}
	all, err := d.listing(ctx)
	if err != nil {
		return err
	}
	if s, ok := all[f.Proxy]; ok && !s.Enabled {
		return d.api.errorf("proxy %s is disabled", f.Proxy)
	}
	if d.isKnown(f.Proxy) {
		return nil
	}
	for _, proxy := range slices.Sorted(maps.Keys(all)) {
		if !all[proxy].Enabled && !IsMark(proxy) {
			return unprovenError{d.api.errorf("%w: nothing shows that %s was on proxy %s, and proxy %s is disabled", ErrUnproven, f.Name, f.Proxy, d.api.printable(proxy))}
		}
	}
	return nil
}

// ErrUnproven means that nothing shows whether a fault is gone: a person has to look.
var ErrUnproven = errors.New("not proven gone")

// An unprovenError is of class [ErrUnproven].
type unprovenError struct{ error }

func (e unprovenError) Unwrap() error { return e.error }

// Hopeless reports that trying again is of no use.
func (unprovenError) Hopeless() bool { return true }

// Absent returns nil when f is proven not to be in force, as Revert proves it. It changes
// nothing.
func (d *Driver) Absent(ctx context.Context, f plan.Fault) error {
	disabled, err := d.disables(ctx, f)
	if err != nil {
		return err
	}
	if disabled {
		s, err := d.proxy(ctx, f.Proxy)
		switch {
		case isMissing(err), err == nil && s.Enabled:
			return d.proveEnabled(ctx, f)
		case err != nil:
			return err
		}
		return d.api.errorf("proxy %s is disabled", f.Proxy)
	}
	all, err := d.listing(ctx)
	if err != nil {
		return err
	}
	for _, proxy := range slices.Sorted(maps.Keys(all)) {
		if _, ok := all[proxy].toxic(f.Name); ok {
			return d.api.errorf("toxic %s is on proxy %s", f.Name, d.api.printable(proxy))
		}
	}
	return nil
}

// MarkKnown tells the driver that the server had the proxies of p before its faults were
// injected. The caller knows that of a plan whose run looked at them before, and of
// which nothing is lost or changed since. What a driver has seen itself, in Preflight or
// in Inject, it knows without.
func (d *Driver) MarkKnown(p *plan.Plan) {
	for _, f := range proxyFaults(p) {
		d.noteKnown(f.Proxy)
	}
}

func (d *Driver) noteKnown(proxy string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.known[proxy] = true
}

func (d *Driver) isKnown(proxy string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.known[proxy]
}

// noteFound remembers that a fault is on another proxy than it was said to be.
func (d *Driver) noteFound(fault, proxy string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.found[fault] = proxy
}

// proxyOf returns the proxy that a fault is on, as far as the driver knows.
func (d *Driver) proxyOf(f plan.Fault) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return cmp.Or(d.found[f.Name], f.Proxy)
}
