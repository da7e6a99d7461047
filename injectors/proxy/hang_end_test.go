package proxy_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/proxy"
)

// leaving is a dependency that ends its connection after its answer, in good order or with
// a reset.
func leaving(reset bool) func(*net.TCPConn) {
	return func(c *net.TCPConn) {
		defer c.Close()
		if reset {
			defer c.SetLinger(0)
		}
		if _, err := c.Read(make([]byte, 4096)); err == nil {
			io.WriteString(c, "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\npaid")
		}
	}
}

// A dependency that ends its connections after each answer hangs under timeout as any other
// does: nothing reaches the client, not even the end.
func TestTimeoutKeepsTheEndBack(t *testing.T) {
	t.Parallel()
	for name, reset := range map[string]bool{"in good order": false, "reset": true} {
		for _, scheme := range []string{"", "http://"} {
			t.Run(name+" "+scheme, func(t *testing.T) {
				t.Parallel()
				s := serve(t, proxy.Options{})
				gone := make(chan struct{}, 100) // of the connections, should there be several
				serveOne := leaving(reset)
				address := route(t, s, "x", scheme+one(t, func(c *net.TCPConn) { serveOne(c); gone <- struct{}{} }))
				add(t, s, "x", `{"name":"hang","type":"timeout"}`)
				c := request(t, address)
				mustNotHang(t, "the dependency", func() { <-gone })
				wantsNothing(t, c)
				if met := show(t, s, "x").Toxics[0].Blastgauge.Met; !reset && met != 1 { // a reset may overtake the answer
					t.Errorf("met %d connections", met)
				}
				call(t, s, "DELETE", "/proxies/x/toxics/hang", "", 204, nil)
				ends(t, c)
			})
		}
	}
}

func request(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c := dial(t, address)
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return c
}

// wantsNothing waits for what must not come. A machine that is slow finds nothing, either.
func wantsNothing(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%d bytes, %v, while the dependency hangs", n, err)
	}
}

// ends waits for the end of a connection, in whatever order.
func ends(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection stays open")
	}
}

// The end that is kept back does not put off the time-out.
func TestTimeoutEndsAConnectionThatHasEnded(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	address := route(t, s, "x", one(t, leaving(false)))
	add(t, s, "x", `{"type":"timeout","attributes":{"timeout":50}}`)
	begun := time.Now()
	ends(t, request(t, address))
	if took := time.Since(begun); took < 50*time.Millisecond {
		t.Errorf("it took %s", took)
	}
}

// A client that gave up leaves no connection behind while the fault lasts: a long fault
// would keep thousands.
func TestTimeoutLetsGoOfClientsThatLeft(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"", "http://"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			s := serve(t, proxy.Options{})
			address := route(t, s, "x", scheme+one(t, leaving(false)))
			add(t, s, "x", `{"type":"timeout"}`)
			c := request(t, address)
			wantsNothing(t, c)
			c.Close()
			idleProxy(t, s)
		})
	}
}

// A stream towards the dependency ends with its client: nobody waits there.
func TestTimeoutTellsTheDependencyThatItsClientLeft(t *testing.T) {
	t.Parallel()
	s := serve(t, proxy.Options{})
	got := make(chan int64, 1)
	address := route(t, s, "x", one(t, func(c *net.TCPConn) {
		defer c.Close()
		n, _ := io.Copy(io.Discard, c) // a reset ends it as well
		got <- n
	}))
	add(t, s, "x", `{"type":"timeout","stream":"upstream"}`)
	request(t, address).Close()
	var n int64
	mustNotHang(t, "the dependency", func() { n = <-got })
	if n != 0 {
		t.Errorf("%d bytes reached it", n)
	}
	idleProxy(t, s)
}
