// Package toxiproxy drives any Toxiproxy API: it adds toxics, proves that they
// are in force, and proves that they are gone after removal.
//
// It has its own HTTP client, because the official one has no contexts and waits
// 30 seconds for a server that hangs. It never changes a toxic in place but
// deletes it and adds another one, because a PATCH races with live connections on
// a stock server. It touches only toxics that blastgauge named, the enabled flag
// of a proxy that was enabled before, and the run's lease.
package toxiproxy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/redact"
)

// Kinds of server, as journal.Toxiproxy names them.
const (
	KindOurs  = "blastgauge" // counts what a fault touches, holds leases, has message-level faults
	KindStock = "stock"
)

// Options say which server to drive. Only URL is needed.
type Options struct {
	URL   string // of the control API, such as http://127.0.0.1:8474
	Token string // sent as a bearer token; empty: none
	// Dial makes every connection, and so decides which hosts may be reached; nil
	// dials anything.
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Timeout time.Duration // of one call; 0 means 5 s
	// Lost is called when the lease has ended before its release, also because the server
	// was blocked: then it may be called more than once. It runs in the goroutine that
	// release waits for, or in that of an injection or a check, so it must not call release.
	// May be nil.
	Lost func(error)
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Lost == nil {
		o.Lost = func(error) {}
	}
	return o
}

// A Driver injects faults on one server. Several goroutines may use it; calls about
// one proxy are made one after another.
type Driver struct {
	api  *client
	lost func(error)

	mu        sync.Mutex
	server    *journal.Toxiproxy // what Identify found; nil before
	unsettled map[string]bool    // faults whose injection got no answer
	known     map[string]bool    // proxies that the server has, or had
	found     map[string]string  // faults that were on another proxy than their plan says, and on which
	lapses    time.Time          // the lease that was asked for, at the latest; zero: none was
	ways      map[string][]hop   // of proxies, as Preflight found them; nil before
}

// New returns a driver. It does not connect yet; the first call reports a URL that
// is wrong.
func New(o Options) *Driver {
	o = o.withDefaults()
	return &Driver{api: newClient(o), lost: o.Lost, unsettled: map[string]bool{}, known: map[string]bool{}, found: map[string]string{}}
}

// Shown is the URL of the server without credentials, as errors show it.
func (d *Driver) Shown() string { return d.api.shown }

// Identify asks which kind of server answers, blastgauge or stock, and its version.
// The driver remembers the answer.
func (d *Driver) Identify(ctx context.Context) (journal.Toxiproxy, error) {
	body, err := d.api.raw(ctx, "", request{method: "GET", path: "/version"})
	if err != nil {
		if _, refused := errors.AsType[*net.OpError](err); refused {
			err = fmt.Errorf("%w (start one: blastgauge proxy, with -f SYSTEM for its proxies)", err)
		}
		return journal.Toxiproxy{}, err
	}
	server, ok := d.api.parseVersion(body)
	if !ok {
		return journal.Toxiproxy{}, d.api.errorf("GET /version: this is not a Toxiproxy, it answers %q", d.api.excerpt(redact.Kept(body)))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = &server
	return server, nil
}

// parseVersion reads the answer to GET /version. Old servers answer with the bare
// version; a blastgauge proxy adds a key "blastgauge".
func (c *client) parseVersion(body []byte) (journal.Toxiproxy, bool) {
	var v struct {
		Version string          `json:"version"`
		Ours    json.RawMessage `json:"blastgauge"`
	}
	if err := json.Unmarshal(body, &v); err != nil {
		v.Version = strings.TrimSpace(string(body))
		if !versionForm.MatchString(v.Version) {
			return journal.Toxiproxy{}, false
		}
	}
	server := journal.Toxiproxy{Kind: KindStock, Version: c.printable(v.Version)}
	if len(v.Ours) > 0 && string(v.Ours) != "null" {
		server = journal.Toxiproxy{Kind: KindOurs, Version: cmp.Or(c.ourVersion(v.Ours), server.Version)}
	}
	return server, server.Version != ""
}

var versionForm = regexp.MustCompile(`^(v|git-)?[0-9A-Za-z]+(\.[0-9A-Za-z+-]+)*$`)

func (c *client) ourVersion(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return c.printable(text)
	}
	var object struct {
		Version string `json:"version"`
	}
	if json.Unmarshal(raw, &object) == nil {
		return c.printable(object.Version)
	}
	return ""
}

// isOurs reports whether the server is a blastgauge proxy. It asks the server once.
func (d *Driver) isOurs(ctx context.Context) (bool, error) {
	d.mu.Lock()
	server := d.server
	d.mu.Unlock()
	if server == nil {
		s, err := d.Identify(ctx)
		if err != nil {
			return false, err
		}
		server = &s
	}
	return server.Kind == KindOurs, nil
}

// Carried returns what each proxy has carried so far, sorted by name. It reports
// false on stock servers, which do not count: their byte counters stand still until
// a connection closes.
func (d *Driver) Carried(ctx context.Context) ([]journal.Traffic, bool, error) {
	ours, err := d.isOurs(ctx)
	if err != nil || !ours {
		return nil, false, err
	}
	proxies, err := d.proxies(ctx)
	if err != nil {
		return nil, true, err
	}
	list := make([]journal.Traffic, 0, len(proxies))
	for _, name := range slices.Sorted(maps.Keys(proxies)) {
		c := proxies[name].Counts
		list = append(list, journal.Traffic{Proxy: name, Connections: c.Total, Bytes: c.BytesUp + c.BytesDown, Calls: c.Calls, DialFailed: c.DialFailed, Answers: c.answered()})
	}
	return list, true, nil
}
