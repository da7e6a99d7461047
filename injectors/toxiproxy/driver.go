// Package toxiproxy drives any Toxiproxy API: it adds faults as toxics, proves
// that they are there, and proves that they are gone.
//
// It works on our own server and on a stock one. What a stock server lacks is
// said, never guessed: it cannot count what a fault met, and `down` is a
// disabled proxy there.
package toxiproxy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// Kinds of server, as in journal.Toxiproxy.
const (
	KindOurs  = "blastgauge"
	KindStock = "stock"
)

// prefix starts the name of every toxic of ours: blastgauge.<run>.<n>.
const prefix = "blastgauge."

// Options configures a [Driver]. URL is needed.
type Options struct {
	URL     string        // of the control API
	Token   string        // bearer token; empty: none
	Timeout time.Duration // of one call; 0 means 5 s
	// Dial opens connections to the API; nil dials anything. It is where the
	// host policy is enforced.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// A Driver injects faults through one Toxiproxy server. It is safe for
// concurrent use.
type Driver struct {
	api  *client
	ours atomic.Int32 // 0: not asked yet
}

const (
	isStock = 1
	isOurs  = 2
)

// New makes a driver. It sends nothing.
func New(o Options) *Driver {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	return &Driver{api: newClient(o)}
}

// Identify asks which kind of server this is.
func (d *Driver) Identify(ctx context.Context) (journal.Toxiproxy, error) {
	var answer struct {
		Version string `json:"version"`
		Ours    string `json:"blastgauge"`
	}
	if err := d.api.call(ctx, "GET", "/version", nil, &answer); err != nil {
		return journal.Toxiproxy{}, fmt.Errorf("%w: is a Toxiproxy running there?", err)
	}
	if answer.Ours != "" {
		d.ours.Store(isOurs)
		return journal.Toxiproxy{Kind: KindOurs, Version: answer.Ours}, nil
	}
	if answer.Version == "" {
		return journal.Toxiproxy{}, fmt.Errorf("%s answers, but not as a Toxiproxy does", d.api.base)
	}
	d.ours.Store(isStock)
	return journal.Toxiproxy{Kind: KindStock, Version: answer.Version}, nil
}

// stock tells whether the server is a stock one, and asks it once.
func (d *Driver) stock(ctx context.Context) (bool, error) {
	if d.ours.Load() == 0 {
		if _, err := d.Identify(ctx); err != nil {
			return false, err
		}
	}
	return d.ours.Load() == isStock, nil
}

// byDisabling tells whether f is a proxy that is switched off: `down` on a
// server that has no such toxic.
func (d *Driver) byDisabling(ctx context.Context, f plan.Fault) (bool, error) {
	if f.Inject != "down" {
		return false, nil
	}
	return d.stock(ctx)
}

// wanted is the toxic that causes f.
func wanted(f plan.Fault) (toxic, error) {
	kind, ok := injectors.Lookup(f.Inject)
	if !ok {
		return toxic{}, fmt.Errorf("unknown fault kind %q", f.Inject)
	}
	t := toxic{Name: f.Name, Type: kind.Wire, Stream: string(f.Stream), Toxicity: cmp.Or(f.Share, 1), Attributes: map[string]any{}}
	if t.Stream == "" {
		t.Stream = "downstream"
	}
	for name, v := range kind.OnWire(f.Attributes) {
		t.Attributes[name] = v
	}
	return t, nil
}

// Inject adds the toxic of f. One of its name that is there already, as an
// attempt that was cut short leaves it, is replaced: changing a live toxic
// races in stock servers.
func (d *Driver) Inject(ctx context.Context, f plan.Fault) error {
	disable, err := d.byDisabling(ctx, f)
	if err != nil {
		return err
	}
	if disable {
		return d.enable(ctx, f.Proxy, false)
	}
	t, err := wanted(f)
	if err != nil {
		return err
	}
	if err := d.remove(ctx, f); err != nil {
		return err
	}
	return d.api.call(ctx, "POST", proxyPath(f.Proxy)+"/toxics", t, nil)
}

func (d *Driver) enable(ctx context.Context, proxy string, on bool) error {
	return d.api.call(ctx, "POST", proxyPath(proxy), map[string]bool{"enabled": on}, nil)
}

// Check reads f back: the proxy is switched on, and the toxic is there with the
// attributes that were asked for.
func (d *Driver) Check(ctx context.Context, f plan.Fault) (journal.Evidence, error) {
	var p proxy
	if err := d.api.call(ctx, "GET", proxyPath(f.Proxy), nil, &p); err != nil {
		if missing(err) {
			return journal.Evidence{Detail: fmt.Sprintf("proxy %s no longer exists", f.Proxy)}, nil
		}
		return journal.Evidence{}, err
	}
	disable, err := d.byDisabling(ctx, f)
	if err != nil {
		return journal.Evidence{}, err
	}
	if disable {
		e := journal.Evidence{Present: !p.Enabled}
		if p.Enabled {
			e.Detail = fmt.Sprintf("proxy %s is enabled", f.Proxy)
		}
		return e, nil
	}
	return evidence(p, f)
}

func evidence(p proxy, f plan.Fault) (journal.Evidence, error) {
	want, err := wanted(f)
	if err != nil {
		return journal.Evidence{}, err
	}
	if !p.Enabled {
		return journal.Evidence{Detail: fmt.Sprintf("proxy %s is disabled", f.Proxy)}, nil
	}
	for _, t := range p.Toxics {
		if t.Name != f.Name {
			continue
		}
		if different := differs(t, want); different != "" {
			return journal.Evidence{Detail: fmt.Sprintf("toxic %s was changed: %s", f.Name, different)}, nil
		}
		e := journal.Evidence{Present: true}
		if t.Ours != nil {
			e.Counted, e.Met, e.Of = true, t.Ours.Met, t.Ours.Of
		}
		return e, nil
	}
	return journal.Evidence{Detail: fmt.Sprintf("toxic %s is gone from proxy %s", f.Name, f.Proxy)}, nil
}

// differs says what of a toxic is not as it was asked for. Attributes that were
// not asked for have the server's defaults.
func differs(got, want toxic) string {
	switch {
	case got.Type != want.Type:
		return fmt.Sprintf("its type is %s, not %s", got.Type, want.Type)
	case got.Toxicity-want.Toxicity > 1e-6 || want.Toxicity-got.Toxicity > 1e-6: // float32 on the server
		return fmt.Sprintf("its toxicity is %g, not %g", got.Toxicity, want.Toxicity)
	case got.Stream != "" && got.Stream != want.Stream:
		return fmt.Sprintf("its stream is %s, not %s", got.Stream, want.Stream)
	}
	for name, v := range want.Attributes {
		if asText(got.Attributes[name]) != asText(v) {
			return fmt.Sprintf("%s is %v, not %v", name, got.Attributes[name], v)
		}
	}
	return ""
}

func asText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// Revert removes f and reads back that it is gone.
func (d *Driver) Revert(ctx context.Context, f plan.Fault) error {
	disable, err := d.byDisabling(ctx, f)
	if err != nil {
		return err
	}
	if disable {
		err = d.enable(ctx, f.Proxy, true)
		if missing(err) { // nobody can be refused by a proxy that is not there
			return nil
		}
	} else {
		err = d.remove(ctx, f)
	}
	if err != nil {
		return err
	}
	e, err := d.Check(ctx, f)
	switch {
	case err != nil:
		return fmt.Errorf("removed, but not read back: %w", err)
	case e.Present:
		return errors.New("it is still there after its removal")
	}
	return nil
}

// remove deletes the toxic of f; that there is none is well.
func (d *Driver) remove(ctx context.Context, f plan.Fault) error {
	err := d.api.call(ctx, "DELETE", toxicPath(f.Proxy, f.Name), nil, nil)
	if missing(err) {
		return nil
	}
	return err
}

// Carried is what each proxy carried so far; false where the server does not
// count it as it happens.
func (d *Driver) Carried(ctx context.Context) ([]journal.Traffic, bool, error) {
	proxies, err := d.proxies(ctx)
	if err != nil {
		return nil, false, err
	}
	var list []journal.Traffic
	for _, p := range proxies {
		if p.Ours == nil {
			return nil, false, nil
		}
		list = append(list, journal.Traffic{Proxy: p.Name, Connections: p.Ours.Total, Bytes: p.Ours.BytesUp + p.Ours.BytesDown})
	}
	return list, true, nil
}

// Ours tells whether a toxic is blastgauge's, and of which run.
func Ours(name string) (run string, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return "", false
	}
	i := strings.LastIndexByte(rest, '.')
	if i <= 0 {
		return "", false
	}
	return rest[:i], true
}

// ByHand is the command that removes f without blastgauge.
func (d *Driver) ByHand(ctx context.Context, f plan.Fault) string {
	if disable, err := d.byDisabling(ctx, f); err == nil && disable {
		return fmt.Sprintf(`curl -X POST %s%s -d '{"enabled":true}'`, d.api.base, proxyPath(f.Proxy))
	}
	return fmt.Sprintf("curl -X DELETE %s%s", d.api.base, toxicPath(f.Proxy, f.Name))
}
