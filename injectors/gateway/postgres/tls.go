package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/blastgauge/blastgauge/experiments/atomicfile"
	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

const maxCertificates = 8 << 20 // bytes of a file of them

// TLS returns how to encrypt the connection to a server, as sslmode and sslrootcert of
// its URL ask for. It is nil for a connection without encryption, which is the default.
// Roots are those where the URL names no sslrootcert; nil means the machine's.
func TLS(query url.Values, host string, roots *x509.CertPool) (*tls.Config, error) {
	for name := range query {
		if name != "sslmode" && name != "sslrootcert" {
			return nil, fmt.Errorf("the URL of a PostgreSQL may have sslmode and sslrootcert, not %s", name)
		}
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: roots}
	if file := query.Get("sslrootcert"); file != "" {
		pem, err := atomicfile.ReadRegular(file, maxCertificates)
		if err != nil {
			return nil, fmt.Errorf("sslrootcert: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("sslrootcert: %s holds no certificate in PEM", file)
		}
	}
	mode := query.Get("sslmode")
	if mode == "require" && query.Get("sslrootcert") != "" {
		mode = "verify-ca" // as PostgreSQL's own clients understand it
	}
	switch mode {
	case "", "disable":
		return nil, nil
	case "require":
		config.InsecureSkipVerify = true // as PostgreSQL's own clients understand it, too
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

// Encrypts reports whether the URL of a PostgreSQL asks for encryption.
func Encrypts(query url.Values) bool {
	mode := query.Get("sslmode")
	return mode != "" && mode != "disable"
}

// ALPN is the protocol as TLS calls it.
const ALPN = "postgresql"

// A Wish is how a client would like to be encrypted.
type Wish int

// The wishes.
const (
	NoTLS     Wish = iota
	AskedTLS       // it has asked, and was told to begin
	DirectTLS      // it begins without asking, as it may since PostgreSQL 17
)

// errEarly is about what could be somebody else's, who has put it there on the way.
var errEarly = errors.New("a client sent something unencrypted behind its question about TLS")

// ReadWish deals with what a client asks about encryption before it says who it is, where
// TLS can be had. Spare is called where it leaves after a question, to try again.
func ReadWish(client *stream.Prefixed, spare func()) (Wish, error) {
	const handshake = 0x16 // no message begins so: it would be too long
	for asked := false; ; asked = true {
		for len(client.Prefix) < 8 && (len(client.Prefix) == 0 || client.Prefix[0] != handshake) {
			if client.More() != nil {
				if asked {
					spare()
				}
				return NoTLS, nil // the error comes again
			}
		}
		if client.Prefix[0] == handshake {
			return DirectTLS, nil
		}
		size, code := binary.BigEndian.Uint32(client.Prefix), binary.BigEndian.Uint32(client.Prefix[4:])
		answer := byte('N')
		switch {
		case size != 8 || code != askSSL && code != askGSS:
			return NoTLS, nil
		case code == askSSL && len(client.Prefix) > 8:
			return NoTLS, errEarly
		case code == askSSL:
			answer = 'S'
		}
		client.Prefix = client.Prefix[8:]
		if _, err := client.Write([]byte{answer}); err != nil {
			return NoTLS, err
		}
		if code == askSSL {
			return AskedTLS, nil
		}
	}
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
