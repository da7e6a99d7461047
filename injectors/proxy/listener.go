package proxy

import (
	"net"
	"time"
)

// A listener is the port of a proxy. It can refuse: connect() fails there with
// ECONNREFUSED, as where nobody listens, and nobody else can have the address meanwhile.
// Where the system has no such state, refuse returns an error, and who listens has to
// end connections that it has accepted.
type listener struct {
	*net.TCPListener
	refusing bool // guarded by the proxy's life
}

// listenAt opens a port. Its error is the one of net.Listen.
func listenAt(address string) (*listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	own, err := keepable(l.(*net.TCPListener), address)
	if err != nil {
		return nil, err
	}
	return &listener{TCPListener: own}, nil
}

// stopLoop makes Accept return [os.ErrDeadlineExceeded], until startLoop.
func (l *listener) stopLoop() { _ = l.SetDeadline(time.Unix(1, 0)) } // an error means that it is closed

func (l *listener) startLoop() { _ = l.SetDeadline(time.Time{}) }

// refuse makes the port refuse, and resets connections that wait to be accepted. Nobody
// may be accepting.
func (l *listener) refuse() error {
	if err := l.control(stopListening); err != nil {
		return err
	}
	l.refusing = true
	return nil
}

// admit makes the port accept again. After an error it refuses still.
func (l *listener) admit() error {
	if err := l.control(listenAgain); err != nil {
		return &net.OpError{Op: "listen", Net: "tcp", Addr: l.Addr(), Err: err}
	}
	l.refusing = false
	return nil
}

// control calls do with the socket.
func (l *listener) control(do func(fd int) error) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil {
		return err
	}
	return failed
}
