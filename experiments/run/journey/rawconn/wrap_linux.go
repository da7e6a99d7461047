//go:build !race

package rawconn

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// Wrap returns a connection that reads and writes without telling the scheduler.
// It returns a connection that is not TCP unchanged. Reads may run beside writes,
// but not beside other reads, and likewise writes.
func Wrap(c net.Conn) (net.Conn, error) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &conn{TCPConn: tcp, raw: raw}
	w.read.number, w.write.number = syscall.SYS_READ, syscall.SYS_WRITE
	w.read.try, w.write.try = w.read.once, w.write.once
	return w, nil
}

type conn struct {
	*net.TCPConn
	raw         syscall.RawConn
	read, write call
}

// A call is one system call under way. It belongs to its connection, so that no
// call allocates.
type call struct {
	number uintptr
	data   []byte
	n      int
	err    syscall.Errno
	try    func(fd uintptr) bool
}

// once makes the system call. It reports false where the socket is not ready:
// then the runtime waits for it and calls once again.
func (c *call) once(fd uintptr) bool {
	for {
		n, _, err := syscall.RawSyscall(c.number, fd, uintptr(unsafe.Pointer(unsafe.SliceData(c.data))), uintptr(len(c.data)))
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		}
		c.n, c.err = int(n), err
		return true
	}
}

// Read is as that of [net.TCPConn].
func (c *conn) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	r := &c.read
	r.data, r.n, r.err = b, 0, 0
	err := c.raw.Read(r.try)
	r.data = nil
	switch {
	case err != nil:
		return 0, c.opError("read", err)
	case r.err != 0:
		return 0, c.opError("read", os.NewSyscallError("read", r.err))
	case r.n == 0:
		return 0, io.EOF
	}
	return r.n, nil
}

// Write is as that of [net.TCPConn].
func (c *conn) Write(b []byte) (written int, err error) {
	w := &c.write
	for written < len(b) {
		w.data, w.n, w.err = b[written:], 0, 0
		err := c.raw.Write(w.try)
		w.data = nil
		if err == nil && w.err != 0 {
			err = os.NewSyscallError("write", w.err)
		}
		if err != nil {
			return written, c.opError("write", err)
		}
		written += w.n
	}
	return written, nil
}

// opError returns an error as a [net.TCPConn] returns it. The runtime calls the
// operation raw-read or raw-write.
func (c *conn) opError(op string, err error) error {
	if inner, ok := errors.AsType[*net.OpError](err); ok {
		err = inner.Err
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}
