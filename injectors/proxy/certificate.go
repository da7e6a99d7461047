package proxy

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http"
	"sync"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A certifier returns the certificate that a proxy shows to clients that speak TLS: the
// server's, or one of the proxy's own that is made on first use.
type certifier struct {
	get func() (tls.Certificate, error)
}

// config returns the TLS configuration for connections with clients.
func (c certifier) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, err := c.get()
			return &certificate, err
		},
	}
}

// newCertifier returns a certifier for the names that clients may use for the proxy:
// its own name, the address where it listens, or as the dependency.
func newCertifier(given *tls.Certificate, name, listen string, upstream target) certifier {
	if given != nil {
		return certifier{func() (tls.Certificate, error) { return *given, nil }}
	}
	hosts := []string{name, "localhost", "127.0.0.1", "::1"}
	for _, address := range []string{listen, upstream.address} {
		if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	return certifier{sync.OnceValues(func() (tls.Certificate, error) { return gateway.SelfSigned(hosts...) })}
}

// showCertificate answers with the certificate that clients of a proxy have to trust,
// as PEM.
func (s *Server) showCertificate(w http.ResponseWriter, r *http.Request) {
	s.calls.RLock()
	defer s.calls.RUnlock()
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		respond(w, 0, nil, err)
		return
	}
	if !p.currentTarget().offersTLS(p.certificate != nil) {
		respond(w, 0, nil, errRefused("proxy %s has no certificate: its upstream is not encrypted, as https:// is and postgres:// with sslmode", p.name))
		return
	}
	certificate, err := p.currentCertifier().get()
	if err != nil {
		respond(w, 0, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-pem-file")
	for _, der := range certificate.Certificate {
		if err := pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return // the client has gone
		}
	}
}
