package toxiproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Classes of the errors that Preflight returns.
var (
	// ErrRefused is [experiments.ErrRefused]: another run or another person uses what
	// the plan would touch.
	ErrRefused = experiments.ErrRefused
	// ErrMissing means that a proxy does not exist. [Driver.CreateMissing] creates it
	// when the system file gives its addresses.
	ErrMissing = errors.New("no such proxy")
)

// Preflight checks every proxy that the plan's faults touch, before anything is
// changed: it exists, is enabled, has the listen and upstream addresses of the
// system file, leads to hosts that the system allows, and carries no toxic of anyone.
// The error holds everything that is wrong; its parts are of class [ErrMissing],
// [ErrRefused] or experiments.ErrInvalid. Inject refuses a proxy that leads elsewhere
// by then.
func (d *Driver) Preflight(ctx context.Context, p *plan.Plan) error {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return err
	}
	states, err := d.plannedProxies(ctx, p)
	if err != nil {
		return err
	}
	var errs []error
	reported := map[string]bool{}
	report := func(err error) {
		if err != nil && !reported[err.Error()] { // several faults share a proxy
			reported[err.Error()] = true
			errs = append(errs, err)
		}
	}
	for _, f := range proxyFaults(p) {
		_, err := d.toxicFor(f, ours) // can this server do it?
		report(err)
		s, ok := states[f.Proxy]
		if !ok {
			report(d.errNoProxy(f, ours))
			continue
		}
		for _, err := range d.problems(s, f) {
			report(err)
		}
	}
	if !ours && p.Scan == nil { // a scan never has two faults on one proxy
		for _, e := range p.Experiments {
			report(d.hiddenByDown(e))
		}
	}
	away, err := d.checkWays(ctx, p, states)
	if err != nil {
		return err
	}
	for _, err := range away {
		report(err)
	}
	return errors.Join(errs...)
}

// hiddenByDown finds a fault that a down on the same proxy would hide. A stock
// server does down by disabling the proxy: meanwhile no connection reaches a toxic
// there, and the end of one down would also end a second one.
func (d *Driver) hiddenByDown(e plan.Experiment) error {
	for i, down := range e.Faults {
		for j, f := range e.Faults {
			overlap := down.At < f.Until && f.At < down.Until
			if i == j || down.Inject != "down" || down.Proxy != f.Proxy || !overlap {
				continue
			}
			return fmt.Errorf("%w: experiment %s: %s into %s and a down fault on proxy %s overlap in time. The stock Toxiproxy at %s does down by disabling the whole proxy, so the other fault would have no effect; use `blastgauge proxy`, or change at and for so that they do not overlap",
				experiments.ErrInvalid, e.ID, f.Inject, f.Into, f.Proxy, d.api.shown)
		}
	}
	return nil
}

// proxyFaults lists the faults of a plan that act on a proxy.
func proxyFaults(p *plan.Plan) []plan.Fault {
	var list []plan.Fault
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if kind, _ := injectors.Lookup(f.Inject); kind.OnProxy() {
				list = append(list, f)
			}
		}
	}
	return list
}

// plannedProxies reads the proxies that a plan's faults touch, by name. It leaves
// out those that do not exist.
func (d *Driver) plannedProxies(ctx context.Context, p *plan.Plan) (map[string]state, error) {
	states, asked := map[string]state{}, map[string]bool{}
	for _, f := range proxyFaults(p) {
		if asked[f.Proxy] {
			continue
		}
		asked[f.Proxy] = true
		s, err := d.proxy(ctx, f.Proxy)
		switch {
		case isMissing(err):
		case err != nil:
			return nil, err
		default:
			states[f.Proxy] = s
			d.noteKnown(f.Proxy)
		}
	}
	return states, nil
}

// errNoProxy reports a missing proxy, and how to create it.
func (d *Driver) errNoProxy(f plan.Fault, ours bool) error {
	if f.Listen == "" || f.Upstream == "" {
		return d.api.errorf("%w: %s; give dependency %s a listen: and an upstream: in the system file", ErrMissing, f.Proxy, f.Into)
	}
	body := newProxy{Name: f.Proxy, Listen: f.Listen, Upstream: upstreamFor(ours, f.Upstream), Enabled: true}
	return d.api.errorf("%w: %s; `blastgauge run --create-proxies` creates it, `blastgauge proxy -f` serves all that the system file declares, and this creates it by hand:\n  %s", ErrMissing, f.Proxy, d.api.curl("POST", "/proxies", body))
}

// problems lists the reasons why a plan must not use a proxy.
func (d *Driver) problems(s state, f plan.Fault) []error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: %w", ErrRefused, d.api.errorf("proxy %s "+format, append([]any{s.Name}, args...)...)))
	}
	if !s.Enabled {
		refuse("is disabled, perhaps on purpose; enable it with\n  %s", d.api.curl("POST", proxyPath(s.Name), map[string]bool{"enabled": true}))
	}
	if f.Upstream != "" && !sameUpstream(s.Upstream, f.Upstream) {
		refuse("has upstream %s, but %s is declared with upstream %s", d.api.printable(s.Upstream), f.Into, f.Upstream)
	}
	if f.Listen != "" && !sameListen(s.Listen, f.Listen) {
		refuse("listens on %s, but %s is declared with listen %s", d.api.printable(s.Listen), f.Into, f.Listen)
	}
	for _, t := range s.Toxics {
		run, _, ok := injectors.ParseFaultName(t.Name)
		own, _, _ := injectors.ParseFaultName(f.Name)
		if ok && run == own {
			continue // of the run itself, which puts its faults on a server that came later
		}
		if ok {
			refuse("carries toxic %s, left by run %s: `blastgauge recover` removes it", t.describe(d.api.printable), run)
			continue
		}
		refuse("carries toxic %s, which is not blastgauge's; if it is no longer needed, remove it with\n  %s",
			t.describe(d.api.printable), d.api.curl("DELETE", toxicPath(s.Name, t.Name), nil))
	}
	return errs
}

// Fill returns a copy of p in which every fault has a listen and an upstream
// address: the server's, where the documents give none. p is not changed.
func (d *Driver) Fill(ctx context.Context, p *plan.Plan) (*plan.Plan, error) {
	states, err := d.plannedProxies(ctx, p)
	if err != nil {
		return nil, err
	}
	filled := *p
	filled.Experiments = slices.Clone(p.Experiments)
	for i := range filled.Experiments {
		e := &filled.Experiments[i]
		e.Faults = slices.Clone(e.Faults)
		for j := range e.Faults {
			f := &e.Faults[j]
			s := states[f.Proxy]
			f.Listen, f.Upstream = cmp.Or(f.Listen, s.Listen), cmp.Or(f.Upstream, s.Upstream)
			if _, port := address(f.Listen); port == "0" && s.Listen != "" {
				f.Listen = s.Listen
			}
		}
	}
	return &filled, nil
}
