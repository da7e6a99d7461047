// Package toxiproxy drives any Toxiproxy API: it adds toxics, proves that they
// are in force, and removes them with proof.
//
// The HTTP client is its own, because the official one has no contexts and
// waits 30 seconds for a server that hangs. Toxics are never changed in place:
// they are deleted and added, since a PATCH races with live connections on a
// stock server. Nothing is touched but toxics that carry a name of ours, the
// enabled flag of a proxy that was found enabled before, and the run's lock.
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
	// Lost is called at most once per Hold, when the hold has ended before its
	// release, from the goroutine that release waits for: it must not call release
	// itself. Nil: nobody is told.
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

// A Driver puts faults into force on one server. It may be used by several
// goroutines; what it does to one proxy, it does one at a time.
type Driver struct {
	api  *client
	lost func(error)

	mu        sync.Mutex
	server    *journal.Toxiproxy // what Identify found; nil before
	unsettled map[string]bool    // faults whose injection ended without an answer
}

// New makes a driver. It connects to nothing yet; a URL that makes no sense is
// reported by the first call.
func New(o Options) *Driver {
	o = o.withDefaults()
	return &Driver{api: newClient(o), lost: o.Lost, unsettled: map[string]bool{}}
}

// Identify asks what kind of server answers, blastgauge or stock, and its
// version. The answer is remembered for the other calls.
func (d *Driver) Identify(ctx context.Context) (journal.Toxiproxy, error) {
	body, err := d.api.raw(ctx, "", request{method: "GET", path: "/version"})
	if err != nil {
		if _, refused := errors.AsType[*net.OpError](err); refused {
			err = fmt.Errorf("%w (start one: blastgauge proxy)", err)
		}
		return journal.Toxiproxy{}, err
	}
	server, ok := parseVersion(body)
	if !ok {
		return journal.Toxiproxy{}, d.api.errorf("GET /version: this is not a Toxiproxy, it answers %q", excerpt(body))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.server = &server
	return server, nil
}

// parseVersion reads the answer to GET /version. Old servers answer with the
// bare version; ours adds a key of its own.
func parseVersion(body []byte) (journal.Toxiproxy, bool) {
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
	server := journal.Toxiproxy{Kind: KindStock, Version: printable(v.Version)}
	if len(v.Ours) > 0 && string(v.Ours) != "null" {
		server = journal.Toxiproxy{Kind: KindOurs, Version: cmp.Or(ourVersion(v.Ours), server.Version)}
	}
	return server, server.Version != ""
}

var versionForm = regexp.MustCompile(`^(v|git-)?[0-9A-Za-z]+(\.[0-9A-Za-z+-]+)*$`)

func ourVersion(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return printable(text)
	}
	var object struct {
		Version string `json:"version"`
	}
	if json.Unmarshal(raw, &object) == nil {
		return printable(object.Version)
	}
	return ""
}

// ours tells whether the server is a blastgauge proxy, asking it once.
func (d *Driver) ours(ctx context.Context) (bool, error) {
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

// Carried is what each proxy has carried so far, by name. The bool is false on
// servers that do not count: a stock server's byte counters stand still until a
// connection closes.
func (d *Driver) Carried(ctx context.Context) ([]journal.Traffic, bool, error) {
	ours, err := d.ours(ctx)
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
		list = append(list, journal.Traffic{Proxy: name, Connections: c.Total, Bytes: c.BytesUp + c.BytesDown, Calls: c.Calls})
	}
	return list, true, nil
}
