package gateway

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

// SelfSigned makes a certificate that names the hosts (names or IP addresses) and
// is valid for a year. Clients have to be told to trust it, by its own
// certificate as their root.
func SelfSigned(hosts ...string) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "blastgauge proxy"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), // the hour is for clocks that differ
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// The protocols of HTTP, as TLS calls them.
const (
	protoHTTP1 = "http/1.1"
	protoHTTP2 = "h2"
)

// A leg is a connection on its way to being served.
type leg struct {
	gateway  *Gateway
	client   net.Conn
	upstream Upstream
	agreed   bool // TLS with the upstream has been set up
}

// secure sets up TLS with a client that has begun it. The client chooses from
// the protocols that it and the dependency have in common: the gateway translates
// nothing.
func (l *leg) secure(ctx context.Context, begun []byte) error {
	config := l.gateway.options.ClientTLS
	server := tls.Server(&opened{Conn: l.client, first: bytes.NewReader(begun)}, &tls.Config{
		MinVersion: config.MinVersion,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			config := config.Clone()
			config.NextProtos = []string{protoHTTP2, protoHTTP1}
			if l.gateway.options.Scheme != "https" {
				return config, nil
			}
			secured, err := l.gateway.handshake(ctx, l.upstream, both(hello.SupportedProtos, config.NextProtos)...)
			if err != nil {
				return nil, err
			}
			l.upstream, l.agreed, config.NextProtos = secured, true, nil
			if chosen := secured.ConnectionState().NegotiatedProtocol; chosen != "" {
				config.NextProtos = []string{chosen}
			}
			return config, nil
		},
	})
	if err := server.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS with a client: %w", err)
	}
	l.client = server
	return nil
}

// opened is a client's connection whose first bytes have been read already.
type opened struct {
	net.Conn
	first *bytes.Reader
}

func (o *opened) Read(b []byte) (int, error) {
	if o.first.Len() > 0 {
		return o.first.Read(b)
	}
	return o.Conn.Read(b)
}

// NetConn is the connection itself.
func (o *opened) NetConn() net.Conn { return o.Conn }

func both(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return !slices.Contains(b, s) })
}

// handshake sets up TLS with the dependency. It fails when HTTP/2 is all that is
// offered and the dependency does not speak it.
func (g *Gateway) handshake(ctx context.Context, raw Upstream, protos ...string) (*tlsUpstream, error) {
	config := g.options.UpstreamTLS.Clone()
	config.NextProtos = protos
	secured := tls.Client(&upstreamConn{Upstream: raw}, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with %s: %w", g.options.Address, err)
	}
	if slices.Equal(protos, []string{protoHTTP2}) && secured.ConnectionState().NegotiatedProtocol != protoHTTP2 {
		return nil, fmt.Errorf("%s does not speak HTTP/2, which the client does", g.options.Address)
	}
	return &tlsUpstream{Conn: secured, raw: raw}, nil
}

// tlsUpstream is an upstream inside TLS.
type tlsUpstream struct {
	*tls.Conn
	raw Upstream
}

// Close does not say goodbye as TLS would: that can take as long as the peer
// likes.
func (t *tlsUpstream) Close() error { return t.raw.Close() }

// Abort is as that of the upstream.
func (t *tlsUpstream) Abort() { abort(t.raw) }
