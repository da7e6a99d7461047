package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/blastgauge/blastgauge/injectors/gateway"
)

// patience is how long a test waits for what must come.
const patience = time.Minute // the race detector on a busy machine is slow

// A rig is a gateway between its clients and a dependency, with the smallest
// accept loop that there is.
type rig struct {
	*testing.T
	*gateway.Gateway
	address, upstreamAddress string
	dials                    atomic.Int64
	open                     atomic.Int64
	accepted                 atomic.Int64 // connections from clients
}

// upstream is a dependency's side without byte-level faults.
type upstream struct{ *net.TCPConn }

func (u upstream) Abort() {
	u.SetLinger(0)
	u.Close()
}

// newRig serves a gateway to the dependency at o.Address. When the test ends, all
// connections must have been served to their end.
func newRig(t *testing.T, o gateway.Options) *rig {
	t.Helper()
	if o.Scheme == "" {
		o.Scheme = "http"
	}
	g, err := gateway.New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{T: t, Gateway: g, address: listener.Addr().String(), upstreamAddress: o.Address}
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			r.open.Add(1)
			r.accepted.Add(1)
			serving.Go(func() {
				defer r.open.Add(-1)
				g.Serve(ctx, client, r.dial(o.Address))
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		cancel()
		done := make(chan struct{})
		go func() { serving.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("connections are still being served after their context has ended")
		}
	})
	return r
}

func (r *rig) dial(address string) gateway.Dial {
	return func(ctx context.Context) (gateway.Upstream, error) {
		r.dials.Add(1)
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return upstream{c.(*net.TCPConn)}, nil
	}
}

// behind is a rig in front of a handler.
func behind(t *testing.T, handler http.HandlerFunc) *rig {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return newRig(t, gateway.Options{Address: server.Listener.Addr().String()})
}

// raw is a rig in front of a dependency that deals with each connection itself.
func raw(t *testing.T, serve func(*net.TCPConn)) *rig {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	over := make(chan struct{})
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				served := make(chan struct{})
				defer close(served)
				serving.Go(func() {
					select {
					case <-served:
					case <-over: // nobody waits for an end that does not come
						c.Close()
					}
				})
				c.SetDeadline(time.Now().Add(patience))
				serve(c.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { listener.Close(); close(over); serving.Wait() })
	return newRig(t, gateway.Options{Address: listener.Addr().String()})
}

func (r *rig) url(path string) string { return "http://" + r.address + path }

// client is a net/http client with connections of its own.
func (r *rig) client() *http.Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	r.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

// fault parses a fault with attributes in JSON, single quotes for double ones.
func fault(t testing.TB, kind string, share float64, attributes string) *gateway.Fault {
	t.Helper()
	f, err := gateway.Parse(kind, share, json.RawMessage(strings.ReplaceAll(attributes, "'", `"`)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// inject puts one fault into force.
func (r *rig) inject(kind, attributes string) *gateway.Fault {
	r.Helper()
	f := fault(r, kind, 1, attributes)
	r.Set([]*gateway.Fault{f})
	return f
}

// A wire is a raw connection to a gateway.
type wire struct {
	*testing.T
	*net.TCPConn
	in *bufio.Reader
}

func (r *rig) connect() *wire {
	r.Helper()
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	return &wire{T: r.T, TCPConn: c.(*net.TCPConn), in: bufio.NewReader(c)}
}

func (w *wire) send(text string) {
	w.Helper()
	if _, err := io.WriteString(w.TCPConn, text); err != nil {
		w.Fatal(err)
	}
}

// answer reads the answer to a request with this method, body included.
func (w *wire) answer(method string) (*http.Response, string) {
	w.Helper()
	res, err := http.ReadResponse(w.in, &http.Request{Method: method})
	if err != nil {
		w.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.Fatal(err)
	}
	return res, string(body)
}

// rest reads until the connection ends.
func (w *wire) rest() (string, error) {
	b, err := io.ReadAll(w.in)
	return string(b), err
}

// wantEnd wants the connection to end in good order, with nothing more to read.
func (w *wire) wantEnd() {
	w.Helper()
	if b, err := w.rest(); err != nil || b != "" {
		w.Fatalf("got %q and %v, want the end of the connection", b, err)
	}
}

// wantReset wants the connection to break.
func (w *wire) wantReset() {
	w.Helper()
	b, err := w.rest()
	if err == nil || !strings.Contains(err.Error(), "reset") {
		w.Fatalf("got %q and %v, want a reset", b, err)
	}
}

// wantCounts wants a fault to have counted this.
func wantCounts(t testing.TB, f *gateway.Fault, seen, matched, affected int64) {
	t.Helper()
	if got, want := f.Counts(), (gateway.Counts{Seen: seen, Matched: matched, Affected: affected}); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
}
