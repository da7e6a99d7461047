// Package gateway stands between a client and a dependency where single messages are
// to meet faults: it opens both sides of a connection, with TLS where that is asked for,
// and hands them to the room below that speaks the protocol: http, redis or postgres.
//
// # How a connection is served
//
// The proxy's accept loop hands the client's socket to [Gateway.Serve], with a way to
// reach the dependency. There is no second socket between the two. Each client
// connection has one upstream connection of its own, so whatever ends one ends the
// other in the same way.
//
// # How faults meet messages
//
// The active faults are one atomic pointer, read once per message: [Gateway.Set] acts
// on the next message of connections that are open, and drops nothing. A message that
// waits under a latency that is removed goes on at once.
package gateway

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/blastgauge/blastgauge/injectors/gateway/http"
	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// Upstream is the dependency's side of one connection.
type Upstream = stream.Upstream

// Sessions are sessions that clients can cancel. The zero value is ready to use.
type Sessions = postgres.Sessions

// A Dial reaches the dependency, for one connection.
type Dial func(ctx context.Context) (Upstream, error)

// Options are what a gateway forwards to.
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
	// UpstreamRoots are the roots for a PostgreSQL whose Query names none; nil: the machine's.
	UpstreamRoots *x509.CertPool
	// ClientTLS, when it is not nil, lets clients speak TLS to the
	// gateway if they like: their first bytes show it. [SelfSigned] makes a certificate
	// for it.
	ClientTLS *tls.Config
	// Seed decides which messages a share of less than 1 affects.
	Seed uint64
	// Calls counts what clients asked: every request, and every connection that ended
	// before one came, because a client that gets no further has tried, too.
	// Requests are those of HTTP, the commands of Redis, and the queries, executions
	// and function calls of PostgreSQL, without what comes with a connection: a
	// handshake, a PING, a SET of the session. Nil: not counted.
	Calls *atomic.Int64
	// Sessions are those of PostgreSQL that clients can cancel, by way of any gateway that
	// shares them. Nil: this gateway's alone.
	Sessions *Sessions
	// Log gets what neither the client nor the caller learns; nil discards it.
	Log *slog.Logger
}

// A Gateway forwards to one dependency.
type Gateway struct {
	options  Options
	protocol protocol
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
	case BeginsWithTLS(o.Scheme):
		o.UpstreamTLS = completeTLS(o.UpstreamTLS, host)
	case slices.Contains(postgres.Schemes(), o.Scheme) && o.UpstreamTLS == nil:
		if o.UpstreamTLS, err = postgres.TLS(o.Query, host, o.UpstreamRoots); err != nil {
			return nil, fmt.Errorf("upstream: %w", err)
		}
	}
	o.Sessions = cmp.Or(o.Sessions, new(Sessions))
	o.Calls = cmp.Or(o.Calls, new(atomic.Int64))
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	g := &Gateway{options: o}
	g.protocol = g.newProtocol()
	return g, nil
}

// BeginsWithTLS reports whether every connection to an upstream with the scheme begins
// with TLS.
func BeginsWithTLS(scheme string) bool { return http.Encrypts(scheme) || scheme == "rediss" }

// completeTLS returns a copy of given that names the server.
func completeTLS(given *tls.Config, host string) *tls.Config {
	if given == nil {
		given = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config := given.Clone()
	config.ServerName = cmp.Or(config.ServerName, host)
	return config
}

// Set activates faults, in this order, in place of those before: from the next message
// on, also on connections that are open. A message that waits under a fault that is no
// longer among them goes on at once, and is not harmed by it any more. Faults of other
// protocols do nothing.
func (g *Gateway) Set(faults []*Fault) { g.protocol.set(faults) }
