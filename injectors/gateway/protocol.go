package gateway

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"slices"

	"github.com/blastgauge/blastgauge/injectors/gateway/faultset"
	"github.com/blastgauge/blastgauge/injectors/gateway/http"
	"github.com/blastgauge/blastgauge/injectors/gateway/postgres"
	"github.com/blastgauge/blastgauge/injectors/gateway/redis"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// A protocol serves connections under its own active faults.
type protocol interface {
	// set activates those of the faults that act on the protocol.
	set(faults []*Fault)
	// serve returns when the client has gone. Its error says why the connection was
	// not served; the caller ends the client's side then.
	serve(ctx context.Context, c *connection) error
}

func (g *Gateway) newProtocol() protocol {
	o, buffers := g.options, &stream.Buffers{}
	switch {
	case slices.Contains(redis.Schemes(), o.Scheme):
		return &redisProtocol{faultset.NewSet[*redis.Rule](o.Seed), buffers, redis.NewScripts()}
	case slices.Contains(postgres.Schemes(), o.Scheme):
		return &postgresProtocol{faultset.NewSet[*postgres.Rule](o.Seed), buffers}
	}
	return &httpProtocol{http.Proxy{Address: o.Address, Faults: faultset.NewSet[*http.Rule](o.Seed), Buffers: buffers, Log: o.Log}}
}

// replace activates the faults of one protocol.
func replace[R any](set *faultset.Set[R], faults []*Fault, of func(*Fault) *faultset.Fault[R]) {
	var own []*faultset.Fault[R]
	for _, f := range faults {
		if one := of(f); one != nil {
			own = append(own, one)
		}
	}
	set.Replace(own)
}

type httpProtocol struct{ proxy http.Proxy }

func (p *httpProtocol) set(faults []*Fault) {
	replace(p.proxy.Faults, faults, func(f *Fault) *http.Fault { return f.http })
}

func (p *httpProtocol) serve(ctx context.Context, c *connection) error {
	if err := c.secureHTTP(ctx); err != nil {
		stream.Reset(c.client) // which has spoken first, so that its connect() is over
		return err
	}
	p.proxy.Serve(ctx, http.Connection{Client: c.client, Upstream: c.upstream, CountCall: c.calls.count})
	return nil
}

// secureHTTP sets up TLS on both sides, as the client begins and the upstream's scheme
// asks for.
func (c *connection) secureHTTP(ctx context.Context) error {
	o := c.gateway.options
	if o.ClientTLS != nil && c.beginsTLS() {
		if err := c.acceptTLS(ctx); err != nil {
			return err
		}
	}
	if !http.Encrypts(o.Scheme) || c.upstreamSecured {
		return nil
	}
	// What the client speaks decides what to agree on with the dependency.
	secured, err := c.gateway.handshake(ctx, c.upstream, c.httpVersion())
	if err != nil {
		return err
	}
	c.upstream = secured
	return nil
}

// beginsTLS reports whether the client speaks TLS: no request begins as that does.
func (c *connection) beginsTLS() bool {
	const handshake = 0x16
	first := c.peek(1)
	return len(first) > 0 && first[0] == handshake
}

// httpVersion returns the protocol that the client speaks, as TLS calls it, by its first
// bytes. A client that does not say enough speaks HTTP/1.1.
func (c *connection) httpVersion() string {
	const opening = "PRI"
	for n := 1; ; n++ {
		first := c.peek(n)
		switch {
		case len(first) >= len(opening) && bytes.HasPrefix(first, []byte(opening)):
			return protoHTTP2
		case len(first) < n || !bytes.HasPrefix([]byte(opening), first):
			return protoHTTP1
		}
	}
}

// peek returns what the client has sent first, and reads until that are n bytes. They
// are fewer when the client's side has ended.
func (c *connection) peek(n int) []byte {
	p, ok := c.client.(*stream.Prefixed)
	if !ok {
		p = &stream.Prefixed{Conn: c.client}
		c.client = p
	}
	for len(p.Prefix) < n {
		if p.More() != nil {
			break
		}
	}
	return p.Prefix
}

