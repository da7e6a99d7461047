package faulttest

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// A Dependency is something that a test calls through a proxy. Its methods can be called by
// several goroutines at once.
type Dependency struct {
	// Name is what messages call it.
	Name string
	// Addr is the host:port of the proxy, such as 127.0.0.1:41235.
	Addr string
	// URL is that of the upstream, path, login and query included, with the proxy's address
	// in place of its own. It is Addr where the upstream is a bare host:port. What speaks
	// h2c:// and grpc:// is mostly given Addr.
	URL string

	server   *proxy.Server
	upstream string // as the proxy has it

	mu       sync.Mutex
	injected []*injection // in their order, those that are gone as well
	api      *httptest.Server
	closed   bool // with the test that made it
}

// Proxy puts a proxy in front of an upstream until the test has ended. It listens at a free
// port of 127.0.0.1.
//
// The upstream is host:port, for faults on bytes alone, or a URL: http://, https://, h2c://
// (HTTP/2 without TLS), grpc://, grpcs://, redis://, rediss:// or postgres://. It may be a
// data source name: the proxy needs address and sslmode, and whatever else stands in it is
// found in [Dependency.URL].
//
// Functions that configure may set the seed, certificates and a log. With TLS in the
// upstream's scheme the proxy speaks TLS to both sides, and shows clients a certificate of
// its own unless it is given one.
func Proxy(tb testing.TB, name, upstream string, configure ...func(*proxy.Options)) *Dependency {
	tb.Helper()
	options := proxy.Options{}
	for _, set := range configure {
		set(&options)
	}
	d := &Dependency{Name: name, server: proxy.New(options)}
	tb.Cleanup(func() { d.close(tb) })
	if name == "" {
		tb.Fatal("faulttest: a dependency needs a name, such as payments")
	}
	bare, urlAt := split(upstream)
	list, err := json.Marshal([]map[string]string{{"name": name, "listen": "127.0.0.1:0", "upstream": bare}})
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.server.Populate(list); err != nil {
		if wrong, ok := errors.AsType[*proxy.ListError](err); ok { // where it is in the list says nothing to who wrote none
			err = wrong.Err
		}
		tb.Fatalf("faulttest: %v", err)
	}
	d.Addr, d.upstream = d.now().Listen, bare
	d.URL = urlAt(d.Addr)
	return d
}

// now is what the proxy has come to. It is nothing where somebody has deleted the proxy by
// way of the control API.
func (d *Dependency) now() proxy.Status {
	now, err := d.server.Proxy(d.Name)
	if err != nil {
		return proxy.Status{}
	}
	return now
}

func (d *Dependency) close(tb testing.TB) {
	tb.Helper()
	d.mu.Lock()
	api := d.api
	d.closed = true
	d.mu.Unlock()
	if api != nil {
		api.Close()
	}
	if err := d.server.Close(); err != nil {
		tb.Errorf("faulttest: %s: %v", d.Name, err)
	}
}

// Toxiproxy returns the URL of a control API that speaks Toxiproxy's, for clients in other
// processes and languages. It listens on 127.0.0.1 from the first call until the test of
// the proxy has ended; afterwards a first call returns nothing.
func (d *Dependency) Toxiproxy() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.api == nil && d.closed {
		return ""
	}
	if d.api == nil {
		d.api = httptest.NewServer(d.server.Handler())
	}
	return d.api.URL
}

// Upstream returns where the proxy leads, as its control API shows it.
func (d *Dependency) Upstream() string { return d.upstream }

// split returns an upstream as a proxy takes it: scheme, host and port, and of PostgreSQL's
// parameters those about TLS; and the upstream as it is at another address. What is no URL
// comes back as it is: the proxy knows what is wrong with it.
func split(upstream string) (bare string, at func(address string) string) {
	u, err := url.Parse(upstream)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return upstream, func(address string) string { return address }
	}
	scheme := u.Scheme
	if scheme == "postgresql" { // as libpq says, too
		scheme = "postgres"
	}
	bare = scheme + "://" + u.Host
	if query := ofTLS(u.Query()); scheme == "postgres" && len(query) > 0 {
		bare += "?" + query.Encode()
	}
	return bare, func(address string) string {
		u.Host = address
		return u.String()
	}
}

// ofTLS returns those of a data source name's parameters that the proxy can keep. A driver
// that only prefers TLS does without.
func ofTLS(query url.Values) url.Values {
	kept := url.Values{}
	for _, name := range []string{"sslmode", "sslrootcert"} {
		if v := query.Get(name); v != "" && !slices.Contains([]string{"prefer", "allow"}, v) {
			kept.Set(name, v)
		}
	}
	return kept
}
