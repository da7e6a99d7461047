package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
)

// TLS returns how to encrypt the connection to a server, as sslmode and sslrootcert of
// its URL ask for. It is nil for a connection without encryption, which is the default.
func TLS(query url.Values, host string) (*tls.Config, error) {
	for name := range query {
		if name != "sslmode" && name != "sslrootcert" {
			return nil, fmt.Errorf("the URL of a PostgreSQL may have sslmode and sslrootcert, not %s", name)
		}
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if file := query.Get("sslrootcert"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("sslrootcert: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("sslrootcert: %s holds no certificate in PEM", file)
		}
	}
	switch mode := query.Get("sslmode"); mode {
	case "", "disable":
		return nil, nil
	case "require":
		config.InsecureSkipVerify = true // as PostgreSQL's own clients understand "require"
	case "verify-ca":
		config.InsecureSkipVerify = true // of the name; the rest is below
		config.VerifyConnection = func(state tls.ConnectionState) error { return verifyChain(state, config.RootCAs) }
	case "verify-full":
	default:
		return nil, fmt.Errorf("sslmode must be disable, require, verify-ca or verify-full, not %q", mode)
	}
	return config, nil
}

// verifyChain verifies who issued a certificate, and not whose it is.
func verifyChain(state tls.ConnectionState, roots *x509.CertPool) error {
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range state.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := state.PeerCertificates[0].Verify(o)
	return err
}

// AskTLS asks a server for encryption. When it agrees, the handshake is next.
func AskTLS(upstream io.ReadWriter) error {
	ask := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), askSSL)
	if _, err := upstream.Write(ask); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(upstream, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return errors.New("the server does not offer encryption, which sslmode asks for")
	}
	return nil
}