type redisProtocol struct {
	faults  *faultset.Set[*redis.Rule]
	buffers *stream.Buffers
	scripts *redis.Scripts
}

func (p *redisProtocol) set(faults []*Fault) {
	replace(p.faults, faults, func(f *Fault) *redis.Fault { return f.redis })
}

func (p *redisProtocol) serve(ctx context.Context, c *connection) error {
	if c.gateway.options.ClientTLS != nil && c.beginsTLS() {
		if _, err := c.acceptTLSFor(ctx); err != nil {
			stream.Reset(c.client) // which has spoken first, so that its connect() is over
			return err
		}
	}
	if err := c.secureUpstream(ctx); err != nil {
		return err
	}
	c.serveSession(ctx, func(ctx context.Context) session {
		return redis.NewSession(redis.Options{
			Context: ctx, Faults: p.faults, Client: c.client, Upstream: c.upstream, Buffers: p.buffers,
			Address: c.client.LocalAddr().String(), CountCall: c.calls.count, Scripts: p.scripts,
		})
	})
	return nil
}

type postgresProtocol struct {
	faults  *faultset.Set[*postgres.Rule]
	buffers *stream.Buffers
}

func (p *postgresProtocol) set(faults []*Fault) {
	replace(p.faults, faults, func(f *Fault) *postgres.Fault { return f.postgres })
}

func (p *postgresProtocol) serve(ctx context.Context, c *connection) error {
	if c.gateway.options.UpstreamTLS != nil {
		if err := postgres.AskTLS(c.upstream); err != nil {
			return fmt.Errorf("TLS with %s: %w", c.gateway.options.Address, err)
		}
	}
	if err := c.secureUpstream(ctx); err != nil {
		return err
	}
	encryption, err := c.acceptPostgres(ctx)
	if err != nil {
		return err
	}
	c.serveSession(ctx, func(ctx context.Context) session {
		return postgres.NewSession(postgres.Options{
			Context: ctx, Faults: p.faults, Client: c.client, Upstream: c.upstream, Buffers: p.buffers, Encryption: encryption, Sessions: c.gateway.options.Sessions,
			CountCall: c.calls.count, SpareConnection: c.calls.spare,
		})
	})
	return nil
}

// acceptPostgres sets up TLS with a client of PostgreSQL that asks for it.
func (c *connection) acceptPostgres(ctx context.Context) (postgres.Encryption, error) {
	if c.gateway.options.ClientTLS == nil {
		return postgres.Unencrypted, nil
	}
	client := &stream.Prefixed{Conn: c.client}
	c.client = client
	wants, err := postgres.ReadWish(client, c.calls.spare)
	if err != nil || wants == postgres.NoTLS {
		return postgres.Unencrypted, err
	}
	shown, err := c.acceptTLSFor(ctx, postgres.ALPN)
	if err != nil {
		return postgres.Unencrypted, err
	}
	if wants == postgres.DirectTLS && c.client.(*tls.Conn).ConnectionState().NegotiatedProtocol != postgres.ALPN {
		return postgres.Unencrypted, fmt.Errorf("TLS with a client: it begins with TLS and does not name the protocol %s", postgres.ALPN)
	}
	if up, ok := c.upstream.(*tlsUpstream); ok && shown != nil && bytes.Equal(shown.Certificate[0], up.ConnectionState().PeerCertificates[0].Raw) {
		return postgres.AsTheServer, nil
	}
	return postgres.Encrypted, nil
}

// secureUpstream sets up TLS with the dependency where that is asked for.
func (c *connection) secureUpstream(ctx context.Context) error {
	if c.gateway.options.UpstreamTLS == nil {
		return nil
	}
	secured, err := c.gateway.handshake(ctx, c.upstream)
	if err != nil {
		return err
	}
	c.upstream = secured
	return nil
}
