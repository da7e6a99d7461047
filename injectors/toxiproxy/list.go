package toxiproxy

import (
	"cmp"
	"context"
	"slices"
)

// A Proxy is one as its server shows it.
type Proxy struct {
	Name     string
	Listen   string // host:port
	Upstream string // host:port; on a blastgauge proxy, with a scheme where it has one
	Enabled  bool
}

// Proxies lists what the server has, by name. Note: on a stock server, a proxy
// that hangs hangs the list; runs ask for proxies one by one.
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
