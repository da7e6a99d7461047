package stream_test

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway/stream"
)

// connected returns both ends of a connection.
func connected(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it has served
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			close(accepted)
			return
		}
		accepted <- c
	}()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	server, ok := <-accepted
	if !ok {
		t.Fatal("nothing was accepted")
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}

// The ways to end a connection, as its other side sees them.
func TestEnds(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end func(net.Conn)
		is  error
	}{
		"half":           {stream.CloseWrite, io.EOF},
		"half, prefixed": {func(c net.Conn) { stream.CloseWrite(&stream.Prefixed{Conn: c}) }, io.EOF},
		"lingering":      {stream.Linger, io.EOF},
		"reset":          {stream.Reset, syscall.ECONNRESET},
		"reset, wrapped": {func(c net.Conn) { stream.Reset(&stream.Prefixed{Conn: &stream.Prefixed{Conn: c}}) }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, server := connected(t)
			tt.end(server)
			if err := client.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Read(make([]byte, 1)); !errors.Is(err, tt.is) {
				t.Errorf("%v, want %v", err, tt.is)
			}
		})
	}
}

type upstream struct {
	net.Conn
	aborted, closed bool
}

func (u *upstream) CloseWrite() error { return nil }
func (u *upstream) Close() error      { u.closed = true; return nil }

type abortable struct{ *upstream }

func (a abortable) Abort() { a.aborted = true }

func TestAbort(t *testing.T) {
	t.Parallel()
	u := &upstream{}
	if stream.Abort(abortable{u}); !u.aborted || u.closed {
		t.Errorf("%+v", u)
	}
	u = &upstream{}
	if stream.Abort(u); !u.closed {
		t.Errorf("%+v", u)
	}
}

func TestOrderly(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, io.EOF, io.ErrUnexpectedEOF, errors.Join(io.EOF, stream.ErrSink)} {
		if !stream.Orderly(err) {
			t.Errorf("%v is not orderly", err)
		}
	}
	if stream.Orderly(syscall.ECONNRESET) || stream.Orderly(stream.ErrSink) {
		t.Error("what broke is orderly")
	}
}

// A prefix is read before the connection, and can be made longer.
func TestPrefixed(t *testing.T) {
	t.Parallel()
	client, server := connected(t)
	if _, err := client.Write([]byte("cdef")); err != nil {
		t.Fatal(err)
	}
	stream.CloseWrite(client)
	p := &stream.Prefixed{Conn: server, Prefix: []byte("ab")}
	for len(p.Prefix) < 6 {
		if err := p.More(); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.More(); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	got, err := io.ReadAll(p)
	if err != nil || string(got) != "abcdef" {
		t.Errorf("%q (%v)", got, err)
	}
	if p.NetConn() != server {
		t.Error("it is another connection")
	}
}
