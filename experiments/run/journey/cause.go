package journey

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/run/journey/httpclient"
	"github.com/blastgauge/blastgauge/experiments/site"
)

// causeOf returns the class of an error of a request. Errors are told apart by what they
// are, never by their text. An error that comes with the deadline is a time-out,
// whatever it is.
func causeOf(err error, late bool) journal.Cause {
	switch {
	case errors.Is(err, experiments.ErrRefused):
		return journal.NotAllowed
	case late:
		return journal.Timeout
	case isAny(err, httpclient.ErrTooLarge, httpclient.ErrHeadTooLarge, errTooMuch, errTooMuchKept):
		return journal.TooLarge
	case isA[*net.DNSError](err):
		return journal.DNS
	case httpclient.IsTimeout(err):
		return journal.Timeout
	case isAny(err, syscall.ECONNREFUSED):
		return journal.Refused
	case isAny(err, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE):
		return journal.Reset
	case isAny(err, httpclient.ErrUncompressing): // it may be of class io.ErrUnexpectedEOF as well
		return journal.Broken
	case isAny(err, httpclient.ErrClosed, httpclient.ErrCutShort, io.EOF, io.ErrUnexpectedEOF):
		return journal.Closed
	case isTLS(err):
		return journal.TLS
	}
	return journal.Broken
}

func isAny(err error, list ...error) bool {
	for _, one := range list {
		if errors.Is(err, one) {
			return true
		}
	}
	return false
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// isTLS reports whether an error is one of TLS: of the handshake, or an alert later on,
// which crypto/tls marks by the operation alone.
func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && (op.Op == "remote error" || op.Op == "local error") {
		return true
	}
	return errors.Is(err, httpclient.ErrHandshake) || isA[tls.RecordHeaderError](err) || isA[*tls.CertificateVerificationError](err) ||
		isA[x509.UnknownAuthorityError](err) || isA[x509.HostnameError](err) || isA[x509.CertificateInvalidError](err)
}

// keyOf returns what tells causes of a class apart: who the request was for.
func keyOf(cause journal.Cause, err error, s *site.Site, target string) string {
	to, unknown := s.Locate(target)
	switch {
	case unknown != nil, cause == journal.TooLarge, isOurs(err):
		return "" // nobody else's doing
	case cause == journal.DNS, cause == journal.NotAllowed:
		return to.Name
	}
	return net.JoinHostPort(to.Name, to.Port)
}
