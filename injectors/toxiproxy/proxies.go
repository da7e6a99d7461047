package toxiproxy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A Proxy is a proxy as its server shows it.
type Proxy struct {
	Name     string
	Listen   string // host:port
	Upstream string // host:port; on a blastgauge proxy, with a scheme where it has one
	Enabled  bool
}

// Proxies lists the proxies of the server, sorted by name. On a stock server, one
// proxy that hangs makes the list hang; from its first injection on a run therefore
// asks for proxies one by one.
func (d *Driver) Proxies(ctx context.Context) ([]Proxy, error) {
	all, err := d.proxies(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Proxy, 0, len(all))
	for name, s := range all {
		list = append(list, Proxy{Name: name, Listen: s.Listen, Upstream: s.Upstream, Enabled: s.Enabled})
	}
	slices.SortFunc(list, func(a, b Proxy) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

// A newProxy is the body of a request that creates a proxy.
type newProxy struct {
	Name     string `json:"name"`
	Listen   string `json:"listen"`
	Upstream string `json:"upstream"`
	Enabled  bool   `json:"enabled"`
}

// Create creates an enabled proxy and leaves it there. The upstream is host:port,
// with or without a scheme; a stock server gets host and port only.
func (d *Driver) Create(ctx context.Context, name, listen, upstream string) error {
	ours, err := d.isOurs(ctx)
	if err != nil {
		return err
	}
	body := newProxy{Name: name, Listen: listen, Upstream: upstreamFor(ours, upstream), Enabled: true}
	return d.post(ctx, body)
}

// post creates a proxy. An answer about anything else is an error.
func (d *Driver) post(ctx context.Context, p newProxy) error {
	var made state
	if err := d.api.call(ctx, p.Name, request{method: "POST", path: "/proxies", body: p}, &made); err != nil {
		return err
	}
	if made.Name != p.Name {
		return d.api.errorf("POST /proxies: the answer is about proxy %q", d.api.printable(made.Name))
	}
	return nil
}

// Delete removes a proxy. It succeeds when there is none. On a stock server it can
// hang the whole API when clients do not read, so it is only for proxies that the
// caller created.
func (d *Driver) Delete(ctx context.Context, name string) error {
	err := d.api.call(ctx, name, request{method: "DELETE", path: proxyPath(name)}, nil)
	if isMissing(err) {
		return nil
	}
	return err
}

// CreateMissing creates the proxies that the plan's faults need and the server
// lacks, where the dependency declares listen and upstream. It never changes a
// proxy that exists.
func (d *Driver) CreateMissing(ctx context.Context, p *plan.Plan) error {
	states, err := d.plannedProxies(ctx, p)
	if err != nil {
		return err
	}
	var errs []error
	created := map[string]bool{}
	for _, f := range proxyFaults(p) {
		if _, ok := states[f.Proxy]; ok || created[f.Proxy] || f.Listen == "" || f.Upstream == "" {
			continue
		}
		created[f.Proxy] = true
		errs = append(errs, d.Create(ctx, f.Proxy, f.Listen, f.Upstream))
	}
	return errors.Join(errs...)
}

// Recreate deletes a proxy and creates it again, enabled and without toxics. This
// also drops toxics that are not blastgauge's. It is the last resort when a stock
// server hangs while it removes a toxic. Where listen or upstream is empty, the
// server is asked for it, which may hang as well.
//
// On a stock server the deletion itself can hang, and with it the whole API, once
// a new client has connected to the proxy that hangs. Only a person may ask for it.
func (d *Driver) Recreate(ctx context.Context, name, listen, upstream string) error {
	if listen == "" || upstream == "" {
		s, err := d.proxy(ctx, name)
		if err != nil {
			return err
		}
		listen, upstream = s.Listen, s.Upstream
	}
	if err := d.Delete(ctx, name); err != nil {
		if _, answered := errors.AsType[*StatusError](err); !answered {
			err = fmt.Errorf("%w (the server may answer no calls at all now: restart it)", err)
		}
		return err
	}
	if err := d.Create(ctx, name, listen, upstream); err != nil {
		ours, _ := d.isOurs(ctx) // Create has asked: the answer is remembered
		body := newProxy{Name: name, Listen: listen, Upstream: upstreamFor(ours, upstream), Enabled: true}
		return fmt.Errorf("%w: the proxy is deleted; create it again with\n  %s", err, d.api.curl("POST", "/proxies", body))
	}
	s, err := d.proxy(ctx, name)
	switch {
	case err != nil:
		return err
	case len(s.Toxics) > 0 || !s.Enabled:
		return d.api.errorf("proxy %s was created again, but it has toxics or is disabled", name)
	}
	return nil
}
