package standing

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/experiments/run/internal/usage"
)

const maxPEM = 8 << 20 // bytes of a file of certificates

// loadTLS reads the files for TLS: with clients of a proxy, and with its upstream.
func (o Options) loadTLS() (*tls.Certificate, *x509.CertPool, error) {
	if (o.Certificate == "") != (o.Key == "") {
		return nil, nil, usage.Errorf("--cert and --key go together")
	}
	var certificate *tls.Certificate
	if o.Certificate != "" {
		loaded, err := o.pair()
		if err != nil {
			return nil, nil, usage.Errorf("--cert %s --key %s: %w", o.Certificate, o.Key, err)
		}
		certificate = &loaded
	}
	if o.UpstreamCA == "" {
		return certificate, nil, nil
	}
	text, err := atomicfile.ReadGiven(o.UpstreamCA, maxPEM, pipePatience)
	if err != nil {
		return nil, nil, usage.Errorf("--upstream-ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, nil, usage.Errorf("--upstream-ca %s: it holds no certificate in PEM", o.UpstreamCA)
	}
	return certificate, roots, nil
}

// pair reads the certificate and its key.
func (o Options) pair() (tls.Certificate, error) {
	certificate, err := atomicfile.ReadGiven(o.Certificate, maxPEM, pipePatience)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := atomicfile.ReadGiven(o.Key, maxPEM, pipePatience)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}
