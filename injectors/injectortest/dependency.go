package injectortest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A dependency answers each line "n" with n bytes, and "n close" with n bytes
// and the end of the connection.
type dependency struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func newDependency(t *testing.T) *dependency {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &dependency{listener: listener}
	d.serving.Go(d.accept)
	t.Cleanup(d.close)
	return d
}

func (d *dependency) address() string { return d.listener.Addr().String() }

func (d *dependency) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		d.conns = append(d.conns, conn)
		d.mu.Unlock()
		d.serving.Go(func() { answer(conn) })
	}
}

// closeQuietly closes a connection or a listener. Faults break connections, so an error
// tells nothing.
func closeQuietly(c io.Closer) { _ = c.Close() }

func answer(conn net.Conn) {
	defer closeQuietly(conn)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		size, end, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(size)
		if err != nil {
			return
		}
		if _, err := conn.Write([]byte(strings.Repeat("x", n))); err != nil || end != "" {
			return
		}
	}
}

func (d *dependency) close() {
	closeQuietly(d.listener)
	d.mu.Lock()
	for _, c := range d.conns {
		closeQuietly(c)
	}
	d.mu.Unlock()
	d.serving.Wait()
}

// An attempt is the result of one exchange.
type attempt struct {
	got  int           // bytes of the answer
	took time.Duration // from the request to the last byte, or to the error
	end  time.Duration // from the request to the end of the connection, when the request asked for it
	err  error         // nil when the answer was complete
}

// patience is how long a client waits for what must come. It is much longer than every
// delay of the faults, on a busy machine, too.
const patience = 30 * time.Second

// A conn is a client's connection to the dependency, through the proxy.
type conn struct {
	net.Conn
	err error // why it could not be opened
}

func (s *scene) dial() conn {
	c, err := net.DialTimeout("tcp", s.listen, patience)
	if err != nil {
		return conn{err: err}
	}
	s.Cleanup(func() { closeQuietly(c) })
	return conn{Conn: c}
}

// fetch asks for n bytes on a connection of its own.
func (s *scene) fetch(n int) attempt {
	c := s.dial()
	if c.err == nil {
		defer closeQuietly(c)
	}
	return c.fetch(n, patience)
}

// fetch asks for n bytes and waits for them.
func (c conn) fetch(n int, wait time.Duration) attempt {
	return c.ask(strconv.Itoa(n)+"\n", n, wait)
}

// last asks for n bytes and the end of the connection.
func (c conn) last(n int) attempt {
	begun := time.Now()
	a := c.ask(strconv.Itoa(n)+" close\n", n, patience)
	if a.err != nil {
		return a
	}
	more, err := c.Read(make([]byte, 1))
	a.end = time.Since(begun)
	if more != 0 || !errors.Is(err, io.EOF) {
		a.err = fmt.Errorf("%d bytes and %w instead of the end of the connection", more, err)
	}
	return a
}

func (c conn) ask(line string, n int, wait time.Duration) attempt {
	if c.err != nil {
		return attempt{err: c.err}
	}
	begun := time.Now()
	if err := c.SetDeadline(begun.Add(wait)); err != nil {
		return attempt{err: err}
	}
	if _, err := io.WriteString(c, line); err != nil {
		return attempt{took: time.Since(begun), err: err}
	}
	got, err := io.ReadFull(c, make([]byte, n))
	return attempt{got: got, took: time.Since(begun), err: err}
}

// hung reports whether the client gave up waiting.
func (a attempt) hung() bool {
	timeout, ok := errors.AsType[net.Error](a.err)
	return ok && timeout.Timeout()
}

// cut reports whether the connection was refused, reset or ended early.
func (a attempt) cut() bool { return a.err != nil && !a.hung() }
