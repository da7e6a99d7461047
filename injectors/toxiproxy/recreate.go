package toxiproxy

import (
	"context"
	"errors"
	"fmt"
)

// Recreate deletes a proxy and makes it again, enabled and without a toxic,
// whoever's: the last resort where a stock server hangs on removing one. Where
// listen or upstream is empty the server is asked, which may hang as well.
//
// Note: on a stock server the deletion itself can hang, and with it the whole
// API, once a new client has connected to the hanging proxy. Only a person may
// ask for it.
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
			err = fmt.Errorf("%w (this server may answer nobody any more: restart it)", err)
		}
		return err
	}
	if err := d.Create(ctx, name, listen, upstream); err != nil {
		ours, _ := d.ours(ctx) // asked before, by Create
		body := creation{Name: name, Listen: listen, Upstream: upstreamFor(ours, upstream), Enabled: true}
		return fmt.Errorf("%w: the proxy is deleted; make it again with\n  %s", err, d.api.curl("POST", "/proxies", body))
	}
	s, err := d.proxy(ctx, name)
	switch {
	case err != nil:
		return err
	case len(s.Toxics) > 0 || !s.Enabled:
		return d.api.errorf("proxy %s was made again and is not as new", name)
	}
	return nil
}
