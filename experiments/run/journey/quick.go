//go:build linux && !race

package journey

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"unsafe"
)

// A quick is a TCP connection whose reads and writes do not tell the scheduler
// that they may block. A socket of ours never does; and where little else goes
// on, the thread that is woken to watch over the call costs more than the call.
type quick struct {
	*net.TCPConn
	raw         syscall.RawConn
	read, write transfer
}

// A transfer is one read or write under way. It belongs to the connection, so
// that none is allocated.
type transfer struct {
	call uintptr
	data []byte
	n    int
	err  syscall.Errno
	try  func(fd uintptr) bool
}

// quicken wraps a connection that was just made.
func quicken(c net.Conn) (net.Conn, error) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	q := &quick{TCPConn: tcp, raw: raw}
	q.read.call, q.write.call = syscall.SYS_READ, syscall.SYS_WRITE
	q.read.try, q.write.try = q.read.once, q.write.once
	return q, nil
}

// once returns false where the socket is not ready.
func (t *transfer) once(fd uintptr) bool {
	for {
		n, _, err := syscall.RawSyscall(t.call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.data))), uintptr(len(t.data)))
		switch err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			return false
		}
		t.n, t.err = int(n), err
		return true
	}
}

func (q *quick) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	t := &q.read
	t.data, t.n, t.err = b, 0, 0
	err := q.raw.Read(t.try)
	t.data = nil
	switch {
	case err != nil:
		return 0, q.failed("read", err)
	case t.err != 0:
		return 0, q.failed("read", os.NewSyscallError("read", t.err))
	case t.n == 0:
		return 0, io.EOF
	}
	return t.n, nil
}

func (q *quick) Write(b []byte) (written int, err error) {
	t := &q.write
	for written < len(b) {
		t.data, t.n, t.err = b[written:], 0, 0
		err := q.raw.Write(t.try)
		t.data = nil
		if err == nil && t.err != 0 {
			err = os.NewSyscallError("write", t.err)
		}
		if err != nil {
			return written, q.failed("write", err)
		}
		written += t.n
	}
	return written, nil
}

// failed is an error as the connection itself would have told it.
func (q *quick) failed(op string, err error) error {
	if inner, ok := errors.AsType[*net.OpError](err); ok {
		err = inner.Err // RawConn calls it raw-read
	}
	return &net.OpError{Op: op, Net: "tcp", Source: q.LocalAddr(), Addr: q.RemoteAddr(), Err: err}
}
