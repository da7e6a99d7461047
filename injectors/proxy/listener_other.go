//go:build !linux

package proxy

import (
	"errors"
	"net"
)

// Elsewhere a socket that listens cannot stop and keep its port.

func keepable(l *net.TCPListener, _ string) (*net.TCPListener, error) { return l, nil }

func stopListening(int) error { return errors.ErrUnsupported }

func listenAgain(int) error { return errors.ErrUnsupported }
