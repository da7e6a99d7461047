package toxiproxy

import (
	"context"

	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors/manual"
)

// ManualRemoval returns the shell command that removes f without blastgauge. When
// the server does not answer, its kind is not known, and the text has the command
// for each kind.
func (d *Driver) ManualRemoval(ctx context.Context, f plan.Fault) string {
	remove := d.api.curl("DELETE", toxicPath(f.Proxy, f.Name), nil)
	if f.Inject != "down" {
		return remove
	}
	enable := d.api.curl("POST", proxyPath(f.Proxy), map[string]bool{"enabled": true})
	switch ours, err := d.isOurs(ctx); {
	case err != nil:
		return enable + "   # on a stock Toxiproxy; on a blastgauge proxy: " + remove
	case ours:
		return remove
	default:
		return enable
	}
}

// curl returns the shell command for a call to this server.
func (c *client) curl(method, path string, body any) string {
	return manual.Curl(method, c.shown+path, body, c.token != "")
}
