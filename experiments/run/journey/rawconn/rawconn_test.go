package rawconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/experiments/run/journey/journeytest"
)

// pair returns a wrapped connection and its other end.
func pair(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	accepted := make(chan net.Conn, 1)
	url := journeytest.Listen(t, func(c *net.TCPConn) {
		accepted <- c
		<-t.Context().Done() // Listen closes it
	})
	plain, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	ours, err = Wrap(plain)
	if err != nil {
		t.Fatal(err)
	}
	return ours, <-accepted
}

// More than socket buffers hold, in both directions at once.
func TestWrappedConnectionsCarryEverything(t *testing.T) {
	t.Parallel()
	ours, theirs := pair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
	failed := make(chan error, 2)
	go func() {
		_, err := ours.Write(sent)
		failed <- err
	}()
	go func() { // an echo that ends when all has come back
		_, err := io.CopyN(theirs, theirs, int64(len(sent)))
		failed <- errors.Join(err, theirs.(*net.TCPConn).CloseWrite())
	}()
	got, err := io.ReadAll(ours)
	if err = errors.Join(err, <-failed, <-failed); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes came back of %d, %v", len(got), len(sent), err)
	}
	if n, err := ours.Read(nil); n != 0 || err != nil {
		t.Errorf("Read of nothing = %d, %v", n, err)
	}
}

// Code that looks at errors must not have to know that a connection is wrapped.
func TestErrorsAreThoseOfPackageNet(t *testing.T) {
	t.Parallel()
	ours, _ := pair(t)
	if err := ours.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	for op, try := range map[string]func([]byte) (int, error){"read": ours.Read, "write": ours.Write} {
		_, err := try(make([]byte, 1))
		one, is := errors.AsType[*net.OpError](err)
		if !is || one.Op != op || !one.Timeout() || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s beyond the deadline: %v", op, err)
		}
	}
	ours, theirs := pair(t)
	_ = theirs.(*net.TCPConn).SetLinger(0)
	_ = theirs.Close()
	if _, err := ours.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("read after a reset: %v", err)
	}
	_ = ours.Close()
	for op, try := range map[string]func([]byte) (int, error){"read": ours.Read, "write": ours.Write} {
		if _, err := try(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after the end: %v", op, err)
		}
	}
}
