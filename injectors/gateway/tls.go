package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/http"
	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
	"github.com/blastgauge/blastgauge/injectors/gateway/redis"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// The protocols of HTTP, as TLS calls them.
const (
	protoHTTP1 = "http/1.1"
	protoHTTP2 = "h2"
)

// OffersTLS reports whether clients of an upstream may speak TLS to a gateway: those of an
// encrypted one may, as without a gateway, and others where there is a certificate that
// was given for them.
func OffersTLS(scheme string, query url.Values, given bool) bool {
	switch {
	case http.Encrypts(scheme) || scheme == "rediss":
		return true
	case slices.Contains(redis.Schemes(), scheme):
		return given
	case slices.Contains(postgres.Schemes(), scheme):
		return given || postgres.Encrypts(query)
	}
	return false
}

// acceptTLS sets up TLS with a client that has begun it. The client chooses from the
// protocols that it and the dependency have in common: the gateway translates nothing.
func (c *connection) acceptTLS(ctx context.Context) error {
	config := c.gateway.options.ClientTLS
	server := tls.Server(c.client, &tls.Config{
		MinVersion: config.MinVersion,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			config := config.Clone()
			config.NextProtos = []string{protoHTTP2, protoHTTP1}
			if !http.Encrypts(c.gateway.options.Scheme) {
				return config, nil
			}
			secured, err := c.gateway.handshake(ctx, c.upstream, common(hello.SupportedProtos, config.NextProtos)...)
			if err != nil {
				return nil, err
			}
			c.upstream, c.upstreamSecured, config.NextProtos = secured, true, nil
			if chosen := secured.ConnectionState().NegotiatedProtocol; chosen != "" {
				config.NextProtos = []string{chosen}
			}
			return config, nil
		},
	})
	return c.beClientOf(ctx, server)
}

// acceptTLSFor is acceptTLS for protocols other than HTTP. It returns the certificate
// that the client was shown.
func (c *connection) acceptTLSFor(ctx context.Context, protos ...string) (shown *tls.Certificate, err error) {
	config := c.gateway.options.ClientTLS.Clone()
	config.NextProtos = protos
	if get := config.GetCertificate; get != nil {
		config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, err := get(hello)
			shown = certificate
			return certificate, err
		}
	} else if len(config.Certificates) > 0 {
		shown = &config.Certificates[0]
	}
	err = c.beClientOf(ctx, tls.Server(c.client, config))
	return shown, err
}

// beClientOf makes the client's side what comes out of TLS.
func (c *connection) beClientOf(ctx context.Context, server *tls.Conn) error {
	if err := server.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS with a client: %w", err)
	}
	c.client = server
	return nil
}

// common returns what stands in both lists, in the order of the first.
func common(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// handshake sets up TLS with the dependency. It fails when HTTP/2 is all that is offered
// and the dependency does not speak it.
func (g *Gateway) handshake(ctx context.Context, raw Upstream, protos ...string) (*tlsUpstream, error) {
	config := g.options.UpstreamTLS.Clone()
	config.NextProtos = protos
	secured := tls.Client(upstreamConn{raw}, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with %s: %w", g.options.Address, err)
	}
	if slices.Equal(protos, []string{protoHTTP2}) && secured.ConnectionState().NegotiatedProtocol != protoHTTP2 {
		return nil, fmt.Errorf("%s does not speak HTTP/2, which the client does", g.options.Address)
	}
	return &tlsUpstream{Conn: secured, raw: raw}, nil
}

// A tlsUpstream is an upstream inside TLS.
type tlsUpstream struct {
	*tls.Conn
	raw Upstream
}

// Close closes the connection below TLS: TLS's own goodbye can take as long as the peer
// likes.
func (t *tlsUpstream) Close() error { return t.raw.Close() }

// Abort breaks the connection below TLS.
func (t *tlsUpstream) Abort() { stream.Abort(t.raw) }

// An upstreamConn is an upstream as a net.Conn, as crypto/tls wants one.
type upstreamConn struct{ Upstream }

// LocalAddr returns an empty address: crypto/tls uses it for nothing.
func (upstreamConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr returns an empty address.
func (upstreamConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline does nothing: the connection is closed instead.
func (upstreamConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (upstreamConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (upstreamConn) SetWriteDeadline(time.Time) error { return nil }
