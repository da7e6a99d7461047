package toxiproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Classes of what Preflight finds.
var (
	// ErrRefused is [experiments.ErrRefused]: somebody else is using what the plan
	// would touch.
	ErrRefused = experiments.ErrRefused
	// ErrMissing means that a proxy does not exist; CreateMissing makes it where
	// the system file says enough.
	ErrMissing = errors.New("no such proxy")
)

// Preflight checks, before anything is changed, every proxy that the plan's
// faults touch: it is there, enabled, leads and listens where the system file
// says, and carries no toxic, whoever's. It reports all that is wrong at once;
// the parts are of class [ErrMissing], [ErrRefused] or experiments.ErrInvalid.
// Proxies are asked for one by one, because on a stock server one that hangs
// hangs the list of all.
func (d *Driver) Preflight(ctx context.Context, p *plan.Plan) error {
	ours, err := d.ours(ctx)
	if err != nil {
		return err
	}
	states, err := d.touched(ctx, p)
	if err != nil {
		return err
	}
	var errs []error
	told := map[string]bool{}
	tell := func(err error) {
		if err != nil && !told[err.Error()] { // several faults share a proxy
			told[err.Error()] = true
			errs = append(errs, err)
		}
	}
	for _, f := range faults(p) {
		_, err := d.wanted(f, ours) // is it anything that this server can do?
		tell(err)
		s, ok := states[f.Proxy]
		if !ok {
			tell(d.absentProxy(f, ours))
			continue
		}
		for _, err := range d.unfit(s, f) {
			tell(err)
		}
	}
	if !ours {
		for _, e := range p.Experiments {
			tell(d.eclipsed(e))
		}
	}
	return errors.Join(errs...)
}

// eclipsed finds a fault that down would hide. A stock server does down by
// disabling the proxy: until it is over, no toxic there meets anybody, and a
// second down would end with the first.
func (d *Driver) eclipsed(e plan.Experiment) error {
	for i, down := range e.Faults {
		for j, f := range e.Faults {
			overlap := down.At < f.Until && f.At < down.Until
			if i == j || down.Inject != "down" || down.Proxy != f.Proxy || !overlap {
				continue
			}
			return fmt.Errorf("%w: %s into %s happens during down in experiment %s, and a stock Toxiproxy such as %s disables all of proxy %s for down; use `blastgauge proxy`",
				experiments.ErrInvalid, f.Inject, f.Into, e.ID, d.api.shown, f.Proxy)
		}
	}
	return nil
}

// faults are all faults of a plan that have to do with a proxy.
func faults(p *plan.Plan) []plan.Fault {
	var list []plan.Fault
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if kind, _ := injectors.Lookup(f.Inject); kind.Level != injectors.File {
				list = append(list, f)
			}
		}
	}
	return list
}

// touched reads the proxies that a plan's faults touch. Those that do not exist
// are left out.
func (d *Driver) touched(ctx context.Context, p *plan.Plan) (map[string]state, error) {
	states, asked := map[string]state{}, map[string]bool{}
	for _, f := range faults(p) {
		if asked[f.Proxy] {
			continue
		}
		asked[f.Proxy] = true
		s, err := d.proxy(ctx, f.Proxy)
		switch {
		case missing(err):
		case err != nil:
			return nil, err
		default:
			states[f.Proxy] = s
		}
	}
	return states, nil
}

// absentProxy says how to create a proxy that is not there.
func (d *Driver) absentProxy(f plan.Fault, ours bool) error {
	if f.Listen == "" || f.Upstream == "" {
		return d.api.errorf("%w: %s; give dependency %s a listen: and an upstream: in the system file", ErrMissing, f.Proxy, f.Into)
	}
	body := creation{Name: f.Proxy, Listen: f.Listen, Upstream: upstreamFor(ours, f.Upstream), Enabled: true}
	return d.api.errorf("%w: %s; create it with\n  %s", ErrMissing, f.Proxy, d.api.curl("POST", "/proxies", body))
}

