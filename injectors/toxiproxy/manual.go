package toxiproxy

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// ManualRemoval returns the shell command that removes f without blastgauge. When
// the server does not answer, its kind is not known, and the text has the command
// for each kind. Where it is not known which proxy of a stock server f disabled, the
// text has a line for every proxy that is disabled.
func (d *Driver) ManualRemoval(ctx context.Context, f plan.Fault) string {
	remove := d.api.curl("DELETE", toxicPath(d.proxyOf(f), f.Name), nil)
	disabled, err := d.disables(ctx, f)
	switch {
	case err != nil:
		return d.curlEnable(f.Proxy) + "   # on a stock Toxiproxy; on a blastgauge proxy: " + remove
	case !disabled:
		return remove
	}
	if d.isKnown(f.Proxy) {
		return d.curlEnable(f.Proxy)
	}
	return d.manualEnable(ctx, f.Proxy)
}

// manualEnable returns the commands that enable the proxies that may be meant by a name.
func (d *Driver) manualEnable(ctx context.Context, proxy string) string {
	all, err := d.proxies(ctx)
	if s, ok := all[proxy]; err != nil || ok && !s.Enabled {
		return d.curlEnable(proxy)
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !all[name].Enabled && !IsMark(name) {
			lines = append(lines, d.curlEnable(name)+"   # if the run disabled it, and not a person")
		}
	}
	if len(lines) == 0 {
		return d.curlEnable(proxy)
	}
	return strings.Join(lines, "\n  ")
}

func (d *Driver) curlEnable(proxy string) string {
	return d.api.curl("POST", proxyPath(proxy), map[string]bool{"enabled": true})
}

// curl returns the shell command for a call to this server.
func (c *client) curl(method, path string, body any) string {
	return manual.Curl(method, c.shown+path, body, c.token != "")
}
