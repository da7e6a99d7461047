// Package gateway is the message-level hop between a client and a dependency: it
// forwards HTTP/1.1, HTTP/2 and gRPC, and lets faults meet single requests. The
// rooms below it do the same for the commands of Redis and the statements of
// PostgreSQL.
//
// # How a connection is served
//
// The proxy's accept loop hands the client's socket to [Gateway.Serve], with a way
// to reach the dependency. There is no second socket between the two: HTTP/1.1 is
// read just closely enough to know where messages begin and end, and its bytes
// are passed on as they came. Each client connection has one upstream connection
// of its own, so whatever ends one ends the other in the same way, and nothing
// that a pool would do (retries, re-dials, 502s) can hide a fault or invent one.
// HTTP/2 takes a general path on net/http.
//
// # How faults meet messages
//
// The faults in force are one atomic pointer, read once per request: [Gateway.Set]
// acts on the next request of connections that are open, and drops nothing. A
// request that waits under a latency that is taken away is let go at once.
package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
)

// Upstream is the dependency's side of one connection.
//
// Read and Write are called by one goroutine each. Read gives io.EOF when the
// dependency has ended its side in good order; any other error means that the
// connection broke, and the client's is broken the same way. Close ends Reads and
// Writes that are under way; it may be called more than once. An Upstream that
// also has Abort() can be reset instead of closed.
type Upstream interface {
	io.Reader
	io.Writer
	CloseWrite() error
	Close() error
}

// A Dial reaches the dependency, for one connection.
type Dial func(ctx context.Context) (Upstream, error)

// Options say what a gateway forwards to.
type Options struct {
	// Scheme is one of [Schemes].
	Scheme string
	// Address is the dependency's host:port. It names the server in TLS.
	Address string
	// Query is what the upstream's URL asks for behind a question mark: sslmode and
	// sslrootcert of a PostgreSQL.
	Query url.Values
	// UpstreamTLS is for schemes https and rediss; nil means the machine's roots and the host
	// of Address.
	UpstreamTLS *tls.Config
	// ClientTLS, when it is not nil, lets clients of HTTP speak TLS to the gateway
	// if they like: their first byte tells. [SelfSigned] makes a certificate for it.
	ClientTLS *tls.Config
	// Seed decides which requests a share of less than 1 hits.
	Seed uint64
	// Calls counts what clients asked: every request, and every connection that
	// ended before one came, as a client that gets no further has tried as well.
	// Requests are those of HTTP, the commands of Redis, and the queries, executions
	// and function calls of PostgreSQL, without what comes with a connection: a
	// handshake, a PING, a SET of the session. Nil: not counted.
	Calls *atomic.Int64
	// Log gets what nobody else is told; nil discards it.
	Log *slog.Logger
}

// A Gateway is the message-level hop of one proxy.
type Gateway struct {
	options Options
	log     *slog.Logger
	force   *faultset.Force
	bulk    sync.Pool // of *[bulkSize]byte
}

// New makes a gateway without faults.
func New(o Options) (*Gateway, error) {
	if !slices.Contains(Schemes(), o.Scheme) {
		return nil, fmt.Errorf("no gateway for scheme %q: there is one for %s", o.Scheme, strings.Join(Schemes(), ", "))
	}
	host, _, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("upstream address: %w", err)
	}
	switch {
	case o.Scheme == "https" || o.Scheme == "rediss":
		o.UpstreamTLS = upstreamTLS(o.UpstreamTLS, host)
	case slices.Contains(postgres.Schemes(), o.Scheme) && o.UpstreamTLS == nil:
		if o.UpstreamTLS, err = postgres.TLS(o.Query, host); err != nil {
			return nil, fmt.Errorf("upstream: %w", err)
		}
	}
	o.Calls = cmp.Or(o.Calls, new(atomic.Int64))
	return &Gateway{options: o, force: faultset.With(o.Seed), log: cmp.Or(o.Log, slog.New(slog.DiscardHandler))}, nil
}

// upstreamTLS is a copy of given, complete.
func upstreamTLS(given *tls.Config, host string) *tls.Config {
	if given == nil {
		given = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config := given.Clone()
	config.ServerName = cmp.Or(config.ServerName, host)
	return config
}

// Set puts faults into force, in this order, in place of those before: from the
// next request on, also on connections that are open. A request that waits under
// a fault that is no longer among them goes on at once, and is not harmed by it
// any more.
func (g *Gateway) Set(faults []*Fault) { g.force.Set(faults) }
