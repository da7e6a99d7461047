package proxy

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// mostWaiting is how many connections may wait to be accepted; the system has a lower
// limit of its own.
const mostWaiting = 1<<16 - 1

// keepable returns a listener whose port the system keeps while it does not listen: one
// that was asked for by its number. A port that the system chose is opened once more,
// and another one where somebody takes it meanwhile.
func keepable(l *net.TCPListener, address string) (*net.TCPListener, error) {
	const attempts = 20
	for range attempts {
		if _, number, err := net.SplitHostPort(address); err != nil || number != "" && number != "0" {
			return l, nil //nolint:nilerr // it listens: an address without a number was fine
		}
		chosen := l.Addr().String()
		if err := l.Close(); err != nil {
			return nil, err
		}
		again, err := net.Listen("tcp", chosen)
		if err == nil {
			return again.(*net.TCPListener), nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
		if again, err = net.Listen("tcp", address); err != nil {
			return nil, err
		}
		l = again.(*net.TCPListener)
	}
	return l, nil
}

// stopListening takes the socket back to where it was before it listened: bound. The
// kernel then answers a SYN with a reset, and resets what waits to be accepted. Without
// SO_REUSEADDR nobody else can bind to the address, also not those who have set it.
func stopListening(fd int) error {
	if err := setReuse(fd, 0); err != nil {
		return err
	}
	err := os.NewSyscallError("shutdown", syscall.Shutdown(fd, syscall.SHUT_RD))
	if err == nil {
		err = wantListening(fd, 0)
	}
	if err != nil {
		return errors.Join(err, listenAgain(fd))
	}
	return nil
}

// listenAgain makes the socket listen. Connections that ended lately may be in the way
// of a socket without SO_REUSEADDR; the address is free for others only from then on.
func listenAgain(fd int) error {
	err := syscall.Listen(fd, mostWaiting)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := setReuse(fd, 1); err != nil {
			return err
		}
		err = syscall.Listen(fd, mostWaiting)
	}
	if err != nil {
		return errors.Join(os.NewSyscallError("listen", err), setReuse(fd, 0))
	}
	return errors.Join(wantListening(fd, 1), setReuse(fd, 1))
}

func setReuse(fd, to int) error {
	return os.NewSyscallError("setsockopt", syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, to))
}

// wantListening returns an error unless the socket listens, or does not, as it should.
func wantListening(fd, want int) error {
	got, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err == nil && got != want {
		err = errors.ErrUnsupported
	}
	return os.NewSyscallError("getsockopt", err)
}
