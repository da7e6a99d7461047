package toxiproxy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/plan"
)

// ErrRefused is wrapped by errors that mean "somebody else is using this".
var ErrRefused = errors.New("refused")

// proxies lists the server's proxies, sorted by name.
func (d *Driver) proxies(ctx context.Context) ([]proxy, error) {
	var byName map[string]proxy
	if err := d.api.call(ctx, "GET", "/proxies", nil, &byName); err != nil {
		return nil, err
	}
	list := make([]proxy, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		list = append(list, byName[name])
	}
	return list, nil
}

// Preflight checks, before anything is changed, that every proxy the plan will
// touch is there, switched on, leads where the system file says, and carries
// nobody's toxics. It reports all that is wrong at once; toxics of others make
// it an error of class [ErrRefused].
func (d *Driver) Preflight(ctx context.Context, p *plan.Plan) error {
	proxies, err := d.proxies(ctx)
	if err != nil {
		return err
	}
	var errs []error
	seen := map[string]bool{}
	for _, e := range p.Experiments {
		for _, f := range e.Faults {
			if !seen[f.Proxy] {
				seen[f.Proxy] = true
				errs = append(errs, d.usable(proxies, f))
			}
		}
	}
	return errors.Join(errs...)
}

func (d *Driver) usable(proxies []proxy, f plan.Fault) error {
	i := slices.IndexFunc(proxies, func(p proxy) bool { return p.Name == f.Proxy })
	if i < 0 {
		return fmt.Errorf("there is no proxy %q on the Toxiproxy at %s; create it with\n  %s", f.Proxy, d.api.base, d.creation(f))
	}
	p := proxies[i]
	var errs []error
	if !p.Enabled {
		errs = append(errs, fmt.Errorf("proxy %q is disabled: somebody switched it off on purpose; enable it or leave %s alone", p.Name, f.Into))
	}
	if f.Upstream != "" && !sameAddress(p.Upstream, f.Upstream) {
		errs = append(errs, fmt.Errorf("proxy %q leads to %s, but the system file says %s", p.Name, p.Upstream, f.Upstream))
	}
	if f.Listen != "" && !sameAddress(p.Listen, f.Listen) {
		errs = append(errs, fmt.Errorf("proxy %q listens on %s, but the system file says %s", p.Name, p.Listen, f.Listen))
	}
	for _, t := range p.Toxics {
		whose := "it is not blastgauge's"
		if run, ok := Ours(t.Name); ok {
			whose = "it was left by run " + run
		}
		errs = append(errs, fmt.Errorf("%w: proxy %q carries a toxic, %s (%s): %s; remove it with\n  curl -X DELETE %s%s",
			ErrRefused, p.Name, t.Name, t.Type, whose, d.api.base, toxicPath(p.Name, t.Name)))
	}
	return errors.Join(errs...)
}

func (d *Driver) creation(f plan.Fault) string {
	return fmt.Sprintf(`curl -X POST %s/proxies -d '{"name":"%s","listen":"%s","upstream":"%s","enabled":true}'`,
		d.api.base, f.Proxy, f.Listen, hostPort(f.Upstream))
}

// Create makes a proxy and leaves it there.
func (d *Driver) Create(ctx context.Context, name, listen, upstream string) error {
	return d.api.call(ctx, "POST", "/proxies", map[string]any{"name": name, "listen": listen, "upstream": upstream, "enabled": true}, nil)
}

// Delete removes a proxy; that there is none is well.
func (d *Driver) Delete(ctx context.Context, name string) error {
	if err := d.api.call(ctx, "DELETE", proxyPath(name), nil, nil); err != nil && !missing(err) {
		return err
	}
	return nil
}

// CreateMissing makes the proxies of the plan that are declared and not there.
func (d *Driver) CreateMissing(ctx context.Context, p *plan.Plan) error {
	proxies, err := d.proxies(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, dep := range p.System.Dependencies {
		there := slices.ContainsFunc(proxies, func(p proxy) bool { return p.Name == dep.ProxyName() })
		if there || dep.Listen == "" || dep.Upstream == "" {
			continue
		}
		upstream := dep.Upstream
		if stock, err := d.stock(ctx); err == nil && stock {
			upstream = hostPort(upstream)
		}
		errs = append(errs, d.Create(ctx, dep.ProxyName(), dep.Listen, upstream))
	}
	return errors.Join(errs...)
}

// hostPort drops the scheme of an upstream.
func hostPort(upstream string) string {
	if _, rest, ok := strings.Cut(upstream, "://"); ok {
		upstream = rest
	}
	return strings.TrimSuffix(upstream, "/")
}

// sameAddress compares two addresses, without schemes, taking all names of this
// machine's loopback for one.
func sameAddress(a, b string) bool {
	ha, pa, errA := net.SplitHostPort(hostPort(a))
	hb, pb, errB := net.SplitHostPort(hostPort(b))
	if errA != nil || errB != nil {
		return hostPort(a) == hostPort(b)
	}
	return pa == pb && (ha == hb || loopback(ha) && loopback(hb))
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsUnspecified())
}