// unfit is all that keeps a plan from using a proxy.
func (d *Driver) unfit(s state, f plan.Fault) []error {
	var errs []error
	refuse := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: %w", ErrRefused, d.api.errorf("proxy %s "+format, append([]any{s.Name}, args...)...)))
	}
	if !s.Enabled {
		refuse("is disabled, perhaps on purpose; enable it with\n  %s", d.api.curl("POST", proxyPath(s.Name), map[string]bool{"enabled": true}))
	}
	if f.Upstream != "" && !sameUpstream(s.Upstream, f.Upstream) {
		refuse("leads to %s, but %s is declared with upstream %s", printable(s.Upstream), f.Into, f.Upstream)
	}
	if f.Listen != "" && !sameListen(s.Listen, f.Listen) {
		refuse("listens on %s, but %s is declared with listen %s", printable(s.Listen), f.Into, f.Listen)
	}
	for _, t := range s.Toxics {
		run, _, ok := injectors.ParseFaultName(t.Name)
		if ok {
			refuse("carries toxic %s, left by run %s: `blastgauge recover` removes it", t.describe(), run)
			continue
		}
		refuse("carries toxic %s, which is not blastgauge's; whoever added it can remove it with\n  %s",
			t.describe(), d.api.curl("DELETE", toxicPath(s.Name, t.Name), nil))
	}
	return errs
}

// Fill is p with listen and upstream of every fault as its server has them,
// where the documents do not say. p itself stays as it is.
func (d *Driver) Fill(ctx context.Context, p *plan.Plan) (*plan.Plan, error) {
	states, err := d.touched(ctx, p)
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

// A creation is a new proxy as it is sent.
type creation struct {
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
	Enabled  bool   `json:"enabled"`
}

// Create makes an enabled proxy and leaves it there. The upstream may have a
// scheme; a stock server is sent its host and port.
func (d *Driver) Create(ctx context.Context, name, listen, upstream string) error {
	ours, err := d.ours(ctx)
	if err != nil {
		return err
	}
	body := creation{Name: name, Listen: listen, Upstream: upstreamFor(ours, upstream), Enabled: true}
	return d.api.call(ctx, name, request{method: "POST", path: "/proxies", body: body}, nil)
}

// Delete removes a proxy; that there is none is well. On a stock server this can
// hang the whole API when clients do not read: only for proxies that the caller
// made itself.
func (d *Driver) Delete(ctx context.Context, name string) error {
	err := d.api.call(ctx, name, request{method: "DELETE", path: proxyPath(name)}, nil)
	if missing(err) {
		return nil
	}
	return err
}

// CreateMissing makes the proxies of the plan's faults that are not there and
// whose dependency declares listen and upstream. Proxies that exist are never
// rewritten.
func (d *Driver) CreateMissing(ctx context.Context, p *plan.Plan) error {
	states, err := d.touched(ctx, p)
	if err != nil {
		return err
	}
	var errs []error
	made := map[string]bool{}
	for _, f := range faults(p) {
		if _, ok := states[f.Proxy]; ok || made[f.Proxy] || f.Listen == "" || f.Upstream == "" {
			continue
		}
		made[f.Proxy] = true
		errs = append(errs, d.Create(ctx, f.Proxy, f.Listen, f.Upstream))
	}
	return errors.Join(errs...)
}

// Leftovers are the toxics of blastgauge's on all proxies, of any run, as faults
// that [Driver.Revert] can remove. What down left on a stock server is not among
// them: a disabled proxy does not say who disabled it.
func (d *Driver) Leftovers(ctx context.Context) ([]plan.Fault, error) {
	proxies, err := d.proxies(ctx)
	if err != nil {
		return nil, err
	}
	var list []plan.Fault
	for _, s := range proxies {
		for _, t := range s.Toxics {
			if _, _, ok := injectors.ParseFaultName(t.Name); ok {
				list = append(list, plan.Fault{Name: t.Name, Fault: experiments.Fault{Inject: t.Type, Into: s.Name}, Proxy: s.Name})
			}
		}
	}
	slices.SortFunc(list, func(a, b plan.Fault) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Proxy, b.Proxy))
	})
	return list, nil
}
