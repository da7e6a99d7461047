package proxy

import (
	"crypto/tls"
	"encoding/pem"
	"net"
	"net/http"
	"sync"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// A certifier has the certificate that a proxy shows to clients who speak TLS to
// it: one that was given, or one of its own that is made when it is first needed.
type certifier struct {
	get func() (tls.Certificate, error)
}

// config is for the gateway's side of TLS with a client.
func (c certifier) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			certificate, err := c.get()
			return &certificate, err
		},
	}
}

// certifierFor names the proxy as its clients may call it: as itself, by the
// address where it listens, or as the dependency.
func certifierFor(given *tls.Certificate, name, listen string, upstream target) certifier {
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

// showCertificate is what clients of a proxy have to trust, as PEM.
func (s *Server) showCertificate(w http.ResponseWriter, r *http.Request) {
	s.calls.RLock()
	defer s.calls.RUnlock()
	p, err := s.find(r.PathValue("proxy"))
	if err != nil {
		respond(w, 0, nil, err)
		return
	}
	if p.goal().scheme != "https" {
		respond(w, 0, nil, errRefused("clients speak no TLS to proxy %s: its upstream is not https://", p.name))
		return
	}
	certificate, err := p.identity().get()
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
