package main

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/blastgauge/blastgauge/cmd/blastgauge/internal/usage"
	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/spf13/cobra"
)

// proxyTLS names the files for TLS: with clients of a proxy, and with its upstream.
type proxyTLS struct{ certificate, key, roots string }

func (o *proxyTLS) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.certificate, "cert", "", "PEM `FILE` of the certificate for clients that speak TLS (default: one that each proxy of an encrypted upstream signs for itself, at /blastgauge/certificates/PROXY)")
	f.StringVar(&o.key, "key", "", "PEM `FILE` of the key to --cert")
	f.StringVar(&o.roots, "upstream-ca", "", "PEM `FILE` of who signs the certificates of upstreams: https://, rediss://, postgres:// with sslmode=verify-ca or verify-full and no sslrootcert (default: whom this machine trusts)")
}

func (o *proxyTLS) load() (*tls.Certificate, *x509.CertPool, error) {
	if (o.certificate == "") != (o.key == "") {
		return nil, nil, usage.Errorf("--cert and --key go together")
	}
	var certificate *tls.Certificate
	if o.certificate != "" {
		loaded, err := o.pair()
		if err != nil {
			return nil, nil, usage.Errorf("--cert %s --key %s: %w", o.certificate, o.key, err)
		}
		certificate = &loaded
	}
	if o.roots == "" {
		return certificate, nil, nil
	}
	text, err := atomicfile.ReadGiven(o.roots, maxPEM, pipePatience)
	if err != nil {
		return nil, nil, usage.Errorf("--upstream-ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, nil, usage.Errorf("--upstream-ca %s: it holds no certificate in PEM", o.roots)
	}
	return certificate, roots, nil
}

const maxPEM = 8 << 20 // bytes of a file of certificates

// pair reads the certificate and its key.
func (o *proxyTLS) pair() (tls.Certificate, error) {
	certificate, err := atomicfile.ReadGiven(o.certificate, maxPEM, pipePatience)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := atomicfile.ReadGiven(o.key, maxPEM, pipePatience)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(certificate, key)
}
