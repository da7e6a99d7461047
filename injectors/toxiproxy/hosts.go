package toxiproxy

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/plan"
)

// A hop is a proxy on the way of a connection, and where it led when it was looked at.
type hop struct{ proxy, upstream string }

// checkWays holds where the proxies of a plan lead against the hosts that its system
// allows. The documents may not say it: then only the server knows. It looks at the
// proxies of all dependencies and at those that requests enter by, and goes on where one
// leads to another proxy of the server. Names are not looked up: the server may be on
// another machine, where they stand for something else. It returns every refusal, of
// class [ErrRefused], and an error where the server could not be asked for its list: what
// cannot be known is not touched. On a stock server one proxy that hangs makes it hang.
func (d *Driver) checkWays(ctx context.Context, p *plan.Plan, planned map[string]state) (refused []error, err error) {
	all, err := d.proxies(ctx)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, planned)
	ways := map[string][]hop{}
	for _, f := range proxyFaults(p) {
		ways[f.Proxy] = nil
	}
	for _, dependency := range p.System.Dependencies {
		ways[dependency.ProxyName()] = nil
	}
	for _, entry := range p.System.Entries() {
		if host, _, err := net.SplitHostPort(entry); err == nil && hosts.IsLoopback(host) && !hosts.IsLoopback(d.api.host()) {
			continue // loopback of this machine, and not of the server's
		}
		for name, s := range all {
			if d.arrives(entry, s.Listen) {
				ways[name] = nil
			}
		}
	}
	policy := p.System.Hosts()
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		ways[name] = d.wayOf(all, name)
		if err := d.checkWay(policy, ways[name]); err != nil {
			refused = append(refused, err)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ways == nil {
		d.ways = map[string][]hop{}
	}
	maps.Copy(d.ways, ways) // those of another dependency, which was checked before, stay
	return refused, nil
}

// wayOf lists the proxies that a connection to one goes by. It is empty where the
// server has no such proxy.
func (d *Driver) wayOf(all map[string]state, name string) []hop {
	s, ok := all[name]
	if !ok {
		return nil
	}
	way := []hop{{name, s.Upstream}}
	for i := 0; i < len(way); i++ {
		for _, next := range slices.Sorted(maps.Keys(all)) {
			known := slices.ContainsFunc(way, func(h hop) bool { return h.proxy == next })
			if !known && d.arrives(withoutScheme(way[i].upstream), all[next].Listen) {
				way = append(way, hop{next, all[next].Upstream})
			}
		}
	}
	return way
}

// checkWay refuses a way that leads to a host that is not allowed.
func (d *Driver) checkWay(policy hosts.Policy, way []hop) error {
	for i, h := range way {
		what := fmt.Sprintf("proxy %s leads to %s", d.api.printable(h.proxy), d.api.printable(h.upstream))
		if i > 0 {
			what = fmt.Sprintf("proxy %s leads to other proxies of this server, and %s", d.api.printable(way[0].proxy), what)
		}
		host, err := upstreamHost(h.upstream)
		if err != nil {
			return d.api.errorf("%w: %s, and whether that is part of a staging system cannot be told: %w", experiments.ErrRefused, what, err)
		}
		if err := policy.CheckName(host); err != nil {
			return d.api.errorf("%s: %w", what, err)
		}
	}
	return nil
}

// checkUnmoved refuses a fault whose proxy, as the server shows it now, leads elsewhere
// than when the plan was checked: the hosts that it leads to were not.
func (d *Driver) checkUnmoved(ctx context.Context, f plan.Fault, now state) error {
	d.mu.Lock()
	way := d.ways[f.Proxy]
	d.mu.Unlock()
	if f.Upstream != "" && !sameUpstream(now.Upstream, f.Upstream) {
		return d.errMoved(now, f.Upstream)
	}
	for i, h := range way {
		if i > 0 {
			var err error
			if now, err = d.proxy(ctx, h.proxy); isMissing(err) {
				continue // nothing is reached that way any more
			} else if err != nil {
				return err
			}
		}
		if now.Upstream != h.upstream {
			return d.errMoved(now, h.upstream)
		}
	}
	return nil
}

func (d *Driver) errMoved(now state, before string) error {
	return d.api.errorf("%w: proxy %s leads to %s now, and led to %s when the plan was checked", experiments.ErrRefused, d.api.printable(now.Name), d.api.printable(now.Upstream), d.api.printable(before))
}

// upstreamHost returns the host that a server connects to for an upstream. It is strict:
// what two programs would read differently is an error.
func upstreamHost(upstream string) (string, error) {
	host, _, err := net.SplitHostPort(withoutScheme(upstream))
	if err != nil {
		return "", fmt.Errorf("not host:port: %w", err)
	}
	foreign := func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:%", r)
	}
	if i := strings.IndexFunc(host, foreign); i >= 0 {
		return "", fmt.Errorf("%+q is no name of a host", host)
	}
	if host == "" { // to those who connect, this machine
		return "localhost", nil
	}
	return host, nil
}

// withoutScheme returns the host:port of an upstream of a blastgauge proxy, which may
// have a scheme and, for PostgreSQL, parameters.
func withoutScheme(upstream string) string {
	scheme, rest, ok := strings.Cut(upstream, "://")
	if !ok {
		return upstream
	}
	if scheme == "postgres" {
		rest, _, _ = strings.Cut(rest, "?")
	}
	return strings.TrimSuffix(rest, "/")
}

// arrives reports whether a connection to host:port comes to a proxy of this server that
// listens at an address. The server's machine has several names: those of loopback, what
// the proxy listens on, and what the server's URL calls it.
func (d *Driver) arrives(at, listen string) bool {
	host, port, err := net.SplitHostPort(at)
	own, ownPort, bad := net.SplitHostPort(listen)
	if err != nil || bad != nil || port != ownPort {
		return false
	}
	local := host == "" || hosts.IsLoopback(strings.ToLower(host)) || everywhere(host)
	switch {
	case local:
		return everywhere(own) || hosts.IsLoopback(own)
	case strings.EqualFold(host, d.api.host()):
		return true
	}
	a, errA := netip.ParseAddr(host)
	b, errB := netip.ParseAddr(own)
	return strings.EqualFold(host, own) || errA == nil && errB == nil && a.Unmap() == b.Unmap()
}

// host returns the host of the server's URL.
func (c *client) host() string {
	u, err := url.Parse(c.base)
	if err != nil {
		return ""
	}
	return u.Hostname()
}
