package check

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/blastgauge/blastgauge/experiments"
	"github.com/blastgauge/blastgauge/experiments/hosts"
	"github.com/blastgauge/blastgauge/experiments/journal"
	"github.com/blastgauge/blastgauge/experiments/plan"
	"github.com/blastgauge/blastgauge/injectors"
)

// listen runs handle for every connection until the test ends, and returns the
// address.
func listen(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				handle(c.(*net.TCPConn))
				_ = c.Close() // the client may have closed it
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait() // handlers end when the exchange does
	})
	return l.Addr().String()
}

// closed is an address on which no process listens.
const closed = "127.0.0.1:1"

// The test runs in fake time, over net.Pipe.
func TestExchangeTakesItsTime(t *testing.T) {
	t.Parallel()
	answers := func(after time.Duration) func(net.Conn) {
		return func(c net.Conn) {
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil || r.Method != "HEAD" || r.Host != "shop:80" || r.Header.Get("Blastgauge-Probe") != "1" || !r.Close {
				t.Errorf("the dependency was asked %+v, %v", r, err)
			}
			time.Sleep(after)
			_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\n\r\n") // the exchange may be over
		}
	}
	hangs := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	tests := map[string]struct {
		handle   func(net.Conn)
		upstream string
		err      string // empty: none
		took     time.Duration
	}{
		"answers":             {answers(0), "http://shop:80/", "", 0},
		"answers late":        {answers(2 * time.Second), "http://shop:80", "", 2 * time.Second},
		"answers too late":    {answers(4 * time.Second), "http://shop:80", "no answer within 3s", answerTimeout},
		"hangs":               {hangs, "https://shop:443", "no answer within 3s", answerTimeout},
		"closes":              {func(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) }, "http://shop:80", "closed without an answer", 0},
		"not HTTP, silent":    {hangs, "redis://r:6379", "", 0},
		"bytes, open":         {hangs, "db:3306", "", 0},
		"bytes, speaks first": {func(c net.Conn) { _, _ = io.WriteString(c, "220 ready"); hangs(c) }, "mail:25", "", 0},
		"bytes, cut off":      {func(net.Conn) {}, "db:3306", "closed without an answer", 0},
		"bytes, speaks late":  {func(net.Conn) { time.Sleep(time.Minute) }, "db:3306", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				var wg sync.WaitGroup
				wg.Go(func() {
					tt.handle(theirs)
					_ = theirs.Close() // a pipe closes without an error
				})
				e := exchange(t.Context(), plan.Fault{Listen: "127.0.0.1:80", Upstream: tt.upstream}, func(context.Context, string, string) (net.Conn, error) { return ours, nil })
				if (e.Error == "") != (tt.err == "") || !strings.Contains(e.Error, tt.err) || e.Took != tt.took.Seconds() {
					t.Errorf("error %q after %v s, want %q after %v", e.Error, e.Took, tt.err, tt.took)
				}
				wg.Wait()
			})
		})
	}
}

// The test covers what only real sockets do.
func TestExchangeOverSockets(t *testing.T) {
	t.Parallel()
	resets := func(c *net.TCPConn) { _ = c.SetLinger(0) }
	tests := map[string]struct {
		listen   string
		upstream string
		err      string
	}{
		"resets":                {listen(t, resets), "http://shop:80", "reset"},
		"refuses":               {closed, "http://shop:80", "refused"},
		"another scheme, reset": {listen(t, resets), "h2c://grpc:50051", "reset"},
		"no address":            {"", "http://shop:80", "the proxy's address is not known"},
		"half an address":       {"127.0.0.1", "http://shop:80", "address"},
		"forbidden":             {"192.0.2.1:80", "http://shop:80", "192.0.2.1 is not allowed"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := Exchange(t.Context(), plan.Fault{Listen: tt.listen, Upstream: tt.upstream}, hosts.Policy{})
			if !strings.Contains(e.Error, tt.err) {
				t.Errorf("error %q, want %q", e.Error, tt.err)
			}
		})
	}
}

func TestProxyThatListensEverywhere(t *testing.T) {
	t.Parallel()
	_, port, err := net.SplitHostPort(listen(t, func(c *net.TCPConn) { _, _ = io.Copy(io.Discard, c) }))
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"", "0.0.0.0", "[::]"} {
		if e := Exchange(t.Context(), plan.Fault{Listen: host + ":" + port, Upstream: "db:1"}, hosts.Policy{}); e.Error != "" {
			t.Errorf("%s: %s", host, e.Error)
		}
	}
}

func TestExchangeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = io.Copy(io.Discard, theirs) })
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errors.New("enough")) })
		e := exchange(ctx, plan.Fault{Listen: "127.0.0.1:80", Upstream: "http://shop:80"}, func(context.Context, string, string) (net.Conn, error) { return ours, nil })
		if e.Error != "enough" || e.Took != 1 {
			t.Errorf("%q after %v s, want the cause after 1 s", e.Error, e.Took)
		}
		wg.Wait()
	})
}

func TestShowsFault(t *testing.T) {
	t.Parallel()
	ok := func(took float64) journal.Exchange { return journal.Exchange{Took: took} }
	broken := func(took float64) journal.Exchange { return journal.Exchange{Took: took, Error: "closed"} }
	lat := func(latency, jitter float64) injectors.Attributes {
		return injectors.Attributes{"latency": latency, "jitter": jitter}
	}
	tests := map[string]struct {
		inject     string
		attributes injectors.Attributes
		before     journal.Exchange
		during     journal.Exchange
		want       bool
	}{
		"latency":                      {"latency", lat(2, 0), ok(0.01), ok(2.01), true},
		"half of it":                   {"latency", lat(2, 0), ok(0.01), ok(1.02), true},
		"less than half":               {"latency", lat(2, 0), ok(0.01), ok(0.9), false},
		"with jitter":                  {"latency", lat(2, 1), ok(0.01), ok(1.01), true},
		"jitter as large":              {"latency", lat(2, 2), ok(0.01), ok(0.02), false},
		"too little to tell":           {"latency", lat(0.001, 0), ok(0.001), ok(0.002), false},
		"longer than an exchange":      {"latency", lat(60, 0), ok(0.01), broken(3), true},
		"slow before":                  {"latency", lat(2, 0), ok(2), ok(2.1), false},
		"refused instead of late":      {"latency", lat(2, 0), ok(0.01), broken(0.01), false},
		"down":                         {"down", nil, ok(0.01), broken(0.01), true},
		"down, but it answers":         {"down", nil, ok(0.01), ok(0.01), false},
		"down, and was before":         {"down", nil, broken(0.01), broken(0.01), false},
		"hangs":                        {"timeout", nil, ok(0.01), broken(3), true},
		"reset":                        {"reset_peer", nil, ok(0.01), broken(0.01), true},
		"limit":                        {"limit_data", nil, ok(0.01), broken(0.01), true},
		"bandwidth cannot be shown":    {"bandwidth", nil, ok(0.01), ok(0.5), false},
		"an unknown kind is not shown": {"http_error", nil, ok(0.01), broken(0.5), false},
	}
	for name, tt := range tests {
		f := plan.Fault{Fault: experiments.Fault{Inject: tt.inject, Attributes: tt.attributes}}
		if got := ShowsFault(f, tt.before, tt.during); got != tt.want {
			t.Errorf("%s: ShowsFault() = %v, want %v", name, got, tt.want)
		}
	}
}
