package httpclient

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// What went wrong with a request that has no complete answer. Errors of the network
// keep their own classes beside these.
var (
	ErrTooLarge      = errors.New("the answer is larger than 8 MiB")
	ErrHeadTooLarge  = errors.New("the headers of the answer are larger than 256 kB")
	ErrClosed        = errors.New("the connection was closed without an answer")
	ErrCutShort      = errors.New("the answer ended early")
	ErrHandshake     = errors.New("tls")                      // what every error of a TLS handshake is as well
	ErrUncompressing = errors.New("uncompressing the answer") // it arrived whole
	ErrTimedOut      = TimeoutError("no answer in time")
)

// A TimeoutError is the error of a request whose time has run out.
type TimeoutError string

func (e TimeoutError) Error() string { return string(e) }

// Timeout is what package net asks of a time-out.
func (e TimeoutError) Timeout() bool { return true }

// A boundsError is what the bounds of an answer say: about this machine, and nothing
// about the system.
type boundsError struct{ error }

func (e boundsError) Unwrap() error { return e.error }

// unmarked returns what the bounds say as they have said it, and any other error as it
// is.
func unmarked(err error) error {
	if ours, ok := errors.AsType[boundsError](err); ok {
		return ours.error
	}
	return err
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// explainError turns an error of a connection into one that says what happened.
func explainError(doing string, conn *conn, err error) error {
	switch {
	case isA[boundsError](err):
		return unmarked(err)
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrHeadTooLarge):
		return err
	case IsTimeout(err):
		return ErrTimedOut
	case errors.Is(err, io.EOF):
		err = ErrClosed
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = ErrCutShort
	}
	if !conn.fresh {
		return fmt.Errorf("%s on a reused connection: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isReset reports whether an error means that the other end has closed the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNABORTED)
}

// IsTimeout reports whether an error means that time ran out.
func IsTimeout(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return ok && e.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
}
